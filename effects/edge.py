"""Lines along the edge of a matte."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from effects.box import Box
from effects.effect import Alpha

EDGE_SMOOTHING = 1.2
"""Standard deviation [px] by which the staircase of a mask's edge is rounded off; corners lose about as much."""

SMOOTHING_RADIUS = 4
"""How far that smoothing looks [px]."""

EDGE_MARGIN = SMOOTHING_RADIUS + 1
"""How much more than a line's own width a window must hold for the line to be right [px]."""


_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_QUICK_REACH = 16
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
    lines = [np.zeros_like(alpha) for _ in reaches]
    inside = (alpha >= 0.5).view(np.uint8)
    # The frame's border is no edge: beyond it the erosion takes all to be inside.
    rim = cv2.subtract(inside, cv2.erode(inside, _CROSS))
    edge = Box.around(rim)
    if edge.is_empty:
        return lines
    # Further away nothing can be drawn and nothing need be computed.
    furthest = max(max(each) for each in reaches)
    near = edge.grown(math.ceil(furthest) + EDGE_MARGIN).clipped(alpha.shape).slices
    distance = _signed_distance(inside[near], rim[near], furthest + EDGE_MARGIN)
    for line, (outer, inner) in zip(lines, reaches, strict=True):
        here = line[near]
        np.minimum(np.float32(outer + 0.5) - distance, distance + np.float32(inner + 0.5), out=here)
        np.clip(here, 0, 1, out=here)
    return lines


def _signed_distance(inside: np.ndarray, rim: np.ndarray, reach: float) -> Alpha:
    """How far each pixel lies outside a mask's edge, negative inside [px], smoothed a little.

    Args:
        inside: (H, W) uint8, 0 or 1.
        rim: (H, W) uint8, 1 on the outermost pixels inside; there are some.
        reach: up to where the distance must be right [px].
    """
    how = cv2.DIST_MASK_5 if reach <= _QUICK_REACH else cv2.DIST_MASK_PRECISE
    distance = cv2.distanceTransform(1 - rim, cv2.DIST_L2, how)
    # The edge runs half a pixel beyond the outermost pixels.
    stepped = np.where(inside.view(bool), -distance, distance) - np.float32(0.5)
    size = 2 * SMOOTHING_RADIUS + 1
    return cv2.GaussianBlur(stepped, (size, size), EDGE_SMOOTHING, borderType=cv2.BORDER_REPLICATE)
