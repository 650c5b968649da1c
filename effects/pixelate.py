"""Pixelate: coarse blocks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Pixelate(Effect):
    """Coarse blocks of one colour each, on a grid that stands still."""

    size: int = setting(20, low=2, high=200, unit="px", label="Block size")

    def apply(self, shot: Shot) -> Pixels:
        """Average each block over the target alone, so that a block at the edge takes no colour from beyond it."""
        height, width = shot.alpha.shape
        below, right = -height % self.size, -width % self.size
        weight = cv2.copyMakeBorder(shot.alpha, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
        pixels = cv2.copyMakeBorder(shot.pixels, 0, below, 0, right, cv2.BORDER_REPLICATE)
        weighted = cv2.multiply(pixels, cv2.merge([weight] * 3), dtype=cv2.CV_32F)
        blocks = (weight.shape[1] // self.size, weight.shape[0] // self.size)
        weight = cv2.resize(weight, blocks, interpolation=cv2.INTER_AREA)
        weighted = cv2.resize(weighted, blocks, interpolation=cv2.INTER_AREA)
        mean = cv2.convertScaleAbs(cv2.divide(weighted, cv2.merge([weight] * 3) + np.float32(1e-6)))
        large = (blocks[0] * self.size, blocks[1] * self.size)
        return cv2.resize(mean, large, interpolation=cv2.INTER_NEAREST)[:height, :width]

    def window(self, box: Box, frame_size: Size) -> Box:
        """Whole blocks."""
        return box.snapped(self.size)
