"""Magnifier: the object again, larger, in a corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.canvas import NOTHING, Canvas, Point, round_rectangle
from effects.effect import Drawing, Effect, Shot, setting

_CORNERS = {"top right": (1, 0), "top left": (0, 0), "bottom right": (1, 1), "bottom left": (0, 1)}


@dataclass(frozen=True)
class Magnifier(Effect):
    """Shows the object enlarged in an inset that stays in its corner."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    looks_around: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    size: float = setting(0.42, low=0.1, high=0.9, label="Height beside the frame's")
    zoom: float = setting(1.0, low=0.3, high=6, label="Zoom (1: the whole object)")
    corner: str = setting("top right", choices=tuple(_CORNERS))
    shape: str = setting("round", choices=("round", "square"))
    border: float = setting(4.0, low=0, high=30, unit="px")
    color: str = setting("#ffffff")
    smoothing: float = setting(0.8, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        place = shot.place(self.smoothing)
        if place is None:
            return NOTHING
        height, width = shot.frame_size
        side = self.size * min(height, width)
        edge = 0.04 * min(height, width) + self.border
        right, low = _CORNERS[self.corner]
        x, y = (width - side - edge if right else edge), (height - side - edge if low else edge)
        canvas = Canvas(shot, x - edge, y - edge, x + side + edge, y + side + edge)
        radius = side / 2 if self.shape == "round" else side * 0.08
        wide = side + self.border
        rim = round_rectangle(x - self.border, y - self.border, x + wide, y + wide, radius + self.border, 24)
        canvas.shadow([(a, b + edge * 0.2) for a, b in rim], edge * 0.5, 0.5)
        if self.border > 0:
            canvas.polygon(rim, shot.paint(self.color))
        # Always larger than life: what is large itself is then shown in part.
        zoom = max(0.9 * self.zoom * side / max(place.width, place.height, 1.0), 1.25)
        outline = round_rectangle(x, y, x + side, y + side, radius, 24)
        self._paint_inset(canvas, shot, place.middle, zoom, outline)
        return canvas.drawing()

    def _paint_inset(self, canvas: Canvas, shot: Shot, center: Point, zoom: float, outline: list[Point]) -> None:
        """Cut the surroundings of `center` out of the shot, enlarged, and paint them into the outline."""
        low, high = np.min(outline, axis=0), np.max(outline, axis=0)
        corner = np.floor(low).astype(int)
        size = np.ceil(high).astype(int) - corner
        middle = (low + high) / 2 - corner
        reach = size / (2 * zoom)
        # What is beyond the frame cannot be shown: the cut stays inside.
        frame = np.array(shot.frame_size[::-1], float)
        seen = np.clip(center, np.minimum(reach, frame / 2), np.maximum(frame - reach, frame / 2)) - shot.corner
        shift = middle - 0.5 - zoom * (seen - 0.5)
        matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        inset = cv2.warpAffine(
            shot.pixels, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        mask = np.zeros((int(size[1]), int(size[0])), np.uint8)
        points = np.round((np.array(outline) - corner - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
        canvas.paint(mask / np.float32(255), np.asarray(inset), (int(corner[0]), int(corner[1])))
