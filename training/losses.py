"""What training minimises: how wrong the masks, the predicted IoU and the object scores are.

As in SAM 2 (paper, appendix D.2.1) each prompt's loss is (mostly) that of its best candidate mask, and a
frame without the object teaches its score alone. Unlike there the mask term is cross-entropy, with the
object's pixels weighted up, and dice: focal loss with alpha .25 from the start made a small network
answer with empty masks (docs/decisions/0004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts.

    Attributes:
        cross_entropy: of the mask's pixels.
        dice: of the mask as a whole.
        iou: of the predicted IoU.
        score: of the object score.
        object_share: the object's pixels together weigh at least this share of the picture's; 0.5 is balance.
        others: share of the mask loss spread over all candidates, so that none of them dies early.
    """

    cross_entropy: float = 2.0
    dice: float = 1.0
    iou: float = 0.5
    score: float = 0.5
    object_share: float = 0.3
    others: float = 0.1


class Losses(NamedTuple):
    """Each a mean over prompts; `total` is their weighted sum."""

    total: Tensor
    cross_entropy: Tensor
    dice: Tensor
    iou: Tensor
    score: Tensor


def cross_entropy(logits: Tensor, coverage: Tensor, object_share: float) -> Tensor:
    """Weighted binary cross-entropy of each mask.

    Args:
        logits: (N, M, h, w).
        coverage: (N, h, w) in 0–1, how much of each cell the object covers.
        object_share: the object's cells are weighted up until they make this share of all weight.

    Returns:
        (N, M), a weighted mean over cells.
    """
    coverage = coverage[:, None]
    inside = coverage.mean((2, 3), keepdim=True)
    wanted = torch.clamp(inside, min=object_share)
    # A tiny object's single cells may not outweigh everything: at most 10 times a background cell.
    boost = (wanted * (1 - inside) / (inside * (1 - wanted) + 1e-6)).clamp(1, 10)
    weight = 1 + (boost - 1) * coverage
    wrong = F.binary_cross_entropy_with_logits(logits, coverage.expand_as(logits), reduction="none")
    return (wrong * weight).mean((2, 3)) / weight.mean((2, 3))


def dice(logits: Tensor, coverage: Tensor) -> Tensor:
    """1 − dice overlap of each mask, softly: logits (N, M, h, w), coverage (N, h, w) → (N, M)."""
    probs = logits.sigmoid()
    coverage = coverage[:, None]
    common = (probs * coverage).sum((2, 3))
    return 1 - (2 * common + 1) / (probs.sum((2, 3)) + coverage.sum((2, 3)) + 1)


def intersection_over_union(predicted: Tensor, truth: Tensor) -> Tensor:
    """IoU over the last two dimensions of bool masks; 1 where both are empty."""
    both = (predicted & truth).flatten(-2).sum(-1).float()
    either = (predicted | truth).flatten(-2).sum(-1).float()
    return torch.where(either > 0, both / either.clamp(min=1), torch.ones_like(both))


def mask_losses(
    mask_logits: Tensor,
    predicted_iou: Tensor,
    object_score_logits: Tensor,
    coverage: Tensor,
    weights: LossWeights,
) -> tuple[Losses, Tensor]:
    """The losses of one decoding.

    Args:
        mask_logits: (N, M, h, w) low-res candidates.
        predicted_iou: (N, M).
        object_score_logits: (N, 1), above 0 where the object is visible.
        coverage: (N, h, w) in 0–1, the truth; all zero where the object cannot be seen.

    Returns:
        The losses, and the index (N,) of each prompt's best candidate.
    """
    logits = mask_logits.float()
    present = coverage.flatten(1).amax(1) > 0.5
    entropy = cross_entropy(logits, coverage, weights.object_share)
    overlap = dice(logits, coverage)
    mask_loss = weights.cross_entropy * entropy + weights.dice * overlap
    best = mask_loss.argmin(1)
    rows = torch.arange(len(best), device=best.device)
    true_iou = intersection_over_union(logits.detach() > 0, (coverage > 0.5)[:, None].expand(logits.shape))
    iou_error = (predicted_iou.float() - true_iou).abs()
    # Where nothing is to be seen the shape of the mask is nobody's business: the score says so.
    share = present.float()
    seen = share.sum().clamp(min=1)
    taught = torch.full_like(entropy, weights.others / entropy.shape[1])
    taught[rows, best] += 1 - weights.others
    entropy_mean = ((entropy * taught).sum(1) * share).sum() / seen
    dice_mean = ((overlap * taught).sum(1) * share).sum() / seen
    iou_mean = (iou_error.mean(1) * share).sum() / seen
    score = F.binary_cross_entropy_with_logits(object_score_logits.float()[:, 0], share)
    total = (
        weights.cross_entropy * entropy_mean + weights.dice * dice_mean + weights.iou * iou_mean + weights.score * score
    )
    return Losses(total, entropy_mean, dice_mean, iou_mean, score), best
