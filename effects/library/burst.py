"""Burst: rays behind the object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import plain
from effects.box import Size
from effects.effect import Drawing, Effect, Shot, setting

SUBPIXEL = 4
"""Bits after the point in OpenCV's coordinates."""


@dataclass(frozen=True)
class Burst(Effect):
    """Lets rays burst out behind the object, still or turning."""

    draws_around: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    color: str = setting("#ffd23f")
    rays: int = setting(18, low=4, high=60)
    strength: float = setting(0.75, low=0, high=1)
    spin: float = setting(12.0, low=-180, high=180, unit="°/s")
    steadiness: float = setting(0.6, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        height, width = shot.alpha.shape
        place = shot.place(self.steadiness)
        if place is None:
            return Drawing(shot.pixels, np.zeros_like(shot.alpha))
        center = np.array([place.x - shot.corner[0], place.y - shot.corner[1]])
        far = float(np.hypot(*shot.frame_size))
        turn = math.radians(self.spin) * float(shot.time)
        rays = np.zeros((height, width), np.uint8)
        for ray in range(self.rays):
            sides = [turn + 2 * math.pi * (ray + share) / self.rays for share in (-0.25, 0.25)]
            tips = [center + far * np.array([math.cos(side), math.sin(side)]) for side in sides]
            corners = np.rint(np.array([center, *tips]) * 2**SUBPIXEL).astype(np.int32)
            cv2.fillConvexPoly(rays, corners, (255,), lineType=cv2.LINE_AA, shift=SUBPIXEL)
        light = self._fade(center, far, (height, width)) * (1 - shot.alpha)
        return Drawing(plain(shot.paint(self.color), (height, width)), cv2.multiply(rays, light, dtype=cv2.CV_32F))

    def _fade(self, center: np.ndarray, far: float, size: Size) -> np.ndarray:
        """The rays grow fainter outwards: (H, W) float32, for rays of 255."""
        y, x = (np.arange(length, dtype=np.float32) - at for length, at in zip(size, center[::-1], strict=True))
        squared = np.add.outer(y * y, x * x)
        return np.float32(self.strength / 255) / (1 + squared * np.float32((2.5 / far) ** 2))
