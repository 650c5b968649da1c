"""Cut-out: the object on a plain colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Cutout(Effect):
    """Cuts the object out and lays it on one colour, green screen or any other."""

    spares_target: ClassVar[bool] = True

    color: str = setting("#00b140")

    def apply(self, shot: Shot) -> Pixels:
        return np.full(shot.pixels.shape, shot.paint(self.color), np.uint8)
