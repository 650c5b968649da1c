"""Real photos and cut-outs as training material, packed into a few uint8 arrays.

The folder is laid out as `photos/<source>/*.jpg`, `textures/<source>/*.jpg`, `cutouts/<source>/*.webp`
(with transparency) and `masks/<source>/<name>.jpg` beside `<name>.png`, an instance label map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from training.textures import uniform

SCENE_SIDE = 512  # [px] of a packed photo
CUTOUT_SIDE = 192  # [px] of a packed cut-out, its object filling the middle 90 %
SMALLEST_CROP = 0.45  # share of a photo's side that a still shows at least
SMALLEST_OBJECT = 0.012  # share of the photo; smaller labelled objects are left out
PHOTOGRAPHED_SHARE = 0.85  # of cut-outs; drawn ones outnumber them, but are smooth and clean
LABELLED_SHARE = 0.9  # of background photos that have labelled objects; only they show where real things end


# How often pictures of a source are taken. Whole everyday things in their surroundings teach most of what real clips
# ask for; windows of facades or parts on circuit boards, which are many, would otherwise outnumber them.
SOURCE_WEIGHTS = {"coco_cc": 8.0, "openimages_animals": 4.0}
# Things of several parts, whose outlines were joined to one by straight lines across the picture.
MISLABELLED = frozenset(
    f"coco_cc/{number:012}"
    for number in (
        *(12280, 50811, 75612, 117425, 117719, 189775, 199055, 290843),
        *(347254, 361919, 427034, 431848, 458045, 463690, 511599, 577932),
    )
)
HELD_OUT = 15  # one labelled photo in so many is kept back for evaluation


@dataclass(frozen=True, eq=False)
class Material:
    """Real pictures, on the device that makes the clips.

    Attributes:
        photos: (P, 3, SCENE_SIDE, SCENE_SIDE) uint8.
        labels: (P, SCENE_SIDE, SCENE_SIDE) uint8: 0, or the number of a labelled object, 1…count.
        counts: (P,) int64, labelled objects of each photo; 0 where it has none.
        weights: (P,) how often a labelled photo is taken, 0 where it has no object.
        objects: (C, 4, CUTOUT_SIDE, CUTOUT_SIDE) uint8, colour and alpha, colour not premultiplied.
        object_weights: (C,) how often a cut-out is taken. Those cut out of photos come first.
        photographed: how many of the objects were cut out of photos; the others are drawn.
    """

    photos: Tensor
    labels: Tensor
    counts: Tensor
    weights: Tensor
    objects: Tensor
    object_weights: Tensor
    photographed: int

    def scenes(self, gen: torch.Generator, n: int, side: int) -> Tensor:
        """Photos as backgrounds, with one labelled object of each in the fourth channel: (n, 4, side, side) in 0–1."""
        chosen = torch.randint(len(self.photos), (n,), generator=gen, device=gen.device)
        if bool(self.weights.any()):
            pick = torch.multinomial(self.weights, n, replacement=True, generator=gen)
            chosen = torch.where(uniform(gen, n) < LABELLED_SHARE, pick, chosen)
        wanted = 1 + (uniform(gen, n) * self.counts[chosen]).long()
        wanted = torch.where(self.counts[chosen] > 0, wanted, -1)
        mask = self.labels[chosen] == wanted[:, None, None]
        scenes = torch.cat([self.photos[chosen].float() / 255, mask[:, None].float()], 1)
        return F.interpolate(scenes, size=(side, side), mode="bilinear", align_corners=False)

    def stills(self, gen: torch.Generator, n: int, side: int, objects: int) -> tuple[Tensor, Tensor]:
        """Labelled photos as they are, cropped around one of their objects, mirrored, in other proportions and light.

        Args:
            objects: most objects of each.

        Returns:
            Pictures (n, 3, side, side) in 0–1 and masks (n, objects, side, side) bool, empty where a photo has fewer.
        """
        chosen = torch.multinomial(self.weights, n, replacement=True, generator=gen)
        order = uniform(gen, n, max(int(self.counts.max()), objects))
        order = order.masked_fill(torch.arange(order.shape[1], device=gen.device) >= self.counts[chosen, None], 2.0)
        numbers = 1 + order.argsort(1)[:, :objects]  # objects that are there come first
        labels = self.labels[chosen]
        ys, xs = torch.meshgrid(*[(torch.arange(SCENE_SIDE, device=gen.device) + 0.5) / SCENE_SIDE] * 2, indexing="ij")
        aim = (labels == numbers[:, :1, None]).float()
        middle = torch.stack([(aim * axis).sum((1, 2)) / aim.sum((1, 2)) for axis in (xs, ys)], -1)  # 0–1
        zoom = uniform(gen, n, 1, low=SMALLEST_CROP, high=1.0)
        window = (zoom * torch.exp(uniform(gen, n, 2, low=-0.25, high=0.25))).clamp(max=1)  # width and height, 0–1
        corner = middle - window * uniform(gen, n, 2, low=0.2, high=0.8)
        corner = torch.minimum(corner.clamp(min=0), 1 - window)
        theta = torch.zeros(n, 2, 3, device=gen.device)
        theta[:, 0, 0] = window[:, 0] * torch.where(uniform(gen, n) < 0.5, -1.0, 1.0)
        theta[:, 1, 1] = window[:, 1]
        theta[:, :, 2] = 2 * corner + window - 1
        grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
        photos = F.grid_sample(self.photos[chosen].float() / 255, grid, align_corners=False, padding_mode="border")
        numbered = F.grid_sample(labels[:, None].float(), grid, mode="nearest", align_corners=False)
        masks = numbered == torch.where(numbers <= self.counts[chosen, None], numbers, -1)[:, :, None, None]
        return photos, masks

    def collages(self, gen: torch.Generator, n: int, side: int) -> tuple[Tensor, Tensor]:
        """Four or nine labelled photos side by side in each picture, so that things are as small as in a video.

        Returns:
            Pictures (n, 3, side, side) in 0–1 and masks (n, 4 or 9, side, side) bool, one object of each photo.
        """
        across = int(torch.randint(2, 4, (), generator=gen, device=gen.device))
        part = -(-side // across)
        photos, masks = self.stills(gen, across**2 * n, part, objects=1)
        rows = photos.unflatten(0, (n, across, across)).permute(0, 3, 1, 4, 2, 5)
        pictures = rows.reshape(n, 3, across * part, across * part)
        every = torch.zeros(n, across**2, across * part, across * part, dtype=torch.bool, device=gen.device)
        for index, mask in enumerate(masks.unflatten(0, (n, across**2)).unbind(1)):
            top, left = part * (index // across), part * (index % across)
            every[:, index, top : top + part, left : left + part] = mask[:, 0]
        return pictures[..., :side, :side], every[..., :side, :side]

    def patches(self, gen: torch.Generator, n: int, side: int) -> Tensor:
        """Pieces of photos as textures: (n, 3, side, side) in 0–1."""
        chosen = torch.randint(len(self.photos), (n,), generator=gen, device=gen.device)
        corner = torch.randint(SCENE_SIDE - side + 1, (2,), generator=gen, device=gen.device).tolist()
        piece = self.photos[chosen, :, corner[0] : corner[0] + side, corner[1] : corner[1] + side]
        return piece.float() / 255

    def cutouts(self, gen: torch.Generator, n: int, side: int) -> Tensor:
        """Cut-out things, colour premultiplied: (n, 4, side, side) in 0–1."""
        chosen = (uniform(gen, n) * len(self.objects)).long()
        if self.photographed:
            weights = self.object_weights[: self.photographed]
            photographed = torch.multinomial(weights, n, replacement=True, generator=gen)
            chosen = torch.where(uniform(gen, n) < PHOTOGRAPHED_SHARE, photographed, chosen)
        looks = self.objects[chosen].float() / 255
        looks = torch.cat([looks[:, :3] * looks[:, 3:], looks[:, 3:]], 1)
        if side != CUTOUT_SIDE:
            looks = F.interpolate(looks, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
        return looks


def pack(folder: Path, device: str = "cpu", *, held_out: bool = False) -> Material:
    """Read a folder of training material into memory.

    Args:
        held_out: take the labelled photos that are kept back for evaluation instead of the others.

    Raises:
        FileNotFoundError: the folder holds no photo or no cut-out.
    """
    photos: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    counts: list[int] = []
    weights: list[float] = []
    objects: list[np.ndarray] = []
    object_weights: list[float] = []
    labelled = [path for path in _pictures(folder / "masks") if path.with_suffix(".png").exists()]
    for index, path in enumerate(labelled):
        if (index % HELD_OUT == HELD_OUT - 1) != held_out or f"{path.parent.name}/{path.stem}" in MISLABELLED:
            continue
        pixels = read_rgb(path)
        numbered = _read(path.with_suffix(".png"), cv2.IMREAD_UNCHANGED)
        numbered = numbered if numbered.ndim == 2 else numbered[..., 0]
        weight = SOURCE_WEIGHTS.get(path.parent.name, 1.0)
        objects.extend(_labelled_cutouts(pixels, numbered))
        object_weights.extend([weight] * (len(objects) - len(object_weights)))
        square = _square(numbered, cv2.INTER_NEAREST)
        kept = [v for v in np.unique(square) if v and (square == v).mean() >= SMALLEST_OBJECT]
        photos.append(_square(pixels, cv2.INTER_AREA))
        labels.append(
            sum(((square == v) * (i + 1) for i, v in enumerate(kept)), np.zeros_like(square)).astype(np.uint8)
        )
        counts.append(len(kept))
        weights.append(weight * bool(kept))
    photographed = len(objects)
    for path in (*_pictures(folder / "photos"), *_pictures(folder / "textures")):
        photos.append(_square(read_rgb(path), cv2.INTER_AREA))
        labels.append(np.zeros((SCENE_SIDE, SCENE_SIDE), np.uint8))
        counts.append(0)
        weights.append(0.0)
    for path in sorted((folder / "cutouts").glob("*/*.webp")):
        rgba = _read(path, cv2.IMREAD_UNCHANGED)
        if rgba.ndim == 3 and rgba.shape[2] == 4:
            objects.extend(_framed(cv2.cvtColor(rgba, cv2.COLOR_BGRA2RGBA)))
    if not photos or not objects:
        raise FileNotFoundError(
            f"{folder} holds {len(photos)} photos and {len(objects)} cut-outs; at least one of each is wanted, "
            "in photos/<source>/, masks/<source>/ or cutouts/<source>/."
        )
    return Material(
        torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).contiguous().to(device),
        torch.from_numpy(np.stack(labels)).to(device),
        torch.tensor(counts, device=device),
        torch.tensor(weights, device=device),
        torch.from_numpy(np.stack(objects)).permute(0, 3, 1, 2).contiguous().to(device),
        torch.tensor(object_weights, device=device),
        photographed,
    )


def _pictures(folder: Path) -> Iterator[Path]:
    """Every JPEG of every source, in a fixed order."""
    yield from sorted(folder.glob("*/*.jpg"))


def read_rgb(path: Path) -> np.ndarray:
    """A picture as (H, W, 3) uint8 RGB.

    Raises:
        ValueError: it cannot be read.
    """
    return cv2.cvtColor(_read(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _read(path: Path, mode: int) -> np.ndarray:
    pixels = cv2.imread(str(path), mode)
    if pixels is None:
        raise ValueError(f"{path} cannot be read as a picture; replace or remove it.")
    return pixels


def _square(pixels: np.ndarray, interpolation: int) -> np.ndarray:
    """A picture squeezed to SCENE_SIDE, as the network's input is."""
    return cv2.resize(pixels, (SCENE_SIDE, SCENE_SIDE), interpolation=interpolation)


def _labelled_cutouts(pixels: np.ndarray, numbered: np.ndarray) -> Iterator[np.ndarray]:
    """The labelled objects of a photo that lie wholly inside it and are large enough to be looked at."""
    height, width = numbered.shape
    if pixels.shape[:2] != (height, width):
        return
    for value in np.unique(numbered):
        ys, xs = np.nonzero(numbered == value)
        if not value or len(ys) < 48 * 48 or len(ys) < SMALLEST_OBJECT * height * width:
            continue
        inside = ys.min() > 0 and xs.min() > 0 and ys.max() < height - 1 and xs.max() < width - 1
        if inside:
            alpha = (numbered == value).astype(np.uint8) * 255
            yield from _framed(np.dstack([pixels, cv2.GaussianBlur(alpha, (3, 3), 0)]))


def _framed(rgba: np.ndarray) -> Iterator[np.ndarray]:
    """Crop to what is opaque and fit it into CUTOUT_SIDE with a margin; nothing where nothing is opaque."""
    ys, xs = np.nonzero(rgba[..., 3] > 127)
    if len(ys) < 100:
        return
    crop = rgba[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    height, width = crop.shape[:2]
    scale = 0.9 * CUTOUT_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    framed = np.zeros((CUTOUT_SIDE, CUTOUT_SIDE, 4), np.uint8)
    top, left = (CUTOUT_SIDE - size[1]) // 2, (CUTOUT_SIDE - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = small
    yield framed
