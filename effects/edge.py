"""Lines along the edge of a matte."""

from __future__ import annotations

import math

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


def draw_edge(alpha: Alpha, *, outer: float, inner: float) -> Alpha:
    """A line along the edge of a matte, smooth to fractions of a pixel.

    Args:
        alpha: (H, W) float32, 0 to 1; its edge is where it is a half. The frame's border is no edge.
        outer, inner: how far the line reaches out of the object and into it [px].

    Returns:
        (H, W) float32: how much of the line's colour each pixel takes, 0 to 1.
    """
    line = np.zeros_like(alpha)
    inside = (alpha >= 0.5).astype(np.uint8)
    edge = Box.around(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    if edge.is_empty:
        return line
    # Further away nothing can be drawn and nothing need be computed.
    near = edge.grown(math.ceil(max(outer, inner)) + EDGE_MARGIN).clipped(alpha.shape).slices
    distance = signed_distance(inside[near])
    line[near] = np.clip(np.minimum(outer - distance, distance + inner) + 0.5, 0, 1)
    return line


def signed_distance(inside: np.ndarray) -> Alpha:
    """How far each pixel lies outside a mask's edge, negative inside [px]; exact, then smoothed a little.

    Args:
        inside: (H, W) uint8, 0 or 1, with both somewhere.
    """
    # Each pass gives the distance to the nearest pixel of the other side; the edge runs half a pixel before it.
    outwards = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inwards = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    stepped = outwards - inwards + np.where(inside, np.float32(0.5), np.float32(-0.5))
    size = 2 * SMOOTHING_RADIUS + 1
    return cv2.GaussianBlur(stepped, (size, size), EDGE_SMOOTHING, borderType=cv2.BORDER_REPLICATE)
