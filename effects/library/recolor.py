"""Recolor: another colour, the same shading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.color import gradient, luma_of
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Recolor(Effect):
    """Dyes the target in one colour and keeps its folds, shadows and highlights."""

    is_local: ClassVar[bool] = True

    color: str = setting("#e0245e")
    strength: float = setting(0.85, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        """From black over the colour, at its own brightness, to white."""
        color = shot.paint(self.color)
        middle = min(max(luma_of(color) / 255, 0.25), 0.75)  # a very dark or light dye keeps both ends of the shading
        table = gradient([(0.0, (0, 0, 0)), (middle, color), (1.0, (255, 255, 255))])
        dyed = cv2.applyColorMap(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), table)
        return cv2.addWeighted(dyed, self.strength, shot.pixels, 1 - self.strength, 0)
