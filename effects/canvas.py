"""A transparent canvas somewhere on the frame: shapes, words and pictures on it become one `Drawing`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box
from effects.color import Color
from effects.effect import Alpha, Drawing, Shot

Point = tuple[float, float]

SHIFT = 4
"""Bits of a pixel's fraction that OpenCV's drawing functions are given."""
_TILE = 64
"""Tiles of this size [px] are computed, those with nothing in them left out."""

NOTHING = Drawing(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.float32))
"""What an effect returns that has nothing to draw on this frame."""


class Canvas:
    """Colours and how much of them there is, in a box of the frame; all points are `(x, y)` [px of the frame]."""

    def __init__(self, shot: Shot, x0: float, y0: float, x1: float, y1: float) -> None:
        """Cover the part of a box that lies in the shot; what is drawn elsewhere is lost."""
        wanted = Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))
        x, y = shot.corner
        self.box = wanted.moved(-x, -y).clipped((shot.pixels.shape[0], shot.pixels.shape[1])).moved(x, y)
        height, width = self.box.size if not self.box.is_empty else (0, 0)
        self._corner = (self.box.x0 - x, self.box.y0 - y)
        self._color = np.zeros((height, width, 3), np.float32)  # already times alpha
        self._alpha = np.zeros((height, width), np.float32)

    def drawing(self) -> Drawing:
        """What was laid on the canvas."""
        if self._alpha.size == 0:
            return NOTHING
        pixels = np.zeros(self._color.shape, np.uint8)
        for tile in _tiles(self._alpha):
            weight = cv2.merge([np.maximum(self._alpha[tile], 1e-6)] * 3)
            pixels[tile] = cv2.convertScaleAbs(cv2.divide(self._color[tile], weight))
        return Drawing(pixels, np.minimum(self._alpha, 1), self._corner)

    def paint(self, matte: Alpha, color: Color | NDArray[Any], corner: tuple[int, int]) -> None:
        """Lay a colour, or a picture (h, w, 3), over what is there, by a matte (h, w) of 0 to 1.

        Args:
            matte: how much of it shows.
            color: `(r, g, b)`, or colours for each pixel, not multiplied by the matte.
            corner: (x, y) of the matte's first pixel [px of the frame].
        """
        place = Box(*corner, corner[0] + matte.shape[1], corner[1] + matte.shape[0])
        x, y = self.box.x0, self.box.y0
        here = place.moved(-x, -y).clipped(self._alpha.shape)
        if here.is_empty:
            return
        part = here.moved(x - corner[0], y - corner[1]).slices
        matte, below, covered = matte[part], self._color[here.slices], self._alpha[here.slices]
        picture = None if isinstance(color, tuple) else color[part]
        for tile in _tiles(matte):
            weight = matte[tile]
            left = 1 - weight
            if picture is None:
                added = cv2.merge([weight * np.float32(channel) for channel in color])
            else:
                added = cv2.multiply(picture[tile], cv2.merge([weight] * 3), dtype=cv2.CV_32F)
            below[tile] = cv2.add(cv2.multiply(below[tile], cv2.merge([left] * 3)), added)
            covered[tile] = covered[tile] * left + weight

    def polygon(self, points: Sequence[Point], color: Color, opacity: float = 1.0) -> None:
        """A filled polygon with smooth edges."""
        self._fill(points, 1, lambda mask, moved: cv2.fillPoly(mask, [moved], 255, cv2.LINE_AA, SHIFT), color, opacity)

    def disc(self, center: Point, radius: float, color: Color, opacity: float = 1.0) -> None:
        """A filled circle."""
        around = [(center[0] - radius, center[1] - radius), (center[0] + radius, center[1] + radius)]
        size = round(radius * 2**SHIFT)

        def draw(mask: NDArray[Any], moved: NDArray[Any]) -> None:
            middle = moved.mean(axis=0).round().astype(int)
            cv2.circle(mask, (int(middle[0]), int(middle[1])), size, 255, -1, cv2.LINE_AA, SHIFT)

        self._fill(around, 2, draw, color, opacity)

    def line(self, points: Sequence[Point], width: float, color: Color, opacity: float = 1.0) -> None:
        """A line through points, of any width [px], with round ends and joints."""

        def draw(mask: NDArray[Any], moved: NDArray[Any]) -> None:
            draw_line(mask, moved / 2**SHIFT, width)

        self._fill(points, width / 2 + 2, draw, color, opacity)

    def plate(self, x0: float, y0: float, x1: float, y1: float, radius: float, color: Color, opacity: float) -> None:
        """A filled rectangle with round corners."""
        self.polygon(round_rectangle(x0, y0, x1, y1, radius), color, opacity)

    def shadow(self, points: Sequence[Point], softness: float, opacity: float) -> None:
        """A soft dark shape below what comes next; softness [px]."""

        def draw(mask: NDArray[Any], moved: NDArray[Any]) -> None:
            cv2.fillPoly(mask, [moved], 255, cv2.LINE_AA, SHIFT)
            cv2.GaussianBlur(mask, (0, 0), max(softness / 2, 0.5), dst=mask, borderType=cv2.BORDER_CONSTANT)

        self._fill(points, 2 * softness + 2, draw, (0, 0, 0), opacity)

    def _fill(self, points: Sequence[Point], margin: float, draw: Any, color: Color, opacity: float) -> None:
        """Let `draw` fill a small mask around points, and paint by it."""
        xs, ys = [each[0] for each in points], [each[1] for each in points]
        around = Box(
            math.floor(min(xs) - margin),
            math.floor(min(ys) - margin),
            math.ceil(max(xs) + margin) + 1,
            math.ceil(max(ys) + margin) + 1,
        )
        seen = Box(
            max(around.x0, self.box.x0 - 64),
            max(around.y0, self.box.y0 - 64),
            min(around.x1, self.box.x1 + 64),
            min(around.y1, self.box.y1 + 64),
        )
        if seen.is_empty:
            return
        mask = np.zeros(seen.size, np.uint8)
        # OpenCV counts from the middle of a pixel, we from its edge.
        moved = in_fractions(np.array(points, float) - (seen.x0 + 0.5, seen.y0 + 0.5))
        draw(mask, moved)
        self.paint(mask * np.float32(opacity / 255), color, (seen.x0, seen.y0))


def _tiles(matte: Alpha) -> Iterator[tuple[slice, slice]]:
    """The tiles of a matte with anything in them: most of what a thin line's box holds is empty."""
    height, width = matte.shape
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            tile = slice(top, top + _TILE), slice(left, left + _TILE)
            if cv2.hasNonZero(matte[tile]):
                yield tile


def in_fractions(points: NDArray[Any]) -> NDArray[Any]:
    """Points [px] as OpenCV's drawing functions take them with `SHIFT`: int32, in parts of a pixel."""
    return np.rint(points * 2**SHIFT).astype(np.int32)


def draw_line(mask: NDArray[Any], points: NDArray[Any], width: float) -> None:
    """Draw a line of fractional width with round joints into a mask (H, W) uint8; points (N, 2), pixel middles at 0."""
    fixed = in_fractions(points)
    for start, end in pairwise(points):
        along = end - start
        length = math.hypot(*along)
        if length > 1e-6:
            side = np.array((-along[1], along[0])) * (width / 2 / length)
            corners = np.stack([start + side, end + side, end - side, start - side])
            cv2.fillPoly(mask, [in_fractions(corners)], 255, cv2.LINE_AA, SHIFT)
    for x, y in fixed:
        cv2.circle(mask, (int(x), int(y)), max(round(width / 2 * 2**SHIFT), 1), 255, -1, cv2.LINE_AA, SHIFT)


def round_rectangle(x0: float, y0: float, x1: float, y1: float, radius: float, steps: int = 8) -> list[Point]:
    """The corner points of a rectangle whose corners are arcs."""
    radius = max(0.0, min(radius, (x1 - x0) / 2, (y1 - y0) / 2))
    right, low = x1 - radius, y1 - radius
    left, high = x0 + radius, y0 + radius
    turns = np.arange(steps + 1) / steps * (np.pi / 2)
    return [
        (x + radius * math.cos(turn + quarter * np.pi / 2), y + radius * math.sin(turn + quarter * np.pi / 2))
        for quarter, (x, y) in enumerate(((right, low), (left, low), (left, high), (right, high)))
        for turn in turns
    ]
