"""Bounding box: a frame around the object, whole or its corners alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box
from effects.canvas import NOTHING, SHIFT, in_fractions, round_rectangle
from effects.color import Color
from effects.effect import Drawing, Effect, Shot, setting

_DARK = 0.3
"""How dark the rim is that sets the line off from any picture."""

_LEG = 0.22
"""How far a corner's legs reach beyond its arc, as a share of the box's shorter side."""

_CUT = 2
"""How far from where it is cut off a shape must be drawn to be right [px]."""

_TURN = np.linspace(0, np.pi / 2, 9)
_QUARTER = np.stack([np.sin(_TURN), np.cos(_TURN)], axis=1)
"""A quarter of a circle around (0, 0), from below to the right: (N, 2)."""

_Shape = list[NDArray[Any]]
"""Polygons (N, 2) that are filled together: one within the other is a hole."""


@dataclass(frozen=True)
class BoundingBox(Effect):
    """Draws a box around the object, or four corners as a camera's viewfinder does."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True
    sees_place_alone: ClassVar[bool] = True

    style: str = setting("corners", choices=("corners", "box"))
    width: float = setting(4.0, low=1, high=40, unit="px")
    margin: float = setting(10.0, low=-100, high=200, unit="px")
    radius: float = setting(14.0, low=0, high=100, unit="px", label="Round corners")
    color: str = setting("object")
    smoothing: float = setting(0.25, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> list[Drawing]:
        """The line and its dark rim in several small drawings, so that what lies between is not even looked at."""
        place = shot.place(self.smoothing)
        if place is None:
            return [NOTHING]
        x0, y0 = place.x0 - self.margin - shot.corner[0], place.y0 - self.margin - shot.corner[1]
        x1 = max(place.x1 + self.margin - shot.corner[0], x0 + 2)
        y1 = max(place.y1 + self.margin - shot.corner[1], y0 + 2)
        half = self.width / 2
        shapes = _corners if self.style == "corners" else _ring
        lines = shapes((x0, y0, x1, y1), self.radius, half)
        rims = shapes((x0, y0, x1, y1), self.radius, half + max(half / 2, 0.75))
        parts = [_around(each) for each in rims]
        if self.style == "box":
            parts = _strips(parts[0], math.ceil(self.radius + 3 * self.width) + 4)
        size, color = (shot.pixels.shape[0], shot.pixels.shape[1]), shot.paint(self.color)
        seen = [each.clipped(size) for each in parts]
        if any(not one.intersected(other).is_empty for at, one in enumerate(seen) for other in seen[:at]):
            whole = Box(*np.min(parts, axis=0)[:2].tolist(), *np.max(parts, axis=0)[2:].tolist())
            return [_draw(whole.clipped(size), rims, lines, color)]
        if self.style == "box":
            return [_draw(part, rims, lines, color) for part in seen]
        return [_draw(part, [rim], [line], color) for part, rim, line in zip(seen, rims, lines, strict=True)]


def _corners(box: tuple[float, float, float, float], radius: float, half: float) -> list[_Shape]:
    """The outlines of four round corners with legs, their line `half` [px] wide to either side, with round ends."""
    x0, y0, x1, y1 = box
    radius = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    end = radius + min(x1 - x0, y1 - y0) * _LEG
    left_out = np.array((radius, radius)) - (radius + half) * _QUARTER  # from the top to the left
    left_in = np.array((max(radius, half),) * 2) - max(radius - half, 0) * _QUARTER[::-1]
    lower_cap = np.concatenate([_QUARTER[::-1] * (-1, 1), _QUARTER]) * half + (0, end)
    first = np.concatenate([left_out, lower_cap, left_in, lower_cap[::-1, ::-1]])
    return [
        [np.array((x, y)) + first * (across, down)]
        for x, across in ((x0, 1), (x1, -1))
        for y, down in ((y0, 1), (y1, -1))
    ]


def _ring(box: tuple[float, float, float, float], radius: float, half: float) -> list[_Shape]:
    """The outline of the whole box: its outer and its inner side."""
    x0, y0, x1, y1 = box
    radius = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    outer = round_rectangle(x0 - half, y0 - half, x1 + half, y1 + half, radius + half)
    if min(x1 - x0, y1 - y0) <= 2 * half:
        return [[np.array(outer)]]
    inner = round_rectangle(x0 + half, y0 + half, x1 - half, y1 - half, max(radius - half, 0))
    return [[np.array(outer), np.array(inner)]]


def _around(shape: _Shape) -> Box:
    """The box of pixels that a shape touches."""
    low, high = shape[0].min(axis=0), shape[0].max(axis=0)
    return Box(math.floor(low[0]) - 2, math.floor(low[1]) - 2, math.ceil(high[0]) + 2, math.ceil(high[1]) + 2)


def _strips(box: Box, broad: int) -> list[Box]:
    """The four sides of a box, `broad` [px] wide."""
    x0, y0, x1, y1 = box
    left, right = Box(x0, y0 + broad, x0 + broad, y1 - broad), Box(x1 - broad, y0 + broad, x1, y1 - broad)
    return [Box(x0, y0, x1, y0 + broad), Box(x0, y1 - broad, x1, y1), left, right]


def _draw(part: Box, rims: list[_Shape], lines: list[_Shape], color: Color) -> Drawing:
    """What of the rims, and of the lines upon them, lies in a part of the shot."""
    if part.is_empty:
        return NOTHING
    rim, line = (_fill(part, shapes) for shapes in (rims, lines))
    cover = line * np.float32(1 / 255)
    alpha = cover + (1 - cover) * rim * np.float32(_DARK / 255)
    cv2.divide(cover, np.maximum(alpha, np.float32(1e-6)), dst=cover)
    pixels = cv2.convertScaleAbs(cv2.merge([cover * np.float32(channel) for channel in color]))
    return Drawing(pixels, alpha, part.corner)


def _fill(part: Box, shapes: list[_Shape]) -> NDArray[Any]:
    """How much of each pixel of a part the shapes cover: (H, W) uint8."""
    # A smooth edge that is cut off fades where it is cut.
    near = part.grown(_CUT)
    mask = np.zeros(near.size, np.uint8)
    for shape in shapes:
        # OpenCV counts from the middle of a pixel, we from its edge.
        fixed = [in_fractions(each - (near.x0 + 0.5, near.y0 + 0.5)) for each in shape]
        cv2.fillPoly(mask, fixed, 255, cv2.LINE_AA, SHIFT)
    return mask[_CUT:-_CUT, _CUT:-_CUT]
