"""One list of user actions, done with the official predictor and with ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sam2_model import Prompt, TrackingOptions, VideoPredictor
from sam2_model.preprocessing import to_model_input

from . import oracles
from .clips import Pixels
from .models import Twins

# The policy of the official predictor as its builder sets it up, on a machine without its CUDA extension.
OFFICIAL_OPTIONS = TrackingOptions(fill_hole_area=0, corrections_are_prompts=False, keep_recent=None)


@dataclass(frozen=True, eq=False)
class Say:
    """A prompt for an object on a frame; what was said before is part of it."""

    object_id: int
    frame_index: int
    prompt: Prompt


@dataclass(frozen=True)
class Go:
    """Track from one frame to another, both included; backwards where the second is earlier."""

    start: int
    stop: int


@dataclass(frozen=True)
class Remove:
    """Forget an object."""

    object_id: int


Action = Say | Go | Remove


class Seen(NamedTuple):
    """What one side showed after an action, or on a frame of one."""

    what: str
    mask_logits: Tensor  # (N, H, W)
    scores: Tensor  # (N,)


def official_run(twins: Twins, frames: list[Pixels], actions: Sequence[Action]) -> list[Seen]:
    """Do the actions with the official predictor, on frames prepared by our code (see test_preprocessing)."""
    network = twins.official
    pixels = [to_model_input(f, network.image_size, device=torch.device("cpu"), dtype=torch.float32) for f in frames]
    state = oracles.official_session(network, torch.cat(pixels), frames[0].shape[:2])
    seen = []
    for action in actions:
        if isinstance(action, Say):
            _, _, masks = _official_say(network, state, action)
            seen.append(_official_seen(state, f"prompt on {action.frame_index}", action.frame_index, masks))
        elif isinstance(action, Go):
            span, reverse = abs(action.stop - action.start), action.stop < action.start
            for t, _, masks in network.propagate_in_video(state, action.start, span, reverse):
                seen.append(_official_seen(state, f"frame {t}", t, masks))
        else:
            network.remove_object(state, action.object_id)
    return seen


def _official_say(network: Any, state: Any, action: Say) -> Any:
    prompt = action.prompt
    if prompt.mask is not None:
        return network.add_new_mask(state, action.frame_index, action.object_id, prompt.mask)
    points = np.array(prompt.points, np.float32).reshape(-1, 2) if prompt.points else None
    labels = np.array(prompt.labels, np.int32) if prompt.points else None
    return network.add_new_points_or_box(
        state, action.frame_index, action.object_id, points=points, labels=labels, box=prompt.box
    )


def _official_seen(state: Any, what: str, frame_index: int, masks: Tensor) -> Seen:
    scores = []
    for index in range(len(state["obj_ids"])):
        done, draft = state["output_dict_per_obj"][index], state["temp_output_dict_per_obj"][index]
        found = [
            kind[frame_index]["object_score_logits"].reshape(())
            for outputs in (draft, done)
            for kind in (outputs["cond_frame_outputs"], outputs["non_cond_frame_outputs"])
            if frame_index in kind
        ]
        scores.append(found[0] if found else torch.tensor(-1024.0))
    return Seen(what, masks[:, 0].clone(), torch.stack(scores))


def our_run(
    twins: Twins, frames: list[Pixels], actions: Sequence[Action], options: TrackingOptions = OFFICIAL_OPTIONS
) -> list[Seen]:
    """Do the actions with our predictor."""
    height, width = frames[0].shape[:2]
    predictor = VideoPredictor(twins.ours, (height, width), len(frames), options)
    seen = []
    for action in actions:
        if isinstance(action, Say):
            found = predictor.add_prompt(
                action.object_id, action.frame_index, frames[action.frame_index], action.prompt
            )
            seen.append(Seen(f"prompt on {action.frame_index}", found.mask_logits, found.object_score_logits))
        elif isinstance(action, Go):
            step = -1 if action.stop < action.start else 1
            for t in range(action.start, action.stop + step, step):
                found = predictor.track(t, frames[t], step)
                seen.append(Seen(f"frame {t}", found.mask_logits, found.object_score_logits))
        else:
            predictor.remove(action.object_id)
    return seen


def rectangle(size: tuple[int, int], top: int, left: int, bottom: int, right: int) -> NDArray[np.bool_]:
    """A mask (H, W) that is one rectangle."""
    mask = np.zeros(size, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask
