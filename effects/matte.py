"""From a mask to an alpha matte: grow or shrink it, soften its edge."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box
from effects.effect import Alpha

Mask = NDArray[np.bool_] | NDArray[np.uint8] | NDArray[np.float32]
"""(H, W): bool, or any numbers of which 0 is outside; float32 of 0 to 1 is taken as a matte that is already soft."""


SURE = np.float32(1e-4)
"""An alpha so near to 0 or 1 is that."""


def make_alpha(mask: Mask, *, grow: float = 0.0, feather: float = 0.0) -> Alpha:
    """Make an alpha matte of a mask. Only the mask's surroundings are computed.

    Args:
        mask: (H, W), see `Mask`.
        grow: how far the edge moves outwards, inwards where negative [px].
        feather: over how wide a band alpha falls from 1 to 0, centred on the edge [px].

    Returns:
        (H, W) float32, 0 to 1.
    """
    hard_or_soft = as_alpha(mask)
    if grow == 0 and feather == 0:
        return hard_or_soft
    box = Box.around(hard_or_soft)
    alpha = np.zeros_like(hard_or_soft)
    if box.is_empty:
        return alpha
    reach = math.ceil(max(grow, 0) + feather) + 1
    near = box.grown(reach).clipped(mask.shape).slices
    alpha[near] = soften(move_edge(hard_or_soft[near], grow), feather)
    return alpha


def as_alpha(mask: Mask) -> Alpha:
    """A mask as float32 of 0 and 1; a matte as it is."""
    return np.ascontiguousarray(mask if mask.dtype == np.float32 else mask != 0, np.float32)


def move_edge(alpha: Alpha, grow: float) -> Alpha:
    """Grow a matte by `grow` [px] of exact Euclidean distance, or shrink it where negative; fractions count.

    A soft matte is taken at its half value first and comes back with an edge one pixel wide.
    """
    if grow == 0:
        return alpha
    inside = (alpha >= 0.5).astype(np.uint8)
    # The distance to the nearest pixel of the other side, less the half pixel to the edge between them.
    # Only one side's distances matter, since the edge moves over that side alone.
    if grow > 0:
        if not inside.any():
            return np.zeros_like(alpha)
        outwards = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
        return np.clip(grow - outwards + 0.5, 0, 1, dtype=np.float32)
    if inside.all():
        return alpha  # no edge to move: the object goes on beyond the frame
    inwards = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    return np.clip(inwards + grow + 0.5, 0, 1, dtype=np.float32)


def soften(alpha: Alpha, feather: float) -> Alpha:
    """Soften a matte's edge by a Gaussian, so that alpha falls from 1 to 0 over about `feather` [px]."""
    if feather == 0:
        return alpha
    # 95 % of a Gaussian step lie within four standard deviations.
    sigma = feather / 4
    radius = max(1, math.ceil(feather * 0.75))
    size = 2 * radius + 1
    # The frame's edge is no edge of the object: it goes on there.
    soft = cv2.GaussianBlur(alpha, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    # Rounding leaves a little less than all inside; what is not exactly 0 and 1 there counts as an edge.
    return np.clip((soft - SURE) * np.float32(1 / (1 - 2 * SURE)), 0, 1)
