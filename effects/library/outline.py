"""Outline: a line around the object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from effects.blend import plain
from effects.box import Box, Size
from effects.edge import EDGE_MARGIN, draw_edge
from effects.effect import Drawing, Effect, Shot, setting


@dataclass(frozen=True)
class Outline(Effect):
    """Draws a clean line around the object, in its own colour or any other."""

    draws_around: ClassVar[bool] = True

    width: float = setting(5.0, low=1, high=60, unit="px")
    color: str = setting("object")
    side: str = setting("outside", choices=("outside", "inside", "both"))
    gap: float = setting(0.0, low=0, high=60, unit="px", label="Distance from the object")

    def apply(self, shot: Shot) -> Drawing:
        outer, inner = self._reach()
        line = draw_edge(shot.matte, outer=outer, inner=inner)
        return Drawing(plain(shot.paint(self.color), line.shape), line)

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(math.ceil(self.width + self.gap) + EDGE_MARGIN)

    def _reach(self) -> tuple[float, float]:
        """How far the line reaches out of the object and into it [px]; with a gap its inner rim lies outside."""
        if self.side == "inside":
            return -self.gap, self.width + self.gap
        if self.side == "both":
            return self.width / 2, self.width / 2
        # One pixel of the line lies on the object, so that no seam of the old background shows between them.
        return (self.width - 1, 1.0) if self.gap == 0 else (self.gap + self.width, -self.gap)
