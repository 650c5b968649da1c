"""Duotone: two inks on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Duotone(Effect):
    """Prints the picture in two inks, one for the shadows and one for the lights."""

    is_local: ClassVar[bool] = True

    shadows: str = setting("#1d1a6b")
    lights: str = setting("#ff8fb8")
    contrast: float = setting(0.3, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        low, high = 0.5 * self.contrast * 0.8, 1 - 0.5 * self.contrast * 0.8
        table = gradient([(low, shot.paint(self.shadows)), (high, shot.paint(self.lights))])
        return cv2.applyColorMap(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), table)
