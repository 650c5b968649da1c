"""Small operations on masks and their logits."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor


def stability(mask_logits: Tensor, delta: float) -> Tensor:
    """How little a mask changes when its threshold moves by ±delta (SAM, appendix B: stability score).

    Args:
        mask_logits: (B, H, W).
        delta: shift of the threshold, in logits.

    Returns:
        (B,) in 0–1; 1 where the mask is empty either way.
    """
    inner = (mask_logits > delta).flatten(1).sum(1).float()
    outer = (mask_logits > -delta).flatten(1).sum(1).float()
    return torch.where(outer > 0, inner / outer, 1.0)


def resize_logits(mask_logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize of (B, M, h, w) logits to (B, M, H, W)."""
    if mask_logits.shape[-2:] == size:
        return mask_logits
    return F.interpolate(mask_logits, size=size, mode="bilinear")


def fill_holes(mask_logits: Tensor, max_area: int) -> Tensor:
    """Raise small holes of a mask just above the threshold.

    The reference does this in a native extension where one happens to be installed; here it is always done, so
    that equal inputs give equal masks everywhere.

    Args:
        mask_logits: (B, 1, H, W).
        max_area: a hole of at most this many pixels (8-connected) is filled; 0 fills none.

    Returns:
        (B, 1, H, W).
    """
    if max_area <= 0:
        return mask_logits
    background = (mask_logits <= 0).cpu().numpy()
    holes = np.stack([small_regions(mask, max_area) for mask in background[:, 0]])[:, None]
    if not holes.any():
        return mask_logits
    return mask_logits.masked_fill(torch.from_numpy(holes).to(mask_logits.device), 0.1)


def small_regions(mask: NDArray[np.bool_], max_area: int) -> NDArray[np.bool_]:
    """The 8-connected regions of a mask (H, W) that have at most `max_area` pixels → (H, W) bool."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    is_small = stats[:, cv2.CC_STAT_AREA] <= max_area
    is_small[0] = False  # label 0 is everything outside the mask
    return is_small[labels]


def without_overlap(mask_logits: Tensor) -> Tensor:
    """Let each pixel belong to one object at most: the one of the highest logit.

    Args:
        mask_logits: (N, H, W), one row an object.

    Returns:
        (N, H, W); where an object loses, its logits are at most -10.
    """
    if mask_logits.shape[0] < 2:
        return mask_logits
    owner = mask_logits.argmax(dim=0)
    is_owner = owner == torch.arange(len(mask_logits), device=mask_logits.device)[:, None, None]
    return torch.where(is_owner, mask_logits, mask_logits.clamp(max=-10.0))
