"""Pixelate: coarse blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from effects.box import Box, Size
from effects.effect import Drawing, Effect, Shot, setting
from effects.shrink import divide_by_weight, sum_blocks


@dataclass(frozen=True)
class Pixelate(Effect):
    """Coarse blocks of one colour each, on a grid that stands still."""

    draws_around: ClassVar[bool] = True

    size: int = setting(20, low=2, high=200, unit="px", label="Block size")
    whole_blocks: bool = setting(False)

    def apply(self, shot: Shot) -> Drawing:
        """Average each block over the target alone, so that a block at the edge takes no colour from beyond it.

        The blocks are cut along the target's edge, or, with `whole_blocks`, kept square, which hides its shape too.
        """
        height, width = shot.alpha.shape
        weighted, weight = sum_blocks(shot.pixels, shot.alpha, self.size)
        mean = divide_by_weight(weighted, weight)
        mosaic = self._enlarge(mean)[:height, :width]
        if not self.whole_blocks:
            return Drawing(mosaic, shot.alpha)
        touched = self._enlarge((weight > 1e-5).astype(np.float32))[:height, :width]
        return Drawing(mosaic, touched)

    def window(self, box: Box, frame_size: Size) -> Box:
        """Whole blocks."""
        return box.snapped(self.size)

    def _enlarge(self, blocks: np.ndarray) -> np.ndarray:
        return blocks.repeat(self.size, axis=0).repeat(self.size, axis=1)
