"""Lines along the edge of a matte."""

from __future__ import annotations

import cv2
import numpy as np

from effects.effect import Alpha


def draw_edge(alpha: Alpha, *, outer: float, inner: float) -> Alpha:
    """A line along the edge of a matte, smooth to fractions of a pixel.

    Args:
        alpha: (H, W) float32, 0 to 1; its edge is where it is a half.
        outer, inner: how far the line reaches out of the object and into it [px].

    Returns:
        (H, W) float32: how much of the line's colour each pixel takes, 0 to 1.
    """
    distance = signed_distance(alpha)
    return np.clip(np.minimum(outer - distance, distance + inner) + 0.5, 0, 1, dtype=np.float32)


def signed_distance(alpha: Alpha) -> Alpha:
    """How far each pixel lies outside the matte's edge; negative inside [px]. Far away where there is no edge."""
    inside = (alpha >= 0.5).astype(np.uint8)
    # Each pass gives the distance to the nearest pixel of the other side; the edge runs half a pixel before it.
    outwards = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inwards = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.maximum(outwards - 0.5, 0) - np.maximum(inwards - 0.5, 0), np.float32)
