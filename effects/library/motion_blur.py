"""Motion blur: as if the camera had swept past."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import divide_by_weight, enlarge, sum_blocks


@dataclass(frozen=True)
class MotionBlur(Effect):
    """Smears the picture along one direction, as a sweeping camera does."""

    length: float = setting(60.0, low=0, high=300, unit="px")
    angle: float = setting(0.0, low=-90, high=90, unit="°")

    def apply(self, shot: Shot) -> Pixels:
        """The picture is turned so that the direction lies level, averaged along its rows, and turned back."""
        if self.length < 2:
            return shot.pixels
        cell = self._cell()
        weighted, weight = sum_blocks(shot.pixels, shot.alpha, cell, shot.full_beyond)
        both = cv2.merge([*cv2.split(weighted), weight])
        turn, back, size = self._turn(both.shape[:2], (shot.corner[0] // cell, shot.corner[1] // cell))
        level = cv2.warpAffine(both, turn, size, flags=cv2.INTER_LINEAR)
        reach = max(1, round(self.length / cell))
        level = cv2.blur(level, (2 * (reach // 2) + 1, 1), borderType=cv2.BORDER_CONSTANT)
        smeared = cv2.warpAffine(level, back, both.shape[1::-1], flags=cv2.INTER_LINEAR)
        small = divide_by_weight(np.ascontiguousarray(smeared[..., :3]), np.ascontiguousarray(smeared[..., 3]))
        return enlarge(small, cell, shot.alpha.shape)

    def window(self, box: Box, frame_size: Size) -> Box:
        cell = self._cell()
        return box.snapped(cell).grown(2 * cell)

    def _cell(self) -> int:
        """By how much the picture is made smaller first [px]: across the sweep it must stay sharp."""
        return 1 if self.length < 12 else 2 if self.length < 100 else 3

    def _turn(self, size: Size, corner: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
        """There and back, about the frame's first pixel, so that a window falls on the same lattice; and the size."""
        turn = math.radians(self.angle)
        rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        far = np.array([[x, y] for x in (0, size[1]) for y in (0, size[0])], float) + corner
        turned = far @ rotation.T
        low = np.floor(turned.min(axis=0)) - 1
        extent = np.ceil(turned.max(axis=0) - low).astype(int) + 2
        there = np.hstack([rotation, (rotation @ corner - low)[:, None]])
        back = np.hstack([rotation.T, (rotation.T @ low - corner)[:, None]])
        return there, back, (int(extent[0]), int(extent[1]))
