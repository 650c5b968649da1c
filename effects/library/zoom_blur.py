"""Zoom blur: everything rushes towards one point."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import divide_by_weight, sum_blocks

CELL = 3
DOUBLINGS = 5


@dataclass(frozen=True)
class ZoomBlur(Effect):
    """Smears the picture away from the object, as if the lens zoomed while it saw."""

    strength: float = setting(0.4, low=0, high=1)
    steadiness: float = setting(0.5, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Pixels:
        """Each doubling averages the picture with a smaller copy of itself: five make 32 steps."""
        if self.strength == 0:
            return shot.pixels
        place = shot.place(self.steadiness)
        height, width = shot.frame_size
        middle = (width / 2, height / 2) if place is None else (place.x, place.y)
        center = [(at - start) / CELL - 0.5 for at, start in zip(middle, shot.corner, strict=True)]
        weighted, weight = sum_blocks(shot.pixels, shot.alpha, CELL, shot.full_beyond)
        smeared = cv2.merge([*cv2.split(weighted), weight])
        size = smeared.shape[1::-1]
        for doubling in range(DOUBLINGS):
            scale = (1 - 0.3 * self.strength) ** (2.0**doubling / 2**DOUBLINGS)
            shrink = np.array([[scale, 0, center[0] * (1 - scale)], [0, scale, center[1] * (1 - scale)]])
            # Sampled inversely: each pixel takes in what lies nearer to the centre.
            copy = cv2.warpAffine(smeared, shrink, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            smeared = cv2.addWeighted(smeared, 0.5, copy, 0.5, 0)
        small = divide_by_weight(np.ascontiguousarray(smeared[..., :3]), np.ascontiguousarray(smeared[..., 3]))
        whole = (small.shape[1] * CELL, small.shape[0] * CELL)
        enlarged = cv2.resize(small, whole, interpolation=cv2.INTER_LINEAR)
        return enlarged[: shot.alpha.shape[0], : shot.alpha.shape[1]]

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.snapped(CELL).grown(CELL)
