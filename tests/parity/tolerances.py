"""The one place that says how close is close enough, and remembers the largest difference seen."""

from __future__ import annotations

import torch
from torch import Tensor

LOGITS = 1e-4
"""Largest difference allowed between logits, scores or features, in float32."""
ROUNDED_LOGITS = 2e-3
"""The same where both sides round memories to bfloat16, in steps of 0.4 %: of two values that differ by 1e-6 but lie on
either side of a step, one becomes a step larger, and every later frame reads it."""

largest: dict[str, float] = {}
"""Largest difference seen in this run, by what was compared."""


def assert_close(what: str, ours: Tensor, theirs: Tensor, tolerance: float = LOGITS) -> None:
    """Fail where two tensors differ by more than the tolerance; remember by how much they do."""
    assert ours.shape == theirs.shape, f"{what}: shapes {tuple(ours.shape)} and {tuple(theirs.shape)}"
    difference = float((ours.double() - theirs.double()).abs().max()) if ours.numel() else 0.0
    largest[what] = max(largest.get(what, 0.0), difference)
    assert difference <= tolerance, f"{what}: differ by {difference:.2e}, at most {tolerance:.0e} is allowed"


def assert_masks_equal(what: str, ours: Tensor, theirs: Tensor, tolerance: float = LOGITS) -> None:
    """Fail where logits differ by more than the tolerance, or masks where the logits are not within it of zero."""
    assert_close(what, ours, theirs, tolerance)
    differ = (ours > 0) != (theirs > 0)
    undecided = theirs.abs() <= tolerance
    assert not bool((differ & ~undecided).any()), f"{what}: masks differ at {int(differ.sum())} pixels"


def is_telling(mask_logits: Tensor) -> bool:
    """Whether a mask is neither empty nor full, so that comparing it says something."""
    share = float((mask_logits > 0).float().mean())
    return 0.001 < share < 0.999 and not bool(torch.isnan(mask_logits).any())
