"""Adjust: brightness, contrast, saturation and warmth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.color import LUMA
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Adjust(Effect):
    """Sets brightness, contrast, saturation and warmth."""

    is_local: ClassVar[bool] = True

    brightness: float = setting(0.05, low=-1, high=1)
    contrast: float = setting(0.2, low=-1, high=1)
    saturation: float = setting(0.35, low=-1, high=1)
    temperature: float = setting(0.0, low=-1, high=1, label="Warmth")

    def apply(self, shot: Shot) -> Pixels:
        """Brightness and contrast by a table, the other two by a matrix."""
        # Contrast turns about middle grey; the upper half of its range is the steeper one.
        gain = 1 + self.contrast * (1 if self.contrast < 0 else 1.5)
        curve = gain * (np.arange(256) - 127.5) + 127.5 * (1 + self.brightness)
        toned = cv2.LUT(shot.pixels, np.rint(np.clip(curve, 0, 255)).astype(np.uint8))
        keep = 1 + self.saturation
        colors = keep * np.eye(3) + (1 - keep) * np.tile(np.array(LUMA), (3, 1))
        warm = 0.25 * self.temperature
        return cv2.transform(toned, np.diag([1 + warm, 1.0, 1 - warm]) @ colors, dst=shot.room)
