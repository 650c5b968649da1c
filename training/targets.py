"""The objects that a training step asks for, and what is first said about them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from sam2_model.prompt_encoder import BOX_LABELS, PADDING_LABEL, PromptTensors
from training.clicks import drawn_boxes, random_clicks
from training.clips import Clips
from training.textures import uniform

STRIDE = 4  # of low-res masks [px]
SMALLEST_TARGET = 0.004  # share of the picture; less of an object on the first frame and it is not asked for


class Targets(NamedTuple):
    """N objects to ask for.

    Attributes:
        owner: (N,) which clip of the batch each belongs to.
        coverage: (N, T, S/4, S/4) in 0–1.
        masks: (N, T, S, S) bool.
    """

    owner: Tensor
    coverage: Tensor
    masks: Tensor


def shows_objects(clips: Clips) -> bool:
    """Whether any clip has an object on its first frame that is large enough to ask for."""
    return bool((clips.masks[:, 0].float().mean((-2, -1)) >= SMALLEST_TARGET).any())


def choose_targets(clips: Clips, count: int, gen: torch.Generator) -> Targets:
    """Pick `count` objects for each clip among those to be seen on its first frame; a lone one is picked again.

    The number is the same in every step, because kernels are compiled anew for each new shape.

    Raises:
        ValueError: no clip has such an object.
    """
    batch, _, objects = clips.masks.shape[:3]
    area = clips.masks[:, 0].float().mean((-2, -1))  # (B, K)
    fit = area >= SMALLEST_TARGET
    if not fit.any():
        raise ValueError(f"None of the {batch} clips shows an object on its first frame; make others.")
    order = torch.where(fit, uniform(gen, batch, objects), -1.0).argsort(1, descending=True)
    slots = torch.arange(count, device=area.device)[None] % fit.sum(1, keepdim=True).clamp(min=1)
    chosen = order.gather(1, slots)  # (B, count)
    owner = torch.arange(batch, device=area.device)[:, None].expand(-1, count)
    usable = fit.any(1)[:, None].expand(-1, count).flatten().nonzero()[:, 0]
    kept = usable[torch.arange(batch * count, device=area.device) % len(usable)]
    owner, chosen = owner.flatten()[kept], chosen.flatten()[kept]
    masks = clips.masks[owner, :, chosen]
    coverage = F.avg_pool2d(masks.float(), STRIDE)
    return Targets(owner, coverage, masks)


def first_prompts(coverage: Tensor, boxes: Tensor, gen: torch.Generator) -> PromptTensors:
    """A click on each object or, where `boxes` (N,) says so, a box around it.

    Both take two points, so that one batch holds them; a click's second point is padding.
    """
    inside = coverage > 0.5
    inside = torch.where(inside.flatten(1).any(1)[:, None, None], inside, coverage > 0)
    click = random_clicks(inside, STRIDE, gen)
    box = drawn_boxes(inside, STRIDE, gen)
    points = torch.where(boxes[:, None, None], box.view(-1, 2, 2), torch.stack([click, click], 1))
    corners = torch.tensor(BOX_LABELS, device=coverage.device)
    as_click = torch.tensor((1, PADDING_LABEL), device=coverage.device)
    labels = torch.where(boxes[:, None], corners, as_click)
    return PromptTensors(points, labels)
