"""Steady mattes: what stands still in the picture stands still in the matte, and no moving edge is held back."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from effects.box import Box
from effects.effect import Alpha, Pixels

FLOW_WIDTH = 320
"""Motion is looked for at about this width [px]: finer is slower and follows noise."""

LUMA_TOLERANCE = 12.0
"""Grey levels by which a neighbouring frame may differ, once moved into place, and still half count."""

ALPHA_TOLERANCE = 0.6
"""By how much alpha may differ there and still half count: what differs more has come or gone."""


def steady(alpha: Alpha, pixels: Pixels, neighbours: Iterable[tuple[Alpha, Pixels]]) -> Alpha:
    """Average a matte with those of the frames beside it, each moved to where its pixels are now.

    With one frame before and one after, nothing lags. A pixel of a neighbour counts as far as its colour fits.

    Args:
        alpha: (H, W) float32, 0 to 1, of this frame.
        pixels: (H, W, 3) uint8 of this frame.
        neighbours: the mattes and pixels of the frames beside it.

    Returns:
        (H, W) float32, 0 to 1.
    """
    box = Box.around(alpha)
    if box.is_empty:
        return alpha
    # Motion further out than this is none of the object's edge.
    near = box.grown(max(alpha.shape) // 16).clipped(alpha.shape)
    scale = min(1.0, FLOW_WIDTH / max(near.size))
    own, luma = alpha[near.slices], _luma(pixels[near.slices])
    small = _shrink(luma, scale)
    total, weights = own.copy(), np.ones_like(own)
    for other_alpha, other_pixels in neighbours:
        other, other_luma = other_alpha[near.slices], _luma(other_pixels[near.slices])
        moved, moved_luma = _follow(small, _shrink(other_luma, scale), other, other_luma)
        strange = cv2.absdiff(luma, moved_luma).astype(np.float32) / LUMA_TOLERANCE
        unlike = (own - moved) / ALPHA_TOLERANCE
        weight = 1 / (1 + strange * strange + unlike * unlike)
        total += moved * weight
        weights += weight
    result = alpha.copy()
    result[near.slices] = total / weights
    return result


def _luma(pixels: Pixels) -> Pixels:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def _shrink(luma: Pixels, scale: float) -> Pixels:
    if scale == 1 and min(luma.shape) >= 16:
        return luma
    size = max(16, round(luma.shape[1] * scale)), max(16, round(luma.shape[0] * scale))
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA)


def _follow(now: Pixels, then: Pixels, alpha: Alpha, luma: Pixels) -> tuple[Alpha, Pixels]:
    """Move a neighbour's matte and luma to where they are now, along the optical flow between the small pictures."""
    nothing = np.zeros((*now.shape, 2), np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST).calc(now, then, nothing)
    height, width = alpha.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    ratio = np.array([width / now.shape[1], height / now.shape[0]], np.float32)
    steps = cv2.resize(flow * ratio, (width, height), interpolation=cv2.INTER_LINEAR)
    x, y = x + steps[..., 0], y + steps[..., 1]
    moved = [cv2.remap(each, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for each in (alpha, luma)]
    return moved[0], moved[1]
