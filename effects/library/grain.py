"""Grain: as film has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np

from effects.effect import Effect, Pixels, Shot, setting

TILE = 512


@dataclass(frozen=True)
class Grain(Effect):
    """Lays the lively grain of film over the picture, another on each frame."""

    is_local: ClassVar[bool] = True
    is_quick: ClassVar[bool] = True

    strength: float = setting(0.35, low=0, high=1)
    size: float = setting(1.5, low=1, high=6, unit="px")
    is_colored: bool = setting(False, label="In colour")

    def apply(self, shot: Shot) -> Pixels:
        """Each frame looks at another place of one tile of noise, so that the same frame always looks the same."""
        height, width = shot.pixels.shape[:2]
        lighter, darker = _strips(self.strength, self.size, self.is_colored, width)
        shift_x, shift_y = (int(each) for each in np.random.default_rng(shot.index).integers(0, TILE, 2))
        x0, y0 = (shot.corner[0] + shift_x) % TILE, (shot.corner[1] + shift_y) % TILE
        grained = np.empty_like(shot.pixels) if shot.room is None else shot.room
        for top, rows in _pieces(y0, height):
            part = rows, slice(x0, x0 + width)
            place = slice(top, top + rows.stop - rows.start)
            made = cv2.add(shot.pixels[place], lighter[part], dst=grained[place])
            cv2.subtract(made, darker[part], dst=made)
        return grained


def _pieces(start: int, length: int) -> list[tuple[int, slice]]:
    """How so many rows, from row `start` of the tile on, are laid with tiles: place and part of the tile."""
    first = [(0, slice(start, min(start + length, TILE)))]
    return first + [(at, slice(0, min(TILE, length - at))) for at in range(TILE - start, length, TILE)]


@lru_cache(maxsize=4)
def _strips(strength: float, size: float, is_colored: bool, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The tiles beside each other, as often as a picture of that width [px] needs: whole rows are laid at once."""
    lighter, darker = (np.tile(each, (1, -(-width // TILE) + 1, 1)) for each in _tiles(strength, size, is_colored))
    return lighter, darker


def _tiles(strength: float, size: float, is_colored: bool) -> tuple[np.ndarray, np.ndarray]:
    """What is added and what is taken away, each (TILE, TILE, 3) uint8; both go on over their borders."""
    random = np.random.default_rng(20)
    noise: np.ndarray = random.standard_normal((TILE, TILE, 3 if is_colored else 1)).astype(np.float32)
    if size > 1:
        pad = 16
        wrapped = cv2.copyMakeBorder(noise, pad, pad, pad, pad, cv2.BORDER_WRAP)
        noise = np.asarray(cv2.GaussianBlur(wrapped, (0, 0), size / 2))[pad:-pad, pad:-pad].reshape(noise.shape)
    noise = np.broadcast_to(np.rint(noise * (40 * strength / noise.std())), (TILE, TILE, 3))
    return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)
