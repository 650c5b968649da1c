"""Edges: only the lines of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from effects.blend import plain
from effects.box import Box, Size
from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import EXTENSION_CELL, extend

REACH = 4


@dataclass(frozen=True)
class Edges(Effect):
    """Leaves only the lines of the picture, glowing in its own colours or drawn in one."""

    is_local: ClassVar[bool] = True

    style: str = setting("own colours", choices=("own colours", "one colour"))
    line: str = setting("#ffffff")
    ground: str = setting("#0b0d12")
    strength: float = setting(0.6, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        own = extend(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), shot.alpha, shot.full_beyond)
        light = cv2.blur(own, (3, 3))
        across, down = (cv2.convertScaleAbs(each) for each in cv2.spatialGradient(light))
        found = cv2.addWeighted(across, 0.4 + 2.2 * self.strength, down, 0.4 + 2.2 * self.strength, -14)
        ground = shot.paint(self.ground)
        if self.style == "one colour":
            return cv2.applyColorMap(found, gradient([(0, ground), (1, shot.paint(self.line))]))
        # The line takes the colour that lies under it, twice as bright.
        lines = cv2.multiply(shot.pixels, cv2.merge([found] * 3), scale=2.2 / 255)
        return cv2.max(lines, plain(ground, found.shape), dst=lines)

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH).snapped(EXTENSION_CELL)
