"""One training step's arithmetic: a user prompts objects, the network answers, its mistakes are summed up.

A *still* episode asks many times about each picture, whose features are computed once. A *clip* episode
prompts the first frame and follows the objects through the same memory bank that the predictors use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sam2_model.image_encoder import ImageFeatures
from sam2_model.memory_bank import FrameMemory, MemoryBank, Recall
from sam2_model.model import SAM2
from sam2_model.motion import FLOW_SIDE, brought_along, flow_back, grey_square
from sam2_model.prompt_encoder import PromptTensors
from sam2_model.results import NO_OBJECT_LOGIT
from training.clicks import corrections
from training.clips import Clips
from training.drift import outdated_masks, spoiled
from training.losses import LossWeights, intersection_over_union, mask_losses
from training.targets import STRIDE, choose_targets, first_prompts
from training.textures import uniform

FIRST_SHARE = 0.6  # of the loss, for candidate 0 where it is the answer; else for the best of the other three
LOST_CHANCE = 0.08  # of the last mask being withheld, so that a lost object is found again by the memories
MISPLACED_CHANCE = 0.6  # of a prompted memory being shifted
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # as in sam2_model.preprocessing
_LOGIT_LIMIT = 32.0  # an earlier mask enters as a prompt no surer than this (as in the reference)


@dataclass(frozen=True)
class EpisodePlan:
    """What one step asks for.

    Attributes:
        targets: objects asked for in each picture or clip.
        rounds: prompts on the first frame: the first one, then corrections.
        box_chance, mask_chance: of the first prompt being a box or, in clips, the true mask; else it is a click.
        correction_chance: in clips, of one more correction on a random later frame.
    """

    targets: int
    rounds: int = 2
    box_chance: float = 0.15
    mask_chance: float = 0.25
    correction_chance: float = 0.3


class EpisodeResult(NamedTuple):
    """What came of a step.

    Attributes:
        loss: to be minimised.
        first_iou: mean IoU of the chosen mask after the first click.
        later_iou: mean IoU on later frames where the object is visible (clips), or after corrections (stills).
    """

    loss: Tensor
    first_iou: float
    later_iou: float


def normalise(frames: Tensor) -> Tensor:
    """uint8 RGB (…, 3, S, S) → what the image encoder takes."""
    mean = torch.tensor(_MEAN, device=frames.device)[:, None, None]
    deviation = torch.tensor(_DEVIATION, device=frames.device)[:, None, None]
    return (frames.float() / 255 - mean) / deviation


def still_episode(
    model: SAM2, clips: Clips, plan: EpisodePlan, weights: LossWeights, gen: torch.Generator
) -> EpisodeResult:
    """Ask for objects of single pictures, then correct the answers."""
    targets = choose_targets(clips, plan.targets, gen)
    features = model.encode_image(normalise(clips.frames[:, 0]))
    features = ImageFeatures(*(level[targets.owner] for level in features))
    conditioned = model.condition(features.low, [Recall([], [])] * len(targets.owner))
    truth = targets.coverage[:, 0]
    boxes = uniform(gen, len(truth)) < plan.box_chance
    prompt = first_prompts(truth, boxes, gen)
    answer = _Answer(model, weights)
    losses, ious = [], []
    for turn in range(plan.rounds):
        loss, logits, _ = answer(features, conditioned, prompt, truth, ambiguous=~boxes if turn == 0 else None)
        losses.append(loss)
        ious.append(_mean_iou(logits, truth))
        if turn + 1 < plan.rounds:
            prompt = _corrected(prompt, logits, truth, gen)
    if model.config.refines_last_mask:
        loss, _, _ = answer(features, conditioned, outdated_masks(truth, gen), truth, ambiguous=None)
        losses.append(loss)
    return EpisodeResult(torch.stack(losses).mean(), float(ious[0]), float(ious[-1]))


def clip_episode(
    model: SAM2, clips: Clips, plan: EpisodePlan, weights: LossWeights, gen: torch.Generator
) -> EpisodeResult:
    """Prompt objects on the first frame and follow them to the last."""
    targets = choose_targets(clips, plan.targets, gen)
    n, length = targets.coverage.shape[:2]
    batch = len(clips.frames)
    every = model.encode_image(normalise(clips.frames.flatten(0, 1)))
    every = ImageFeatures(*(level.unflatten(0, (batch, length)) for level in every))
    banks = [MemoryBank(keep_recent=None) for _ in range(n)]
    moves = _flows(clips.frames)[targets.owner.cpu()] if model.config.refines_last_mask else None
    boxes = uniform(gen, n) < plan.box_chance
    gives_mask = bool(uniform(gen, 1) < plan.mask_chance)
    corrected_frame = 0
    if bool(uniform(gen, 1) < plan.correction_chance):
        corrected_frame = int(torch.randint(1, max(length, 2), (1,), generator=gen, device=gen.device))
    answer = _Answer(model, weights)
    losses, ious = [], []
    for t in range(length):
        features = ImageFeatures(*(level[targets.owner, t] for level in every))
        truth = targets.coverage[:, t]
        recalls = [bank.recall(t, model.config) for bank in banks]
        conditioned = model.condition(features.low, recalls)
        if t == 0 and gives_mask:
            taken = model.take_mask(features, targets.masks[:, :1])
            logits, pointer, score = taken.mask_logits, taken.object_pointer, taken.object_score_logits
        else:
            prompt = first_prompts(truth, boxes, gen) if t == 0 else _brought(model.last_masks(recalls), moves, t, gen)
            loss, logits, (pointer, score) = answer(
                features, conditioned, prompt, truth, ambiguous=~boxes if t == 0 else None
            )
            losses.append(loss)
            for _ in range(plan.rounds - 1 if t == 0 else int(t == corrected_frame)):
                prompt = _corrected(prompt if t == 0 else None, logits, truth, gen)
                loss, logits, (pointer, score) = answer(features, conditioned, prompt, truth, ambiguous=None)
                losses.append(loss)
        ious.append(_mean_iou(logits, truth))
        prompted = t == 0 or t == corrected_frame
        if not prompted:
            logits = spoiled(logits, gen)
        _remember(model, banks, t, features.low, logits, pointer, score, prompted, gen)
    later = torch.stack(ious[1:]).nanmean() if length > 1 else ious[0]
    return EpisodeResult(torch.stack(losses).mean(), float(ious[0]), float(later))


@dataclass(frozen=True, eq=False)
class _Answer:
    """Decodes one prompt for every object and weighs the answer against the truth."""

    model: SAM2
    weights: LossWeights

    def __call__(
        self,
        features: ImageFeatures,
        conditioned: Tensor,
        prompt: PromptTensors | None,
        truth: Tensor,
        *,
        ambiguous: Tensor | None,
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Give back the loss, the chosen low-res logits (N, 1, h, w), and (object pointers, object scores).

        Args:
            ambiguous: (N,) where one click alone asks, so that the three candidates count. None: everywhere
                if there is no prompt, nowhere if there is one.
        """
        decoded = self.model.decode(features, conditioned, prompt)
        clear, _ = mask_losses(
            decoded.mask_logits[:, :1], decoded.iou[:, :1], decoded.object_score_logits, truth, self.weights
        )
        best_of_three, _ = mask_losses(
            decoded.mask_logits[:, 1:], decoded.iou[:, 1:], decoded.object_score_logits, truth, self.weights
        )
        first = FIRST_SHARE if self.model.config.answers_with_first else 1 - FIRST_SHARE
        loss = first * clear.total + (1 - first) * best_of_three.total
        if self.model.config.answers_with_first:
            ambiguous = torch.zeros(len(truth), dtype=torch.bool, device=truth.device)
        elif ambiguous is None:
            ambiguous = torch.full((len(truth),), prompt is None, device=truth.device)
        many = self.model.choose(decoded, multimask=True)
        one = self.model.choose(decoded, multimask=False)
        logits = torch.where(ambiguous[:, None, None, None], many.best(), one.best())
        pointer = torch.where(ambiguous[:, None], many.object_pointer, one.object_pointer)
        score = decoded.object_score_logits.float()
        logits = logits.where(score[..., None, None] > 0, NO_OBJECT_LOGIT)
        return loss, logits, (pointer, score)


def _flows(frames: Tensor) -> Tensor:
    """Flow from each frame (B, T, 3, S, S) uint8 back to the one before: (B, T, 2, h, w), nothing for the first."""
    pictures = frames.permute(0, 1, 3, 4, 2).cpu().numpy()
    flows = []
    for clip in pictures:
        grey = [grey_square(np.ascontiguousarray(pixels)) for pixels in clip]
        back = [flow_back(now, before) for now, before in zip(grey[1:], grey[:-1], strict=True)]
        flows.append(torch.cat([torch.zeros(1, 2, FLOW_SIDE, FLOW_SIDE), *back]))
    return torch.stack(flows)


def _brought(prompt: PromptTensors | None, moves: Tensor | None, t: int, gen: torch.Generator) -> PromptTensors | None:
    """The last frame's masks as prompts, as the tracker brings them along.

    No gradient goes back through them, and some are withheld.
    """
    if prompt is None or prompt.mask_logits is None or moves is None:
        return prompt
    masks = brought_along(prompt.mask_logits.detach(), moves[:, t])
    lost = uniform(gen, len(masks), 1, 1, 1) < LOST_CHANCE
    return prompt._replace(mask_logits=masks.where(~lost, masks.min()))


def _corrected(prompt: PromptTensors | None, logits: Tensor, truth: Tensor, gen: torch.Generator) -> PromptTensors:
    """The same prompt with one more click where the answer is most wrong, and the answer itself as a mask."""
    point, label = corrections(logits[:, 0].detach() > 0, truth > 0.5, STRIDE, gen)
    point, label = point[:, None], label[:, None]
    if prompt is not None:
        point = torch.cat([prompt.points, point], 1)
        label = torch.cat([prompt.labels, label], 1)
    return PromptTensors(point, label, logits.detach().clamp(-_LOGIT_LIMIT, _LOGIT_LIMIT))


def _remember(
    model: SAM2,
    banks: list[MemoryBank],
    t: int,
    low: Tensor,
    logits: Tensor,
    pointer: Tensor,
    score: Tensor,
    prompted: bool,
    gen: torch.Generator,
) -> None:
    """Encode what was found on frame t and hand each object its share.

    In a clip of a few frames an object stays near where it was prompted; in a real one it does not. So many
    prompted memories are shifted as a whole: they say what the object looks like, and nothing about where it is.
    """
    features = model.encode_memory(low, logits.float(), score, binarize=prompted)
    if prompted:
        side = features.shape[-1]
        shifts = torch.randint(-(side // 2), side // 2 + 1, (len(banks), 2), generator=gen, device=gen.device).tolist()
        misplaced = (uniform(gen, len(banks)) < MISPLACED_CHANCE).tolist()
        rows = [
            row.roll(shift, dims=(1, 2)) if is_misplaced else row
            for row, shift, is_misplaced in zip(features, shifts, misplaced, strict=True)
        ]
        features = torch.stack(rows)
    for i, bank in enumerate(banks):
        row = slice(i, i + 1)
        memory = FrameMemory(t, features[row], pointer[row], logits[row], score[row])
        bank.remember(memory, is_prompted=prompted)


def _mean_iou(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean IoU over the objects that can be seen; NaN if none can."""
    seen = (truth > 0.5).flatten(1).any(1)
    return intersection_over_union(logits[:, 0].detach() > 0, truth > 0.5)[seen].mean()
