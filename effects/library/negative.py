"""Negative: light is dark, as on film or in an x-ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting

XRAY = gradient([(0, (2, 6, 14)), (0.35, (18, 52, 86)), (0.75, (140, 196, 222)), (1, (240, 252, 255))])


@dataclass(frozen=True)
class Negative(Effect):
    """Turns light into dark: a colour negative, or the cold blue of an x-ray."""

    is_local: ClassVar[bool] = True
    is_quick: ClassVar[bool] = True

    style: str = setting("x-ray", choices=("x-ray", "colour", "black and white"))
    strength: float = setting(1.0, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        room = shot.room if self.strength == 1 else None
        if self.style == "colour":
            turned: Pixels = cv2.bitwise_not(shot.pixels, dst=room)
        else:
            dark = cv2.bitwise_not(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY))
            turned = (
                cv2.applyColorMap(dark, XRAY, dst=room)
                if self.style == "x-ray"
                else cv2.cvtColor(dark, cv2.COLOR_GRAY2RGB, dst=room)
            )
        if self.strength == 1:
            return turned
        return cv2.addWeighted(turned, self.strength, shot.pixels, 1 - self.strength, 0, dst=shot.room)
