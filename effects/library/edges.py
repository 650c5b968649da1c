"""Edges: only the lines of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.blend import plain
from effects.box import Box, Size
from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting

REACH = 2
"""How far around a pixel the line that goes through it is looked for [px]."""
_STRIP = 120
"""Rows done at a time: they stay in the cache."""
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
        """Done in strips, whose pictures in between stay in the processor's cache."""
        room = np.empty_like(shot.pixels) if shot.room is None else shot.room
        x, y = (0, 0) if shot.room is None else shot.wanted.corner
        ground = shot.paint(self.ground)
        colors = gradient([(0, ground), (1, shot.paint(self.line))])
        darkest = plain(ground, (min(_STRIP, room.shape[0]), room.shape[1]))
        edge, inside = _within(shot)
        for top in range(0, room.shape[0], _STRIP):
            made = room[top : top + _STRIP]
            strip = Box(0, top, room.shape[1], top + made.shape[0]).moved(x, y)
            found = self._find_lines(shot, strip)
            here = edge.intersected(strip)
            if not here.is_empty:
                lines = found[here.moved(-strip.x0, -strip.y0).slices]
                cv2.bitwise_and(lines, inside[here.moved(-edge.x0, -edge.y0).slices], dst=lines)
            if self.style == "one colour":
                cv2.applyColorMap(found, colors, dst=made)
                continue
            # The line takes the colour that lies under it, twice as bright.
            cv2.multiply(shot.pixels[strip.slices], cv2.cvtColor(found, cv2.COLOR_GRAY2RGB), dst=made, scale=2.2 / 255)
            cv2.max(made, darkest[: made.shape[0]], dst=made)
        return room

    def _find_lines(self, shot: Shot, strip: Box) -> NDArray[Any]:
        """How bright the line through each pixel of a strip is, (h, w) uint8."""
        near = strip.grown(REACH).clipped((shot.pixels.shape[0], shot.pixels.shape[1]))
        light = cv2.cvtColor(shot.pixels[near.slices], cv2.COLOR_RGB2GRAY)
        light = cv2.copyMakeBorder(light, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        # Sums of 16 bits keep the fractions that a blur in bytes would round off.
        sums = np.asarray(cv2.boxFilter(light, cv2.CV_16U, (3, 3), normalize=False))
        steps = cv2.absdiff(sums[1:-1, 2:], sums[1:-1, :-2])
        cv2.add(steps, cv2.absdiff(sums[2:, 1:-1], sums[:-2, 1:-1]), dst=steps)
        found = np.asarray(cv2.convertScaleAbs(steps, alpha=(0.4 + 2.2 * self.strength) * 4 / 9))
        found -= np.asarray(cv2.threshold(found, _NOISE, 0, cv2.THRESH_TRUNC)[1])  # up to zero and no further
        return found[strip.moved(-near.x0, -near.y0).slices]

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH)


def _within(shot: Shot) -> tuple[Box, NDArray[Any]]:
    """Where what lies beyond the target would show as a line: a box, and in it 255 where it would not."""
    size = shot.pixels.shape[0], shot.pixels.shape[1]
    edge = Box.of_frame(size) if shot.full_beyond is None else shot.full_beyond.grown(REACH).clipped(size)
    if edge.is_empty:
        return edge, np.empty((0, 0), np.uint8)
    return edge, cv2.erode((shot.matte[edge.slices] > 0) * np.uint8(255), _AROUND)
