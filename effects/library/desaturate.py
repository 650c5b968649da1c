"""Desaturate: less colour, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Desaturate(Effect):
    """Takes the colour out; what is left is a black-and-white picture."""

    is_local: ClassVar[bool] = True

    strength: float = setting(1.0, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        light = cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY)
        if self.strength == 1:
            return cv2.cvtColor(light, cv2.COLOR_GRAY2RGB, dst=shot.room)
        grey = cv2.cvtColor(light, cv2.COLOR_GRAY2RGB)
        return cv2.addWeighted(shot.pixels, 1 - self.strength, grey, self.strength, 0, dst=shot.room)
