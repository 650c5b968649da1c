"""Lines along the edge of a matte."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.canvas import SHIFT, in_fractions
from effects.effect import Alpha

EDGE_MARGIN = 5
"""How much more than a line's own width a window must hold for the line to be right [px]."""

_SPREAD = 0.62
"""By so much OpenCV's smooth shapes are wider on each side than asked [px]."""

_FAINT, _FULL = 38, 217
"""OpenCV's smooth edges fade over nearly a pixel and a half; between these over one, and a whole pixel is whole."""

_TOLERANCE = 0.1
"""How far a line may be off its way, so that it needs but a few corners [px]."""

_SHORT = 12
"""An edge of fewer pixels is too small to have a staircase [px]."""

ROUGH = 1 / 32
"""Where more than so many of the pixels have another at their side, as in noise, there are too many ways to follow."""

_BESIDE = 0.42
"""How far the middle of the outermost pixels is from the edge, on the average over all directions [px]."""

_REACH_OF_MASK_5 = 16
"""Up to so far from the edge [px] the quick distances of OpenCV are off by less than an eighth of a pixel."""


def draw_edge(matte: NDArray[Any], *, outer: float, inner: float) -> Alpha:
    """A line along the edge of a matte, smooth to fractions of a pixel.

    Args:
        matte: (H, W) float32, 0 to 1, its edge is where it is a half; or a mask, uint8 of 0 or 1. The frame's border is
            no edge.
        outer, inner: how far the line reaches out of the object and into it [px].

    Returns:
        (H, W) float32: how much of the line's colour each pixel takes, 0 to 1.
    """
    return draw_edges(matte, ((outer, inner),))[0]


def draw_edges(matte: NDArray[Any], reaches: Sequence[tuple[float, float]]) -> list[Alpha]:
    """Several lines along the same edge, each with its own (outer, inner) reach as in `draw_edge`."""
    inside = matte if matte.dtype == np.uint8 else (matte >= 0.5).view(np.uint8)
    size = inside.shape[0], inside.shape[1]
    furthest = max(max(each) for each in reaches)
    if cv2.countNonZero(cv2.absdiff(inside[:, 1:], inside[:, :-1])) > ROUGH * inside.size:
        distance = _signed_distance(inside, furthest + EDGE_MARGIN)
        return [
            np.clip(np.minimum(outer + 0.5 - distance, distance + inner + 0.5), 0, 1, dtype=np.float32)
            for outer, inner in reaches
        ]
    ways = _trace(inside, math.ceil(furthest) + EDGE_MARGIN)
    if ways is None:
        return [np.zeros(size, np.float32) for _ in reaches]
    # The pixels' middles, along which a way runs, lie half a pixel inside the edge.
    both = [(_grow(ways, size, outer + 0.5), _grow(ways, size, 0.5 - inner)) for outer, inner in reaches]
    return [cv2.subtract(whole, core) * np.float32(1 / (_FULL - _FAINT)) for whole, core in both]


def _signed_distance(inside: NDArray[Any], reach: float) -> Alpha:
    """How far each pixel lies outside a mask's edge, negative inside, right up to `reach` [px]: (H, W) float32.

    What takes as long for any mask; along a smooth edge the ways are several times as quick.
    """
    how = cv2.DIST_MASK_5 if reach <= _REACH_OF_MASK_5 else cv2.DIST_MASK_PRECISE
    outwards, inwards = (cv2.distanceTransform(each, cv2.DIST_L2, how) for each in (1 - inside, inside))
    # From middle to middle is half a pixel more than to the edge, along a diagonal but a third: on either side.
    stepped = outwards - inwards + (2 * _BESIDE * inside - np.float32(_BESIDE))
    return cv2.GaussianBlur(stepped, (9, 9), 1.2, borderType=cv2.BORDER_REPLICATE)


class _Ways(NamedTuple):
    """The ways around a mask and its holes, one after the other, a point every pixel or two.

    Attributes:
        points: (N, 2) x and y [px].
        outwards: (N, 2): where each point goes when the mask grows by 1 px.
        stops: behind which points a way ends, but for the last.
    """

    points: NDArray[Any]
    outwards: NDArray[Any]
    stops: NDArray[Any]

    def moved(self, reach: float, tolerance: float) -> list[NDArray[Any]]:
        """All ways `reach` [px] further out, as polygons for OpenCV with corners only where they need some."""
        points = self.points + np.float32(reach) * self.outwards if reach else self.points
        ways = np.split(points, self.stops)
        few = (cv2.approxPolyDP(each, tolerance, True) if len(each) >= _SHORT else each for each in ways)
        return [in_fractions(each) for each in few]


def _trace(inside: NDArray[Any], beyond: int) -> _Ways | None:
    """The ways around a mask, smoothed; None where it has no edge at all.

    Args:
        inside: (H, W) uint8, 0 or 1.
        beyond: how far the object is taken to go on beyond the frame, so that no way runs along the border [px].
    """
    wide = cv2.copyMakeBorder(inside, beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE)
    found, _ = cv2.findContours(wide, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(-beyond, -beyond))
    if not found:
        return None
    ways = [_smooth(each[:, 0]) for each in found]
    points = np.concatenate(ways, dtype=np.float32)
    ends = np.cumsum([len(each) for each in ways])
    starts = np.concatenate([[0], ends[:-1]])
    along = np.empty_like(points)
    along[1:-1] = points[2:] - points[:-2]
    along[starts] = points[(starts + 1) % len(points)] - points[ends - 1]
    along[ends - 1] = points[starts] - points[ends - 2]
    along[starts[ends - starts == 1]] = 0  # the way around a single pixel goes nowhere
    along /= np.maximum(np.sqrt(np.einsum("ij,ij->i", along, along)), 1e-6)[:, None]
    return _Ways(points, np.stack([-along[:, 1], along[:, 0]], axis=1), ends[:-1])


def _smooth(way: NDArray[Any]) -> NDArray[Any]:
    """Round off the staircase of a mask's edge: a Gaussian along the way, of 1.5 px; (N, 2) to half as many."""
    if len(way) < _SHORT:
        return way
    points = way[: len(way) // 2 * 2].astype(np.float32)
    pairs = points[0::2] + points[1::2]
    around = np.concatenate([pairs[-1:], pairs, pairs[:1]])
    return (around[:-2] + around[2:] + 2 * pairs) * np.float32(1 / 8)


def _grow(ways: _Ways, size: tuple[int, int], reach: float) -> NDArray[Any]:
    """All that lies inside the ways, and up to `reach` [px] beyond them, or less where negative.

    Returns:
        (H, W) uint8, `_FAINT` outside to `_FULL` inside.
    """
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, ways.moved(reach - _SPREAD, _TOLERANCE), 255, cv2.LINE_AA, SHIFT)
    # Where a way bends inwards, or meets another, what is moved crosses itself, and counts as outside there.
    width = int(2 * abs(reach) - 2.5)
    if width > 0:
        cv2.polylines(mask, ways.moved(0, 0.5), True, 255 if reach > 0 else 0, width, cv2.LINE_8, SHIFT)
    return np.clip(mask, _FAINT, _FULL)
