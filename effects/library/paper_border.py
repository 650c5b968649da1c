"""Paper border: cut out with scissors and glued on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import mix, plain
from effects.box import Box, Size
from effects.edge import EDGE_MARGIN, draw_edge
from effects.effect import Drawing, Effect, Shot, setting


@dataclass(frozen=True)
class PaperBorder(Effect):
    """Makes a sticker of the object: a broad paper rim and a small shadow under it."""

    draws_around: ClassVar[bool] = True

    width: float = setting(12.0, low=2, high=60, unit="px")
    color: str = setting("#ffffff")
    shadow: float = setting(0.45, low=0, high=1)

    def apply(self, shot: Shot) -> Drawing:
        rim = draw_edge(shot.alpha, outer=self.width, inner=1)
        paper = np.maximum(rim, shot.alpha)
        drop = max(2, round(self.width / 3))
        moved = cv2.warpAffine(paper, np.array([[1.0, 0, drop * 0.6], [0, 1, drop]]), paper.shape[::-1])
        size = 4 * drop + 1
        soft = cv2.GaussianBlur(moved, (size, size), drop * 0.7, borderType=cv2.BORDER_CONSTANT)
        shade = soft * np.float32(self.shadow) * (1 - paper)
        # Shadow and rim are one drawing: the rim's colour where it lies, black elsewhere.
        alpha = np.maximum(rim * (1 - shade), shade)
        height, width = rim.shape
        pixels = mix(plain((0, 0, 0), (height, width)), plain(shot.paint(self.color), (height, width)), rim)
        return Drawing(pixels, alpha)

    def window(self, box: Box, frame_size: Size) -> Box:
        drop = max(2, round(self.width / 3))
        return box.grown(math.ceil(self.width) + EDGE_MARGIN + 4 * drop)
