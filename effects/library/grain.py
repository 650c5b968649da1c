"""Grain: as film has it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np

from effects.effect import Effect, Pixels, Shot, setting

COLUMNS = 512
"""The width of the noise that is made, and the height where the grain is coarse [px]."""
LOW = 128
"""The height where it is fine [px]: so little noise stays in the processor's cache."""
FINE = 1.6
"""Where strips of the noise meet no seam can be seen in grain up to this size [px]."""


@dataclass(frozen=True)
class Grain(Effect):
    """Lays the lively grain of film over the picture, another on each frame."""

    is_local: ClassVar[bool] = True
    is_quick: ClassVar[bool] = True

    strength: float = setting(0.35, low=0, high=1)
    size: float = setting(1.5, low=1, high=6, unit="px")
    is_colored: bool = setting(False, label="In colour")

    def apply(self, shot: Shot) -> Pixels:
        """Strips of one noise, each shifted by chance that the frame's index decides: a frame always looks the same."""
        height, width = shot.pixels.shape[:2]
        is_fine = self.size <= FINE
        rows = LOW if is_fine else COLUMNS
        lighter, darker = _strips(self.strength, self.size, self.is_colored, width)
        grained = np.empty_like(shot.pixels) if shot.room is None else shot.room
        top, row = 0, shot.corner[1] + _chance(shot.index, -1) % rows
        while top < height:
            strip, start = divmod(row, rows)
            tall = min(height - top, rows - start)
            x0 = (shot.corner[0] + _chance(shot.index, strip if is_fine else 0)) % COLUMNS
            part = slice(start, start + tall), slice(x0, x0 + width)
            made = grained[top : top + tall]
            cv2.add(shot.pixels[top : top + tall], lighter[part], dst=made)
            cv2.subtract(made, darker[part], dst=made)
            top, row = top + tall, row + tall
        return grained


def _chance(index: int, strip: int) -> int:
    """A number without a pattern, the same each time; a generator would take a tenth of the effect's time to seed."""
    return zlib.crc32(b"%d %d" % (index, strip))


@lru_cache(maxsize=4)
def _strips(strength: float, size: float, is_colored: bool, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The tiles beside each other, as often as a picture of that width [px] needs: whole rows are laid at once."""
    lighter, darker = (np.tile(each, (1, -(-width // COLUMNS) + 1, 1)) for each in _tiles(strength, size, is_colored))
    return lighter, darker


def _tiles(strength: float, size: float, is_colored: bool) -> tuple[np.ndarray, np.ndarray]:
    """What is added and what is taken away, each (rows, COLUMNS, 3) uint8; both go on over their borders."""
    rows = LOW if size <= FINE else COLUMNS
    random = np.random.default_rng(20)
    noise: np.ndarray = random.standard_normal((rows, COLUMNS, 3 if is_colored else 1)).astype(np.float32)
    if size > 1:
        pad = 16
        wrapped = cv2.copyMakeBorder(noise, pad, pad, pad, pad, cv2.BORDER_WRAP)
        noise = np.asarray(cv2.GaussianBlur(wrapped, (0, 0), size / 2))[pad:-pad, pad:-pad].reshape(noise.shape)
    noise = np.broadcast_to(np.rint(noise * (40 * strength / noise.std())), (rows, COLUMNS, 3))
    return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)
