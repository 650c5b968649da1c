"""Solid: one plain colour."""

from __future__ import annotations

from dataclasses import dataclass

from effects.blend import plain
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Solid(Effect):
    """Paints the target over in one colour: a green screen, a silhouette, or nothing left to see."""

    color: str = setting("#00b140")

    def apply(self, shot: Shot) -> Pixels:
        height, width = shot.alpha.shape
        return plain(shot.paint(self.color), (height, width))
