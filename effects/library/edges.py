"""Edges: only the lines of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box, Size
from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting

REACH = 2
"""How far around a pixel the line that goes through it is looked for [px]."""
_NOISE = 14
"""Lines no brighter than this are noise; all lines are darker by it."""
_AROUND = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)


@dataclass(frozen=True)
class Edges(Effect):
    """Leaves only the lines of the picture, glowing in its own colours or drawn in one."""

    is_local: ClassVar[bool] = True

    style: str = setting("own colours", choices=("own colours", "one colour"))
    line: str = setting("#ffffff")
    ground: str = setting("#0b0d12")
    strength: float = setting(0.6, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        found = self._find_lines(shot)
        if self.style == "one colour":
            colors = gradient([(0, shot.paint(self.ground)), (1, shot.paint(self.line))])
            return np.asarray(cv2.applyColorMap(found, colors, dst=shot.room))
        # The line takes the colour that lies under it, twice as bright.
        under = shot.pixels[shot.wanted.slices]
        made = cv2.multiply(under, cv2.cvtColor(found, cv2.COLOR_GRAY2RGB), dst=shot.room, scale=2.2 / 255)
        return np.maximum(made, np.tile(np.array(shot.paint(self.ground), np.uint8), (made.shape[1], 1)), out=made)

    def _find_lines(self, shot: Shot) -> NDArray[Any]:
        """How bright the line through each wanted pixel is, (h, w) uint8."""
        light = cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY)
        light = cv2.copyMakeBorder(light, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        # Sums of 16 bits keep the fractions that a blur in bytes would round off.
        sums = np.asarray(cv2.boxFilter(light, cv2.CV_16U, (3, 3), normalize=False))
        steps = cv2.absdiff(sums[1:-1, 2:], sums[1:-1, :-2])
        cv2.add(steps, cv2.absdiff(sums[2:, 1:-1], sums[:-2, 1:-1]), dst=steps)
        found = np.asarray(cv2.convertScaleAbs(steps, alpha=(0.4 + 2.2 * self.strength) * 4 / 9))
        found -= np.asarray(cv2.threshold(found, _NOISE, 0, cv2.THRESH_TRUNC)[1])  # up to zero and no further
        edge, inside = _within(shot)
        if not edge.is_empty:
            lines = found[edge.slices]
            cv2.bitwise_and(lines, inside, dst=lines)
        return found[shot.wanted.slices]

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH)


def _within(shot: Shot) -> tuple[Box, NDArray[Any]]:
    """Where what lies beyond the target would show as a line: a box, and in it 255 where it would not."""
    size = shot.pixels.shape[0], shot.pixels.shape[1]
    edge = Box.of_frame(size) if shot.full_beyond is None else shot.full_beyond.grown(REACH).clipped(size)
    if edge.is_empty:
        return edge, np.empty((0, 0), np.uint8)
    return edge, cv2.erode((shot.matte[edge.slices] > 0) * np.uint8(255), _AROUND)
