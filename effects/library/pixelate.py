"""Pixelate: coarse blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from effects.box import Box, Size
from effects.effect import Drawing, Effect, Shot, setting
from effects.shrink import divide_by_weight, repeat_blocks, sum_blocks


@dataclass(frozen=True)
class Pixelate(Effect):
    """Coarse blocks of one colour each, on a grid that stands still."""

    draws_around: ClassVar[bool] = True
    is_local: ClassVar[bool] = True

    size: int = setting(20, low=2, high=200, unit="px", label="Block size")
    whole_blocks: bool = setting(False)

    def apply(self, shot: Shot) -> Drawing:
        """Average each block over the target alone, so that a block at the edge takes no colour from beyond it.

        The blocks are cut along the target's edge, or, with `whole_blocks`, kept square, which hides its shape too.
        """
        size = shot.pixels.shape[0], shot.pixels.shape[1]
        room = shot.room if shot.wanted.size == size else None
        weighted, weight = sum_blocks(shot.pixels, shot.matte, self.size, shot.full_beyond)
        mosaic = repeat_blocks(divide_by_weight(weighted, weight), self.size, size, room)
        if not self.whole_blocks:
            return Drawing(mosaic, shot.matte)
        return Drawing(mosaic, repeat_blocks((weight > 1e-5).astype(np.float32), self.size, size))

    def window(self, box: Box, frame_size: Size) -> Box:
        """Whole blocks."""
        return box.snapped(self.size)
