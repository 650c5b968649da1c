"""Blur: out of focus, as a lens does it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Blur(Effect):
    """Takes the detail away softly; nothing of what lies outside bleeds in."""

    strength: float = setting(0.5, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        """Normalised convolution: colours are averaged over the target alone, weighted by alpha.

        A plain Gaussian would mix the sharp object into the blurred background and draw a halo around it.
        """
        sigma = self._sigma(shot.frame_size)
        if sigma < 0.3:
            return shot.pixels
        cell = self._cell(shot.frame_size)
        height, width = shot.alpha.shape
        # Cells that reach over the frame's edge are filled with weight 0, so that every cell is whole.
        below, right = -height % cell, -width % cell
        weight = cv2.copyMakeBorder(shot.alpha, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
        pixels = cv2.copyMakeBorder(shot.pixels, 0, below, 0, right, cv2.BORDER_REPLICATE)
        weighted = cv2.multiply(pixels, cv2.merge([weight] * 3), dtype=cv2.CV_32F)
        small_size = (weight.shape[1] // cell, weight.shape[0] // cell)
        if cell > 1:
            weight = cv2.resize(weight, small_size, interpolation=cv2.INTER_AREA)
            weighted = cv2.resize(weighted, small_size, interpolation=cv2.INTER_AREA)
        weight = _smooth(weight, sigma / cell)
        blurred = cv2.divide(_smooth(weighted, sigma / cell), cv2.merge([weight] * 3) + np.float32(1e-6))
        if cell > 1:
            blurred = cv2.resize(blurred, (small_size[0] * cell, small_size[1] * cell), interpolation=cv2.INTER_LINEAR)
        return cv2.convertScaleAbs(blurred[:height, :width])

    def window(self, box: Box, frame_size: Size) -> Box:
        """One cell more on each side: enlarging looks at the neighbouring cell."""
        cell = self._cell(frame_size)
        return box.snapped(cell).grown(cell)

    def _sigma(self, frame_size: Size) -> float:
        """The Gaussian's width [px]: at full strength a twentieth of the shorter side."""
        return self.strength * min(frame_size) / 20

    def _cell(self, frame_size: Size) -> int:
        """By how much the picture is made smaller first [px]: so little that the Gaussian hides it."""
        return max(1, int(self._sigma(frame_size) / 3))


def _smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur; beyond the border lies nothing, and the weights know it."""
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
