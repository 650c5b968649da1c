"""Gradient map: brightness becomes colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.color import PALETTES, Color, gradient
from effects.effect import Effect, Pixels, Shot, setting

OWN = "own colours"


@dataclass(frozen=True)
class GradientMap(Effect):
    """Runs from shadow to light through the colours of a palette, or through three of your own."""

    is_local: ClassVar[bool] = True

    palette: str = setting("sunset", choices=(*PALETTES, OWN))
    shadows: str = setting("#1b1035", label="Own shadows")
    middle: str = setting("#d4376e", label="Own middle")
    lights: str = setting("#ffe9b0", label="Own lights")
    strength: float = setting(1.0, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        colors = [shot.paint(each) for each in self._colors()]
        stops: list[tuple[float, Color]] = [(at / (len(colors) - 1), color) for at, color in enumerate(colors)]
        room = shot.room if self.strength == 1 else None
        mapped = cv2.applyColorMap(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), gradient(stops), dst=room)
        if self.strength == 1:
            return mapped
        return cv2.addWeighted(mapped, self.strength, shot.pixels, 1 - self.strength, 0, dst=shot.room)

    def _colors(self) -> tuple[str, ...]:
        return (self.shadows, self.middle, self.lights) if self.palette == OWN else PALETTES[self.palette]
