"""The camera's own motion: how the ground moves from one frame to the next, apart from the objects on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Motion = NDArray[Any]
"""(3, 3) float64: takes a point (x, y, 1) of one frame to where that piece of ground is in another."""

STILL: Motion = np.eye(3)

_LONGEST_SIDE = 480
"""Motion is measured at this size [px]: finer detail tells little more about the camera."""
_CORNERS = 240
_FEWEST = 10
"""Fewer corners that agree are taken for chance."""


def measure_step(
    before: NDArray[Any], after: NDArray[Any], objects: Mapping[int, NDArray[Any]] | None = None
) -> Motion:
    """How the ground moves from a frame to a later one, as shift, turn and zoom.

    Corners are followed by optical flow; the motion on which most of them agree is the camera's.

    Args:
        before, after: (H, W, 3) uint8 of both frames.
        objects: the objects' masks in `before`, whose corners are not asked.

    Returns:
        `STILL` where the picture shows too little to tell.
    """
    scale = min(1.0, _LONGEST_SIDE / max(before.shape[:2]))
    size = max(2, round(before.shape[1] * scale)), max(2, round(before.shape[0] * scale))
    first, second = (_grey(each, size) for each in (before, after))
    ground = _ground(objects or {}, size)
    corners = cv2.goodFeaturesToTrack(first, _CORNERS, 0.01, 7, mask=ground)
    if corners is None or len(corners) < _FEWEST:
        return STILL
    corners, followed = follow_corners(first, second, corners, levels=4)
    if len(corners) < _FEWEST:
        return STILL
    matrix, agree = cv2.estimateAffinePartial2D(
        corners, followed, method=cv2.RANSAC, ransacReprojThreshold=1.0, confidence=0.995
    )
    if matrix is None or agree.sum() < _FEWEST:
        return STILL
    shrink = np.diag((size[0] / before.shape[1], size[1] / before.shape[0], 1.0))
    return np.linalg.inv(shrink) @ np.vstack([matrix, (0, 0, 1)]) @ shrink


def follow_corners(
    before: NDArray[Any], after: NDArray[Any], corners: NDArray[Any], *, levels: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Follow corners from one grey picture into another by optical flow (Lucas and Kanade, in a pyramid).

    Args:
        before, after: (H, W) uint8.
        corners: (N, 1, 2) float32 points of `before` [px].
        levels: of the pyramid: with each one corners may go twice as far.

    Returns:
        The corners that were found again, and where they are in `after`.
    """
    guess: Any = None  # OpenCV's own types know nothing of it, and its documentation asks for it
    followed, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, guess, winSize=(21, 21), maxLevel=levels)
    kept = found.ravel() == 1
    return corners[kept], followed[kept]


def moved_points(motion: Motion, points: NDArray[Any]) -> NDArray[Any]:
    """Points (N, 2) carried along by a motion."""
    carried = np.column_stack([points, np.ones(len(points))]) @ motion.T
    return np.asarray(carried[:, :2] / carried[:, 2:])


def is_still(motion: Motion, size: tuple[int, int]) -> bool:
    """Whether a motion moves no corner of a (height, width) frame by more than a third of a pixel."""
    corners = np.array([(0, 0), (size[1], 0), (0, size[0]), (size[1], size[0])], float)
    return bool(np.abs(moved_points(motion, corners) - corners).max() <= 0.35)


def _grey(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    return _shrink(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), size)  # one channel is shrunk instead of three


def _shrink(values: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """(H, W) uint8 to (width, height), by halves as far as they go: ten times as fast as by averaging at once."""
    while values.shape[1] >= 2 * size[0] and values.shape[0] >= 2 * size[1]:
        half = values.shape[1] // 2, values.shape[0] // 2
        values = np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))


def _ground(objects: Mapping[int, NDArray[Any]], size: tuple[int, int]) -> NDArray[Any]:
    """Where no object is, (h, w) uint8 of 0 and 255."""
    ground = np.full(size[::-1], 255, np.uint8)
    for mask in objects.values():
        small = cv2.resize((mask > 0).view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        ground[cv2.dilate(small, np.ones((9, 9), np.uint8)) > 0] = 0
    return ground
