"""Glow: light around the object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import plain
from effects.box import Box, Size
from effects.edge import draw_edges
from effects.effect import Alpha, Drawing, Effect, Shot, setting

CELL = 4


@dataclass(frozen=True)
class Glow(Effect):
    """Lets the object shine: a soft halo around it and, as a neon tube, a bright line on its edge."""

    draws_around: ClassVar[bool] = True

    color: str = setting("object")
    size: float = setting(40.0, low=4, high=200, unit="px")
    strength: float = setting(0.8, low=0, high=1)
    tube: float = setting(2.5, low=0, high=12, unit="px", label="Neon tube")

    def apply(self, shot: Shot) -> Drawing:
        halo = self._halo(shot.alpha) * (1 - shot.alpha)
        color = plain(shot.paint(self.color), shot.alpha.shape)
        if self.tube == 0:
            return Drawing(color, halo)
        # The tube's heart is nearly white, its rim has the colour.
        heart, rim = draw_edges(shot.alpha, ((self.tube / 2, self.tube / 2), (self.tube, self.tube)))
        white = cv2.convertScaleAbs(heart, alpha=0.85 * 255)
        glowing = cv2.add(color, cv2.merge([white] * 3))
        return Drawing(glowing, np.maximum(halo, rim))

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(math.ceil(self.size * 1.2) + 2 * CELL).snapped(CELL)

    def _halo(self, alpha: Alpha) -> Alpha:
        """Near the edge strong, further out faint: a narrow and a wide Gaussian together, on a coarser grid."""
        height, width = alpha.shape
        padded = cv2.copyMakeBorder(alpha, 0, -height % CELL, 0, -width % CELL, cv2.BORDER_CONSTANT)
        size = padded.shape[1] // CELL, padded.shape[0] // CELL
        small = cv2.resize(padded, size, interpolation=cv2.INTER_AREA)
        near, far = (
            cv2.GaussianBlur(small, (0, 0), sigma / CELL, borderType=cv2.BORDER_CONSTANT)
            for sigma in (max(self.size / 8, 1.5), max(self.size / 2.6, 2))
        )
        light = np.minimum((0.7 * near + 1.1 * far) * np.float32(self.strength * 1.15), 1)
        # The Gaussians never end; a drawing must.
        faded = np.maximum(light - np.float32(0.012), 0)
        return cv2.resize(faded, padded.shape[1::-1], interpolation=cv2.INTER_LINEAR)[:height, :width]
