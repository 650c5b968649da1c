"""What tracking over time does to masks: they are out of date, and some were remembered wrong."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sam2_model.prompt_encoder import PADDING_LABEL, PromptTensors
from training.motion import bent_grids, inverse_transforms
from training.textures import normal, smooth_noise, uniform

LAST_SHIFT, LAST_GROWTH, LAST_BENDING = 0.05, 0.08, 0.15  # how outdated a mask is, in half frames and in logs
SPOILED_CHANCE = 0.2  # of an answer being remembered worse than it was


def outdated_masks(coverage: Tensor, gen: torch.Generator) -> PromptTensors:
    """Masks as the frame before may have had them: moved, grown or shrunk, bent, soft and less than sure.

    So one picture teaches what tracking asks for most, to bring a mask up to date, at little cost.

    Args:
        coverage: (N, h, w) in 0–1, the truth.
    """
    n, height, _ = coverage.shape
    shift = LAST_SHIFT * normal(gen, n, 1, 2)
    still = torch.zeros(n, 1, device=coverage.device)
    transforms = inverse_transforms(shift, torch.exp(LAST_GROWTH * normal(gen, n, 1)), still, still + 1)
    grid = bent_grids(gen, transforms, height, bending=uniform(gen, n, high=LAST_BENDING))
    moved = F.grid_sample(coverage[:, None], grid, align_corners=False)
    blurred = F.avg_pool2d(moved, 5, stride=1, padding=2)
    moved = torch.where(uniform(gen, n, 1, 1, 1) < 0.5, blurred, moved)
    sureness = uniform(gen, n, 1, 1, 1, low=4, high=20)
    labels = torch.full((n, 1), PADDING_LABEL, device=coverage.device)
    return PromptTensors(torch.zeros(n, 1, 2, device=coverage.device), labels, sureness * (moved - 0.5))


def spoiled(logits: Tensor, gen: torch.Generator) -> Tensor:
    """What drifting makes of some answers: a part lost, or all of it moved.

    They are remembered like that, so that later frames learn to trust the prompted frame more than the last ones.

    Args:
        logits: (N, 1, h, w).
    """
    n, _, height, _ = logits.shape
    # A smooth field is below -0.4 in patches that make up about a third of the picture.
    is_lost = smooth_noise(gen, n, 3, height) < -0.4
    torn = torch.where(is_lost & (logits > 0), -logits, logits)
    still = torch.zeros(n, 1, device=logits.device)
    growth = torch.exp(2 * LAST_GROWTH * normal(gen, n, 1))
    transforms = inverse_transforms(2 * LAST_SHIFT * normal(gen, n, 1, 2), growth, still, still + 1)
    grid = bent_grids(gen, transforms, height, bending=uniform(gen, n, high=LAST_BENDING))
    moved = F.grid_sample(logits.float(), grid, padding_mode="border", align_corners=False).to(logits.dtype)
    fate = uniform(gen, n, 1, 1, 1)
    return torch.where(fate < SPOILED_CHANCE / 2, torn, torch.where(fate < SPOILED_CHANCE, moved, logits))
