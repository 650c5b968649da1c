"""Clips that somebody annotated, in DAVIS' layout, as a source of training clips.

`JPEGImages/[480p/]<clip>/*.jpg` are the frames, `Annotations/[480p/]<clip>/*.png` their masks of the same
names: palette or grey pictures whose values number the objects, 0 being the background.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from training.clips import Clips
from training.material import read_rgb
from training.textures import uniform

LONGEST_SIDE = 640  # [px] of a frame in memory
STRIDES = (1, 2, 3)  # every frame, every second or every third: slow motion and fast
SMALLEST_CROP = 0.7  # share of a frame's side


@dataclass(frozen=True, eq=False)
class AnnotatedClip:
    """One clip in memory.

    Attributes:
        name: its folder's.
        frames: (T, 3, H, W) uint8 RGB.
        labels: (T, H, W) uint8, 0 or an object's number.
        numbers: the objects' numbers.
    """

    name: str
    frames: Tensor
    labels: Tensor
    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class AnnotatedClips:
    """Cuts training clips out of annotated ones: a random stretch, crop, pace, direction and mirroring.

    Attributes:
        annotated: at least one.
        side: of the frames made [px].
        device: where they are made.
    """

    annotated: tuple[AnnotatedClip, ...]
    side: int = 256
    device: str = "cpu"

    def of_side(self, side: int) -> AnnotatedClips:
        """The same clips with frames of another size [px]."""
        return replace(self, side=side)

    def make(self, seed: int, clips: int, frames: int) -> Clips:
        """Cut `clips` clips of `frames` frames; a short one goes back and forth."""
        gen = torch.Generator().manual_seed(seed)
        made = [self._cut(gen, frames) for _ in range(clips)]
        most = max(masks.shape[1] for _, masks in made)
        masks = [F.pad(one, (0, 0, 0, 0, 0, most - one.shape[1])) for _, one in made]
        return Clips(torch.stack([pixels for pixels, _ in made]), torch.stack(masks))

    def _cut(self, gen: torch.Generator, frames: int) -> tuple[Tensor, Tensor]:
        """Frames (T, 3, S, S) uint8 and masks (T, K, S, S) of one clip."""
        clip = self.annotated[int(torch.randint(len(self.annotated), (1,), generator=gen))]
        length = len(clip.frames)
        stride = STRIDES[int(torch.randint(len(STRIDES), (1,), generator=gen))]
        start = int(torch.randint(length, (1,), generator=gen))
        steps = start + stride * torch.arange(frames)
        if float(uniform(gen, 1)) < 0.5:
            steps = start - stride * torch.arange(frames)
        turn = max(2 * (length - 1), 1)
        chosen = (steps % turn).clamp(max=turn - 1)
        chosen = torch.where(chosen < length, chosen, turn - chosen)
        height, width = clip.frames.shape[-2:]
        share = float(uniform(gen, 1, low=SMALLEST_CROP, high=1.0))
        size = (max(1, round(share * height)), max(1, round(share * width)))
        top = int(torch.randint(height - size[0] + 1, (1,), generator=gen))
        left = int(torch.randint(width - size[1] + 1, (1,), generator=gen))
        pixels = clip.frames[chosen, :, top : top + size[0], left : left + size[1]].to(self.device).float()
        labels = clip.labels[chosen, top : top + size[0], left : left + size[1]].to(self.device)
        if float(uniform(gen, 1)) < 0.5:
            pixels, labels = pixels.flip(-1), labels.flip(-1)
        square = (self.side, self.side)
        pixels = F.interpolate(pixels, size=square, mode="bilinear", antialias=True, align_corners=False)
        light = 1 + 0.15 * (2 * uniform(gen, 1, 3, 1, 1).to(self.device) - 1)
        numbered = F.interpolate(labels[:, None].float(), size=square, mode="nearest")
        numbers = torch.tensor(clip.numbers, device=self.device).view(1, -1, 1, 1)
        return (pixels * light + 0.5).clamp(0, 255).to(torch.uint8), numbered == numbers


def read_annotated(folder: Path) -> tuple[AnnotatedClip, ...]:
    """Read a folder in DAVIS' layout into memory.

    Raises:
        FileNotFoundError: it holds no clip with masks.
        ValueError: a picture cannot be read, or a mask has another size than its frame.
    """
    clips = []
    for masks in sorted({path.parent for path in (folder / "Annotations").glob("**/*.png")}):
        pictures = folder / "JPEGImages" / masks.relative_to(folder / "Annotations")
        pairs = [(pictures / f"{path.stem}.jpg", path) for path in sorted(masks.glob("*.png"))]
        both = [_read_pair(frame, mask) for frame, mask in pairs if frame.exists()]
        if not both:
            continue
        labels = np.stack([label for _, label in both])
        numbers = tuple(int(value) for value in np.unique(labels) if value)
        if numbers:
            frames = torch.from_numpy(np.stack([pixels for pixels, _ in both])).permute(0, 3, 1, 2).contiguous()
            clips.append(AnnotatedClip(masks.name, frames, torch.from_numpy(labels), numbers))
    if not clips:
        raise FileNotFoundError(
            f"{folder} holds no annotated clip; frames are wanted in JPEGImages/<clip>/*.jpg "
            "and their masks, under the same names, in Annotations/<clip>/*.png."
        )
    return tuple(clips)


def _read_pair(frame: Path, mask: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels = read_rgb(frame)
    labels = _read_labels(mask)
    if labels.shape != pixels.shape[:2]:
        raise ValueError(f"{mask} has size {labels.shape}, its frame {pixels.shape[:2]}; equal sizes are wanted.")
    scale = LONGEST_SIDE / max(labels.shape)
    if scale >= 1:
        return pixels, labels
    size = (round(labels.shape[1] * scale), round(labels.shape[0] * scale))
    shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return shrunk, cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _read_labels(path: Path) -> NDArray[np.uint8]:
    """A palette or grey picture's values (H, W).

    Raises:
        ValueError: it is neither, or cannot be read.
    """
    try:
        with Image.open(path) as picture:
            if picture.mode not in ("P", "L", "1"):
                raise ValueError(f"{path} is a {picture.mode} picture; one with a palette, or a grey one, is wanted.")
            return np.asarray(picture if picture.mode != "1" else picture.convert("L")).copy()
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} cannot be read as a picture; replace or remove it.") from error
