"""Blur: out of focus, as a lens does it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import divide_by_weight, enlarge, sum_blocks


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
        weighted, weight = sum_blocks(shot.pixels, shot.matte, cell, shot.full_beyond)
        # Averaging blocks and enlarging them again blurs too, as much as a Gaussian of half a cell.
        rest = math.sqrt((sigma / cell) ** 2 - 0.25) if cell > 1 else sigma
        small = divide_by_weight(_smooth(weighted, rest), _smooth(weight, rest))
        return enlarge(small, cell, (shot.pixels.shape[0], shot.pixels.shape[1]))

    def window(self, box: Box, frame_size: Size) -> Box:
        """One cell more on each side: enlarging looks at the neighbouring cell."""
        cell = self._cell(frame_size)
        return box.snapped(cell).grown(cell)

    def _sigma(self, frame_size: Size) -> float:
        """The Gaussian's width [px]: at full strength a twentieth of the shorter side."""
        return self.strength * min(frame_size) / 20

    def _cell(self, frame_size: Size) -> int:
        """By how much the picture is made smaller first [px]: so little that the Gaussian hides it."""
        return max(2 * int(self._sigma(frame_size) / 2.7 / 2), 1)  # even: halving is quickest


def _smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur; beyond the border lies nothing, and the weights know it."""
    size = 2 * math.ceil(3 * sigma) + 1  # what lies further out is less than rounding
    return cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_CONSTANT)
