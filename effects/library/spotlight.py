"""Spotlight: the object in its colours, the rest dark and grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Spotlight(Effect):
    """Dims and greys the rest, so that the eye goes to the object."""

    spares_target: ClassVar[bool] = True

    dim: float = setting(0.6, low=0, high=1)
    desaturate: float = setting(0.7, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        grey = cv2.cvtColor(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        light = 1 - self.dim
        return cv2.addWeighted(shot.pixels, light * (1 - self.desaturate), grey, light * self.desaturate, 0)
