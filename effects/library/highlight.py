"""Highlight: a veil of colour over the object and a line around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from effects.blend import plain
from effects.box import Box, Size
from effects.edge import EDGE_MARGIN, draw_edge
from effects.effect import Drawing, Effect, Shot, setting


@dataclass(frozen=True)
class Highlight(Effect):
    """Tints the object in its own colour and draws a line around it."""

    draws_around: ClassVar[bool] = True

    color: str = setting("object")
    strength: float = setting(0.45, low=0, high=1)
    outline: float = setting(3.0, low=0, high=40, unit="px")

    pulse: float = setting(0.0, low=0, high=5, unit="s", label="Pulse every")

    def apply(self, shot: Shot) -> Drawing:
        veil = shot.alpha * np.float32(self.strength * self._beat(float(shot.time)))
        if self.outline > 0:
            line = draw_edge(shot.matte, outer=self.outline / 2, inner=self.outline / 2)
            veil += line * (1 - veil)  # the line over the veil; of one colour, so both are mixed in at once
        return Drawing(plain(shot.paint(self.color), veil.shape), veil)

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(math.ceil(self.outline / 2) + EDGE_MARGIN)

    def _beat(self, time: float) -> float:
        """How strong the veil is at a moment [s]: it swells and ebbs between a quarter and all of its strength."""
        return 1.0 if self.pulse < 0.01 else 0.625 + 0.375 * math.cos(2 * math.pi * time / self.pulse)
