"""Drop shadow: the object's shadow on what lies behind it, or cast on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import plain
from effects.box import Box, Size
from effects.effect import Alpha, Drawing, Effect, Shot, setting

CELL = 4


@dataclass(frozen=True)
class DropShadow(Effect):
    """Throws the object's shadow on a wall behind it, or along the ground from its feet."""

    draws_around: ClassVar[bool] = True

    kind: str = setting("wall", choices=("wall", "ground"))
    color: str = setting("#000000")
    strength: float = setting(0.6, low=0, high=1)
    distance: float = setting(24.0, low=0, high=200, unit="px")
    angle: float = setting(45.0, low=-180, high=180, unit="°", label="Direction")
    softness: float = setting(14.0, low=0, high=100, unit="px")

    def apply(self, shot: Shot) -> Drawing:
        height, width = shot.alpha.shape
        padded = cv2.copyMakeBorder(shot.alpha, 0, -height % CELL, 0, -width % CELL, cv2.BORDER_CONSTANT)
        grid = padded.shape[1] // CELL, padded.shape[0] // CELL
        small = cv2.resize(padded, grid, interpolation=cv2.INTER_AREA)
        cast = cv2.warpAffine(small, self._cast(shot), grid, flags=cv2.INTER_LINEAR)
        if self.softness > 0:
            sigma = max(self.softness / 2 / CELL, 0.4)
            radius = math.ceil(self.softness * 1.5 / CELL)
            size = 2 * radius + 1
            cast = cv2.GaussianBlur(cast, (size, size), sigma, borderType=cv2.BORDER_CONSTANT)
        shadow = cv2.resize(cast, padded.shape[1::-1], interpolation=cv2.INTER_LINEAR)[:height, :width]
        # The object stands before its shadow.
        return Drawing(
            plain(shot.paint(self.color), (height, width)), shadow * (1 - shot.alpha) * np.float32(self.strength)
        )

    def window(self, box: Box, frame_size: Size) -> Box:
        reach = math.ceil(self.distance + self.softness * 1.5) + 3 * CELL
        if self.kind == "ground":
            reach += max(box.y1 - box.y0, 0)  # as long as the object is tall
        return box.grown(reach).snapped(CELL)

    def _cast(self, shot: Shot) -> Alpha:
        """Where the silhouette falls, in cells: moved aside, or laid down about its feet."""
        turn = math.radians(self.angle)
        if self.kind == "wall":
            x, y = self.distance * math.cos(turn) / CELL, self.distance * math.sin(turn) / CELL
            return np.array([[1, 0, x], [0, 1, y]])
        feet = Box.around(shot.alpha > 0.5).y1 / CELL - 0.5
        # On the ground the shadow is foreshortened; the light decides to which side it leans, and how far.
        lean, flatness = math.cos(turn) * 0.9, -math.sin(turn) * 0.35
        return np.array([[1, lean, -lean * feet], [0, flatness, feet * (1 - flatness)]])
