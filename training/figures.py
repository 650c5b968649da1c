"""How good a mask is: region overlap J and boundary accuracy F, as DAVIS defines them (Perazzi et al. 2016)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BOUNDARY_TOLERANCE = 0.008  # of the picture's diagonal

Mask = NDArray[np.bool_]


def region_overlap(found: Mask, truth: Mask) -> float:
    """J: intersection over union of two (H, W) masks; 1 where both are empty."""
    either = np.count_nonzero(found | truth)
    return np.count_nonzero(found & truth) / either if either else 1.0


def boundary_accuracy(found: Mask, truth: Mask) -> float:
    """F: harmonic mean of the precision and recall of a mask's boundary pixels.

    A boundary pixel is right if the other mask has one within the tolerance.

    Args:
        found, truth: (H, W).

    Returns:
        0–1; 1 where neither mask has a boundary, 0 where one alone has.
    """
    height, width = truth.shape
    reach = int(np.ceil(BOUNDARY_TOLERANCE * np.hypot(height, width)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = (x**2 + y**2 <= reach**2).astype(np.uint8)
    edges = [_boundary(mask) for mask in (found, truth)]
    counts = [np.count_nonzero(edge) for edge in edges]
    if not all(counts):
        return float(not any(counts))
    near = [cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in edges]
    precision = np.count_nonzero(edges[0] & near[1]) / counts[0]
    recall = np.count_nonzero(edges[1] & near[0]) / counts[1]
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def deepest_point(mask: Mask) -> tuple[float, float]:
    """The middle of the pixel that lies furthest inside the mask, as (x, y) [px].

    Raises:
        ValueError: the mask is empty.
    """
    if not mask.any():
        raise ValueError("The mask is empty; a mask with at least one pixel is wanted.")
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(x) + 0.5, float(y) + 0.5


def next_click(found: Mask, truth: Mask) -> tuple[tuple[float, float], int]:
    """Where a person would click next: deepest inside the largest error, and whether to add (1) or take away (0)."""
    missed, excess = truth & ~found, found & ~truth
    errors = ((missed, 1), (excess, 0))
    depths = [
        cv2.distanceTransform(np.pad(error, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max()
        for error, _ in errors
    ]
    region, label = errors[int(depths[1] > depths[0])]
    return (deepest_point(region), label) if region.any() else (deepest_point(truth), 1)


def _boundary(mask: Mask) -> Mask:
    """Pixels whose right, lower or lower right neighbour belongs to the other side."""
    edge = np.zeros_like(mask)
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return edge
