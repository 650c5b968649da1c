"""Cleaning a mask: holes, specks and dents."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box
from effects.effect import Alpha

FRINGE = 3
"""How far the soft edge of a hole or a speck reaches beyond it [px]."""


def clean(
    mask: NDArray[np.bool_], *, holes: float = 0, specks: float = 0, is_convex: bool = False
) -> NDArray[np.bool_]:
    """Fill holes and remove specks up to a size, and, if wanted, fill every part of the object up to its convex hull.

    Args:
        mask: (H, W).
        holes: the largest hole that is filled [px²]; what touches the frame's border is no hole.
        specks: the largest speck that is removed [px²]; the object's largest part always stays.
        is_convex: whether dents are filled, each part of the object by itself.

    Returns:
        (H, W), a new array.
    """
    cleaned = mask.copy()
    box = Box.around(mask).grown(1).clipped((mask.shape[0], mask.shape[1]))
    if box.is_empty:
        return cleaned
    part = np.ascontiguousarray(mask[box.slices], np.uint8)
    if specks > 0:
        part = _without_specks(part, specks)
    if holes > 0:
        part = _without_holes(part, holes)
    if is_convex:
        outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for outline in outlines:
            cv2.fillConvexPoly(part, cv2.convexHull(outline), (1,))
    cleaned[box.slices] = part > 0
    return cleaned


def clean_alpha(alpha: Alpha, *, holes: float = 0, specks: float = 0) -> Alpha:
    """Clean a matte as `clean` does a mask; its edge stays as soft as it is.

    Args:
        alpha: (H, W) float32, 0 to 1.
        holes, specks: as for `clean` [px²].

    Returns:
        (H, W) float32; `alpha` itself where nothing is to be cleaned.
    """
    inside = alpha >= 0.5
    cleaned = clean(inside, holes=holes, specks=specks)
    changed = cleaned != inside
    if not changed.any():
        return alpha
    around = np.ones((2 * FRINGE + 1, 2 * FRINGE + 1), np.uint8)
    filled, removed = (cv2.dilate((changed & each).view(np.uint8), around) > 0 for each in (cleaned, inside))
    result = alpha.copy()
    result[filled & cleaned] = 1
    result[removed & ~cleaned] = 0
    return result


def _without_specks(part: NDArray[np.uint8], largest: float) -> NDArray[np.uint8]:
    _, labels, facts, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    areas = facts[:, cv2.CC_STAT_AREA]
    stays = areas > largest
    stays[0] = False  # the background
    stays[1 + areas[1:].argmax()] = True
    return stays.astype(np.uint8)[labels]


def _without_holes(part: NDArray[np.uint8], largest: float) -> NDArray[np.uint8]:
    _, labels, facts, _ = cv2.connectedComponentsWithStats(1 - part, connectivity=4)
    x, y, width, height = (facts[:, each] for each in range(4))
    touches = (x == 0) | (y == 0) | (x + width == part.shape[1]) | (y + height == part.shape[0])
    fills = (facts[:, cv2.CC_STAT_AREA] <= largest) & ~touches
    fills[0] = True  # the object
    return fills.astype(np.uint8)[labels]
