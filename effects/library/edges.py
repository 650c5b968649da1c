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
        ground = shot.paint(self.ground)
        if self.style == "one colour":
            return cv2.applyColorMap(found, gradient([(0, ground), (1, shot.paint(self.line))]))
        # The line takes the colour that lies under it, twice as bright.
        room = np.empty_like(shot.pixels) if shot.room is None else shot.room
        part = (slice(None), slice(None)) if shot.room is None else shot.wanted.slices
        bright = cv2.cvtColor(found[part], cv2.COLOR_GRAY2RGB)
        cv2.multiply(shot.pixels[part], bright, dst=room, scale=2.2 / 255)
        return np.maximum(room, plain(ground, (1, room.shape[1])), out=room)

    def _find_lines(self, shot: Shot) -> NDArray[Any]:
        """How bright the line through each pixel is, (H, W) uint8: none where what is beyond the target would show."""
        light = cv2.copyMakeBorder(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        # Sums of 16 bits keep the fractions that a blur in bytes would round off.
        sums = np.asarray(cv2.boxFilter(light, cv2.CV_16U, (3, 3), normalize=False))
        steps = cv2.absdiff(sums[1:-1, 2:], sums[1:-1, :-2])
        cv2.add(steps, cv2.absdiff(sums[2:, 1:-1], sums[:-2, 1:-1]), dst=steps)
        found = np.asarray(cv2.convertScaleAbs(steps, alpha=(0.4 + 2.2 * self.strength) * 4 / 9))
        found -= np.asarray(cv2.threshold(found, _NOISE, 0, cv2.THRESH_TRUNC)[1])  # up to zero and no further
        near = Box.of_frame((found.shape[0], found.shape[1]))
        if shot.full_beyond is not None:
            near = shot.full_beyond.grown(REACH).clipped(near.size)
        if not near.is_empty:
            touched = np.negative((shot.matte[near.slices] > 0).view(np.uint8))  # 255 where it is
            cv2.bitwise_and(found[near.slices], cv2.erode(touched, _AROUND), dst=found[near.slices])
        return found

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH)
