"""From a coarse mask to an alpha matte that follows the edges in the picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box, Size
from effects.effect import Alpha, Pixels

FIRM_LOGIT = 4.0
"""Beyond this a logit says no more: interpolating further would let one very sure cell push the edge away."""

GRAIN = 3e-4
"""Variance of luma (0 to 1) under which a patch counts as plain: noise and compression must not draw edges."""

DOUBT_OF_MASK = 0.25
DOUBT_OF_LOGITS = 2.0
"""How little of alpha's course a patch must explain to be heard, see `_guide`. Logits know the edge to a fraction of a
cell, a mask of bools knows nothing within its cells."""

SOFT_WIDTH = 2.5
"""How wide the edge of a matte is at most where nothing else is known [px]."""

KEPT_LOGIT = 8.0
EXACT_STEP = 12.0
"""A network's logits, of which no more than `KEPT_LOGIT` is looked at, rise by 1 to 7 over three cells across the edge;
those of a grid that says exactly how much of each cell is covered rise by nearly all there is."""

STRIP = 32
"""Rows done at a time: some twenty float pictures then stay in the processor's cache, twice as fast."""


def refine(pixels: Pixels, found: NDArray[Any]) -> Alpha:
    """Make an alpha matte whose edge lies where the picture's edge is.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        found: (h, w) of any size up to the frame's, over the whole frame: bool, or float32 logits, above 0 inside.

    Returns:
        (H, W) float32, 0 to 1; exactly 0 or 1 further than a few cells from the edge.
    """
    size = pixels.shape[0], pixels.shape[1]
    alpha = np.zeros(size, np.float32)
    radius = _radius(found.shape, size)
    near = _on_frame(Box.around(found), found.shape, size).grown(2 * radius).clipped(size)
    if near.is_empty:
        return alpha
    is_mask = found.dtype == bool
    # A cell's width of half-transparency would look out of focus.
    steepness = max(1.0, _cell(found.shape, size) / SOFT_WIDTH)
    coarse = _enlarge(found.astype(np.float32) if is_mask else _soften_grid(found), size, near)
    doubt = DOUBT_OF_MASK if is_mask else DOUBT_OF_LOGITS
    luma = cv2.cvtColor(pixels[near.slices], cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    for top in range(0, near.size[0], STRIP):
        above = min(top, 2 * radius)
        seen = slice(top - above, top + STRIP + 2 * radius)
        part = _guide(luma[seen], coarse[seen], radius, doubt)[above : above + STRIP]
        part = np.clip((part - 0.5) * np.float32(steepness) + 0.5, 0, 1)
        alpha[near.y0 + top : near.y0 + top + part.shape[0], near.x0 : near.x1] = part
    return alpha


def is_exact(found: NDArray[Any]) -> bool:
    """Whether a grid, as `refine` takes it, knows its edge exactly: other frames then have nothing to add to it.

    A mask of bools never does, nor do logits that jump from side to side: they know nothing within their cells.
    """
    if found.dtype == bool:
        return False
    logits = np.clip(found, -KEPT_LOGIT, KEPT_LOGIT)
    steps, doubts = [], []
    for along in (logits, logits.T):
        here, there = along[1:-2], along[2:-1]
        crosses = (here > 0) != (there > 0)
        steps.append(np.abs(along[3:] - along[:-3])[crosses])
        doubts.append(np.minimum(np.abs(here), np.abs(there))[crosses])
    step, doubt = np.concatenate(steps), np.concatenate(doubts)
    return step.size > 0 and bool(np.median(step) >= EXACT_STEP and np.median(doubt) < FIRM_LOGIT)


def _radius(grid: tuple[int, ...], size: Size) -> int:
    """How far the edge may be off, and so how large the patches are [px]."""
    # A mask of the frame's own size was made on some smaller grid too: at 720p it is trusted to 3 px.
    return round(max(1.1 * _cell(grid, size), min(size) / 240, 1))


def _cell(grid: tuple[int, ...], size: Size) -> float:
    """How wide a cell of the grid is on the frame [px]."""
    return float((size[0] / grid[0] * size[1] / grid[1]) ** 0.5)


def _on_frame(box: Box, grid: tuple[int, ...], size: Size) -> Box:
    """A box of cells as a box of the frame's pixels."""
    tall, wide = size[0] / grid[0], size[1] / grid[1]
    return Box(int(box.x0 * wide), int(box.y0 * tall), int(np.ceil(box.x1 * wide)), int(np.ceil(box.y1 * tall)))


def _soften_grid(logits: NDArray[Any]) -> Alpha:
    """Logits as 0 to 1, and sure away from the edge: a doubtful middle of an object must not let the ground through."""
    inside = (logits > 0).astype(np.uint8)
    near_edge = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    firm = 1 / (1 + np.exp(-FIRM_LOGIT))
    soft = 1 / (1 + np.exp(-np.clip(logits, -FIRM_LOGIT, FIRM_LOGIT)))
    return np.where(near_edge, (soft + firm - 1) / (2 * firm - 1), inside).astype(np.float32)


def _enlarge(soft: Alpha, size: Size, part: Box) -> Alpha:
    """Bring a grid over the whole frame to the frame's size, and cut out `part` of it."""
    if soft.shape != size:
        # A cubic sees the edge's direction, which the four nearest cells do not show; twice the grid is fine enough.
        soft = cv2.resize(soft, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    x, y = soft.shape[1] / size[1], soft.shape[0] / size[0]
    mapping = np.array([[x, 0, (part.x0 + 0.5) * x - 0.5], [0, y, (part.y0 + 0.5) * y - 0.5]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(soft, mapping, part.size[::-1], flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(cut, 0, 1)


def _guide(luma: Alpha, alpha: Alpha, radius: int, doubt: float) -> Alpha:
    """The guided filter of He, Sun and Tang (2010) with luma as its guide; a patch counts as its line explains alpha.

    Args:
        luma, alpha: (h, w) float32, 0 to 1.
        radius: of the patches [px].
        doubt: exponent of the share of alpha's variance that a patch's straight line over luma explains: the smaller,
            the more the picture decides. Where no line explains anything alpha stays.
    """
    mean, mean_alpha = _average(luma, radius), _average(alpha, radius)
    together = _average(luma * alpha, radius) - mean * mean_alpha
    slope = together / (_average(luma * luma, radius) - mean * mean + GRAIN)
    offset = mean_alpha - slope * mean
    spread = np.maximum(_average(alpha * alpha, radius) - mean_alpha * mean_alpha, 0) + 1e-4
    explained = cv2.pow(np.clip(slope * together / spread, 0, 1), doubt) + 1e-3
    weight = _average(explained, radius)
    line = (_average(slope * explained, radius) * luma + _average(offset * explained, radius)) / weight
    return alpha + (np.clip(line, 0, 1) - alpha) * np.minimum(weight, 1)


def _average(values: Alpha, radius: int) -> Alpha:
    size = 2 * radius + 1
    return cv2.boxFilter(values, cv2.CV_32F, (size, size), borderType=cv2.BORDER_REPLICATE)
