"""Adjust: brightness, contrast, saturation and warmth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from effects.color import LUMA
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Adjust(Effect):
    """Sets brightness, contrast, saturation and warmth."""

    brightness: float = setting(0.05, low=-1, high=1)
    contrast: float = setting(0.2, low=-1, high=1)
    saturation: float = setting(0.35, low=-1, high=1)
    temperature: float = setting(0.0, low=-1, high=1, label="Warmth")

    def apply(self, shot: Shot) -> Pixels:
        """All four are linear, so one matrix does them in a single pass."""
        to_grey = np.tile(np.array(LUMA), (3, 1))
        keep = 1 + self.saturation
        matrix = keep * np.eye(3) + (1 - keep) * to_grey
        warm = 0.25 * self.temperature
        matrix = np.diag([1 + warm, 1.0, 1 - warm]) @ matrix
        # Contrast turns about middle grey; the upper half of its range is the steeper one.
        gain = 1 + self.contrast * (1 if self.contrast < 0 else 1.5)
        offset = 127.5 * (1 - gain) + 127.5 * self.brightness
        return cv2.transform(shot.pixels, np.hstack([gain * matrix, np.full((3, 1), offset)]))
