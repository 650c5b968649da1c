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

SCENE_SIDE = 288  # [px] of a packed photo
CUTOUT_SIDE = 128  # [px] of a packed cut-out, its object filling the middle 90 %
SMALLEST_OBJECT = 0.012  # share of the photo; smaller labelled objects are left out
PHOTOGRAPHED_SHARE = 0.6  # of cut-outs; drawn ones outnumber them, but are smooth and clean
LABELLED_SHARE = 0.75  # of background photos that have labelled objects; only they show where real things end


@dataclass(frozen=True, eq=False)
class Material:
    """Real pictures, on the device that makes the clips.

    Attributes:
        photos: (P, 3, SCENE_SIDE, SCENE_SIDE) uint8.
        labels: (P, SCENE_SIDE, SCENE_SIDE) uint8: 0, or the number of a labelled object, 1…count.
        counts: (P,) int64, labelled objects of each photo; 0 where it has none.
        objects: (C, 4, CUTOUT_SIDE, CUTOUT_SIDE) uint8, colour and alpha, colour not premultiplied.
        photographed: how many of the objects, the first ones, were cut out of photos; the others are drawn.
    """

    photos: Tensor
    labels: Tensor
    counts: Tensor
    objects: Tensor
    photographed: int

    def scenes(self, gen: torch.Generator, n: int, side: int) -> Tensor:
        """Photos as backgrounds, with one labelled object of each in the fourth channel: (n, 4, side, side) in 0–1."""
        chosen = torch.randint(len(self.photos), (n,), generator=gen, device=gen.device)
        labelled = (self.counts > 0).nonzero()[:, 0]
        if len(labelled):
            pick = labelled[torch.randint(len(labelled), (n,), generator=gen, device=gen.device)]
            chosen = torch.where(uniform(gen, n) < LABELLED_SHARE, pick, chosen)
        wanted = 1 + (uniform(gen, n) * self.counts[chosen]).long()
        wanted = torch.where(self.counts[chosen] > 0, wanted, -1)
        mask = self.labels[chosen] == wanted[:, None, None]
        scenes = torch.cat([self.photos[chosen].float() / 255, mask[:, None].float()], 1)
        return F.interpolate(scenes, size=(side, side), mode="bilinear", align_corners=False)

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
            photographed = (uniform(gen, n) * self.photographed).long()
            chosen = torch.where(uniform(gen, n) < PHOTOGRAPHED_SHARE, photographed, chosen)
        looks = self.objects[chosen].float() / 255
        looks = torch.cat([looks[:, :3] * looks[:, 3:], looks[:, 3:]], 1)
        if side != CUTOUT_SIDE:
            looks = F.interpolate(looks, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
        return looks


def pack(folder: Path, device: str = "cpu") -> Material:
    """Read a folder of training material into memory.

    Raises:
        FileNotFoundError: the folder holds no photo or no cut-out.
    """
    photos: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    counts: list[int] = []
    objects: list[np.ndarray] = []
    for path in _pictures(folder / "masks"):
        if not path.with_suffix(".png").exists():
            continue
        pixels = read_rgb(path)
        numbered = _read(path.with_suffix(".png"), cv2.IMREAD_UNCHANGED)
        numbered = numbered if numbered.ndim == 2 else numbered[..., 0]
        objects.extend(_labelled_cutouts(pixels, numbered))
        square = _square(numbered, cv2.INTER_NEAREST)
        kept = [v for v in np.unique(square) if v and (square == v).mean() >= SMALLEST_OBJECT]
        photos.append(_square(pixels, cv2.INTER_AREA))
        labels.append(
            sum(((square == v) * (i + 1) for i, v in enumerate(kept)), np.zeros_like(square)).astype(np.uint8)
        )
        counts.append(len(kept))
    photographed = len(objects)
    for path in (*_pictures(folder / "photos"), *_pictures(folder / "textures")):
        photos.append(_square(read_rgb(path), cv2.INTER_AREA))
        labels.append(np.zeros((SCENE_SIDE, SCENE_SIDE), np.uint8))
        counts.append(0)
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
        torch.from_numpy(np.stack(objects)).permute(0, 3, 1, 2).contiguous().to(device),
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
    """The middle square of a picture, at SCENE_SIDE."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return cv2.resize(
        pixels[top : top + side, left : left + side], (SCENE_SIDE, SCENE_SIDE), interpolation=interpolation
    )


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
