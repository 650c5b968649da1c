"""Bokeh: out of focus, with discs of light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import average_blocks, divide_by_weight, enlarge, fill_up, sum_blocks


@dataclass(frozen=True)
class Bokeh(Effect):
    """Blurs like a wide-open lens: each light becomes a disc."""

    size: float = setting(0.5, low=0, high=1)
    lights: float = setting(0.6, low=0, high=1, label="Glow of lights")

    def apply(self, shot: Shot) -> Pixels:
        """An average over a disc in which bright pixels weigh more: light adds up in a lens, grey levels do not."""
        radius = self._radius(shot.frame_size)
        if radius < 0.8:
            return shot.pixels
        cell = self._cell(shot.frame_size)
        fine = min(cell, 2) if self.lights > 0 else cell  # a light is small, and lost in a larger cell
        weighted, weight = sum_blocks(shot.pixels, shot.alpha, fine, shot.full_beyond)
        if self.lights > 0:
            light = cv2.LUT(cv2.cvtColor(divide_by_weight(weighted, weight), cv2.COLOR_RGB2GRAY), self._weights())
            weighted, weight = cv2.multiply(weighted, cv2.merge([light] * 3)), cv2.multiply(weight, light)
        weighted, weight = (average_blocks(fill_up(each, cell // fine), cell // fine) for each in (weighted, weight))
        disc = _disc(radius / cell)
        weighted, weight = (cv2.filter2D(each, -1, disc, borderType=cv2.BORDER_CONSTANT) for each in (weighted, weight))
        return enlarge(divide_by_weight(weighted, weight), cell, shot.alpha.shape)

    def window(self, box: Box, frame_size: Size) -> Box:
        """One cell more on each side: enlarging looks at the neighbouring cell."""
        cell = self._cell(frame_size)
        return box.snapped(cell).grown(cell)

    def _radius(self, frame_size: Size) -> float:
        """Of the disc [px]: at full size a twentieth of the shorter side."""
        return self.size * min(frame_size) / 20

    def _cell(self, frame_size: Size) -> int:
        return 1 << round(math.log2(max(self._radius(frame_size) / 4.5, 1)))

    def _weights(self) -> np.ndarray:
        return (1 + 12 * self.lights * (np.arange(256) / 255) ** 5).astype(np.float32)


def _disc(radius: float) -> np.ndarray:
    """A disc with a soft rim; its sum is 1."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return (disc / disc.sum()).astype(np.float32)
