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

    def apply(self, shot: Shot) -> Drawing:
        # One pixel of the line lies on the object, so that no seam of the old background shows between them.
        line = draw_edge(shot.alpha, outer=self.width - 1, inner=1)
        return Drawing(plain(shot.paint(self.color), line.shape), line)

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(math.ceil(self.width) + EDGE_MARGIN)
