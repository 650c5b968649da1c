"""Lines along the edge of a matte."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

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

_CRISP = np.clip(np.rint((np.arange(256) - 38) * (255 / (255 - 2 * 38))), 0, 255).astype(np.uint8)
"""OpenCV's smooth edges fade over nearly a pixel and a half; so stretched, over one, and a whole pixel is whole."""

_TOLERANCE = 0.1
"""How far a line may be off its way, so that it needs but a few corners [px]."""

_TAPS = 4
_SMOOTHING = np.exp(-0.5 * (np.arange(-_TAPS, _TAPS + 1, dtype=np.float32) / 1.5) ** 2)
_SMOOTHING /= _SMOOTHING.sum()
"""Weights of a pixel of the edge and its neighbours along it: the staircase of a mask's edge is rounded off."""

_SHORT = 12
"""An edge of fewer pixels is too small to have a staircase [px]."""

ROUGH = 1 / 32
"""Where more than so many of the pixels have another at their side, as in noise, there are too many ways to follow."""

_REACH_OF_MASK_5 = 16
"""Up to so far from the edge [px] the quick distances of OpenCV are off by less than an eighth of a pixel."""


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
    inside = (alpha >= 0.5).view(np.uint8)
    furthest = max(max(each) for each in reaches)
    if cv2.countNonZero(cv2.absdiff(inside[:, 1:], inside[:, :-1])) > ROUGH * inside.size:
        distance = _signed_distance(inside, furthest + EDGE_MARGIN)
        return [
            np.clip(np.minimum(outer + 0.5 - distance, distance + inner + 0.5), 0, 1, dtype=np.float32)
            for outer, inner in reaches
        ]
    ways = _trace(inside, math.ceil(furthest) + EDGE_MARGIN)
    if ways is None:
        return [np.zeros_like(alpha) for _ in reaches]
    # The pixels' middles, along which a way runs, lie half a pixel inside the edge.
    both = [(_grow(ways, size, outer + 0.5), _grow(ways, size, 0.5 - inner)) for outer, inner in reaches]
    return [cv2.subtract(whole, core) * np.float32(1 / 255) for whole, core in both]


def _signed_distance(inside: NDArray[Any], reach: float) -> Alpha:
    """How far each pixel lies outside a mask's edge, negative inside, right up to `reach` [px]: (H, W) float32.

    What takes as long for any mask; along a smooth edge the ways are several times as quick.
    """
    how = cv2.DIST_MASK_5 if reach <= _REACH_OF_MASK_5 else cv2.DIST_MASK_PRECISE
    outwards, inwards = (cv2.distanceTransform(each, cv2.DIST_L2, how) for each in (1 - inside, inside))
    # From middle to middle of a pixel is half a pixel more than to the edge, on either side.
    stepped = outwards - inwards + (inside - np.float32(0.5))
    return cv2.GaussianBlur(stepped, (9, 9), 1.2, borderType=cv2.BORDER_REPLICATE)


class _Ways(NamedTuple):
    """The ways around a mask and its holes, one after the other.

    Attributes:
        points: (N, 2) x and y [px].
        outwards: (N, 2): where each point goes when the mask grows by 1 px.
        stops: behind which points a way ends, but for the last.
    """

    points: NDArray[Any]
    outwards: NDArray[Any]
    stops: NDArray[Any]


def _trace(inside: NDArray[Any], beyond: int) -> _Ways | None:
    """The ways around a mask, smoothed and of as few points as needed; None where it has no edge at all.

    Args:
        inside: (H, W) uint8, 0 or 1.
        beyond: how far the object is taken to go on beyond the frame, so that no way runs along the border [px].
    """
    wide = cv2.copyMakeBorder(inside, beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE)
    found, _ = cv2.findContours(wide, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(-beyond, -beyond))
    if not found:
        return None
    ways = [_straighten(each[:, 0]) for each in found]
    points = np.concatenate(ways).astype(np.float32)
    ends = np.cumsum([len(each) for each in ways])
    starts = np.concatenate([[0], ends[:-1]])
    after, before = np.arange(1, len(points) + 1), np.arange(-1, len(points) - 1)
    after[ends - 1], before[starts] = starts, ends - 1
    along = points[after] - points
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    both = along + along[before]
    both /= np.maximum((both * both).sum(axis=1) / 2, 0.5)[:, None]  # at a corner further than the sides themselves
    return _Ways(points, np.stack([-both[:, 1], both[:, 0]], axis=1), ends[:-1])


def _straighten(points: NDArray[Any]) -> NDArray[Any]:
    if len(points) < _SHORT:
        return points
    around = np.concatenate([points[-_TAPS:], points, points[:_TAPS]]).astype(np.float32)
    smooth = cv2.sepFilter2D(around, -1, np.ones(1, np.float32), _SMOOTHING)[_TAPS:-_TAPS]
    return cv2.approxPolyDP(smooth[:, None], _TOLERANCE, True)[:, 0]


def _grow(ways: _Ways, size: tuple[int, int], reach: float) -> NDArray[Any]:
    """All that lies inside the ways, and up to `reach` [px] beyond them, or less where negative: (H, W) uint8."""
    mask = np.zeros(size, np.uint8)
    # OpenCV's smooth lines are of whole pixels; for the fraction the way itself is moved.
    steps = max(round(abs(reach) - _SPREAD), 0)
    rest = reach - math.copysign(steps + _SPREAD, reach if steps > 0 else 1)
    moved = np.rint((ways.points + np.float32(rest) * ways.outwards) * 2**_SHIFT).astype(np.int32)
    points = np.split(moved, ways.stops)
    cv2.fillPoly(mask, points, 255, cv2.LINE_AA, _SHIFT)
    if steps > 0:
        cv2.polylines(mask, points, True, 255 if reach > 0 else 0, 2 * steps, cv2.LINE_AA, _SHIFT)
    return np.asarray(cv2.LUT(mask, _CRISP))
