"""Lines along the edge of a matte."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.effect import Alpha

EDGE_MARGIN = 5
"""How much more than a line's own width a window must hold for the line to be right [px]."""

_SHIFT = 4
"""Bits of a pixel's fraction that OpenCV's drawing functions take."""

_SPREAD = 0.69
"""By so much OpenCV's smooth shapes are wider on each side than asked, its lines than half their width [px]."""

_TOLERANCE = 0.25
"""How far a line may be off its way, so that it needs but a few corners [px]."""

_TAPS = 4
_SMOOTHING = np.exp(-0.5 * (np.arange(-_TAPS, _TAPS + 1, dtype=np.float32) / 1.5) ** 2)
_SMOOTHING /= _SMOOTHING.sum()
"""Weights of a pixel of the edge and its neighbours along it: the staircase of a mask's edge is rounded off."""

_SHORT = 12
"""An edge of fewer pixels is too small to have a staircase [px]."""


def draw_edge(alpha: Alpha, *, outer: float, inner: float) -> Alpha:
    """A line along the edge of a matte, smooth to fractions of a pixel.

    Args:
        alpha: (H, W) float32, 0 to 1; its edge is where it is a half. The frame's border is no edge.
        outer, inner: how far the line reaches out of the object and into it [px].

    Returns:
        (H, W) float32: how much of the line's colour each pixel takes, 0 to 1.
    """
    return draw_edges(alpha, ((outer, inner),))[0]


def draw_edges(alpha: Alpha, reaches: Sequence[tuple[float, float]]) -> list[Alpha]:
    """Several lines along the same edge, each with its own (outer, inner) reach as in `draw_edge`."""
    size = alpha.shape[0], alpha.shape[1]
    ways = _trace((alpha >= 0.5).view(np.uint8), math.ceil(max(max(each) for each in reaches)) + EDGE_MARGIN)
    if not ways:
        return [np.zeros_like(alpha) for _ in reaches]
    # The pixels' middles, along which a way runs, lie half a pixel inside the edge.
    both = [(_grow(ways, size, outer + 0.5), _grow(ways, size, 0.5 - inner)) for outer, inner in reaches]
    return [cv2.subtract(whole, core) * np.float32(1 / 255) for whole, core in both]


def _trace(inside: NDArray[Any], beyond: int) -> list[NDArray[Any]]:
    """The ways around a mask and its holes, each (N, 2) float32 of x and y, smoothed, and as few points as needed.

    Args:
        inside: (H, W) uint8, 0 or 1.
        beyond: how far the object is taken to go on beyond the frame, so that no way runs along the border [px].
    """
    wide = cv2.copyMakeBorder(inside, beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE)
    found, _ = cv2.findContours(wide, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(-beyond, -beyond))
    return [_straighten(each) for each in found]


def _straighten(contour: NDArray[Any]) -> NDArray[Any]:
    points = contour[:, 0].astype(np.float32)
    if len(points) < _SHORT:
        return points
    around = np.concatenate([points[-_TAPS:], points, points[:_TAPS]])
    smooth = cv2.sepFilter2D(around, -1, np.ones(1, np.float32), _SMOOTHING)[_TAPS:-_TAPS]
    return cv2.approxPolyDP(smooth[:, None], _TOLERANCE, True)[:, 0]


def _grow(ways: list[NDArray[Any]], size: tuple[int, int], reach: float) -> NDArray[Any]:
    """All that lies inside the ways, and up to `reach` [px] beyond them, or less where negative: (H, W) uint8."""
    mask = np.zeros(size, np.uint8)
    # OpenCV's smooth lines are of whole pixels; for the fraction the way itself is moved.
    steps = max(round(abs(reach) - _SPREAD), 0)
    rest = reach - math.copysign(steps + _SPREAD, reach if steps > 0 else 1)
    points = [np.rint(_moved(each, rest) * 2**_SHIFT).astype(np.int32) for each in ways]
    cv2.fillPoly(mask, points, 255, cv2.LINE_AA, _SHIFT)
    if steps > 0:
        cv2.polylines(mask, points, True, 255 if reach > 0 else 0, 2 * steps, cv2.LINE_AA, _SHIFT)
    return mask


def _moved(way: NDArray[Any], distance: float) -> NDArray[Any]:
    """A way moved by a distance of less than a pixel, outwards or, where negative, inwards."""
    along = np.roll(way, -1, axis=0) - way
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    both = along + np.roll(along, 1, axis=0)
    both /= np.maximum((both * both).sum(axis=1) / 2, 0.5)[:, None]  # at a corner further than the sides themselves
    return way + np.float32(distance) * np.stack([-both[:, 1], both[:, 0]], axis=1)
