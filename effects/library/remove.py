"""Remove: the object is taken out, and what is behind it shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.background_fill import fill_hole
from effects.box import Box, Size
from effects.effect import Drawing, Effect, Shot, setting

_AROUND = 40
"""How much beyond the hole is looked at to find the same place in other frames [px]."""


@dataclass(frozen=True)
class Remove(Effect):
    """Takes the object out: shows what other frames saw behind it, and makes up what none did.

    Good where the camera stands still or pans and the object moves on. What it cannot do: shadows and reflections
    outside the mask stay; behind an object that never moves away the picture is only continued from its edges, which
    shows; grounds at very different depths do not meet exactly under a moving camera.
    """

    draws_around: ClassVar[bool] = True
    looks_around: ClassVar[bool] = True

    margin: float = setting(10.0, low=0, high=100, unit="px", label="Take away around it")
    reach: float = setting(3.0, low=0, high=20, unit="s", label="Look so far before and after")

    def apply(self, shot: Shot) -> Drawing:
        size = 2 * math.ceil(self.margin) + 1
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        whole = np.asarray(cv2.dilate((shot.alpha > 0.02).astype(np.uint8) * 255, brush))
        near = Box.around(whole).grown(_AROUND).clipped(whole.shape)
        hole, alpha = whole[near.slices], shot.alpha[near.slices]
        reach = round(self.reach * shot.footage.fps)
        area = near.moved(*shot.corner)
        filled = fill_hole(shot.pixels[near.slices], hole, area, shot.footage, shot.index, reach)
        # The seam lies in the outer half of the margin, where both pictures show the ground.
        inner = cv2.erode(hole, np.ones((3, 3), np.uint8), iterations=max(1, round(self.margin / 3)))
        sigma = max(self.margin / 6, 0.5)
        seam = cv2.GaussianBlur(inner.astype(np.float32) / 255, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        shown = np.where(hole > 0, np.clip(np.maximum(seam, alpha), 0, 1), 0).astype(np.float32)
        return Drawing(filled, shown, (near.x0, near.y0))

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(math.ceil(self.margin) + _AROUND + 1)
