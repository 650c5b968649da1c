"""The last mask is brought along by optical flow, and a refining network's answer is a correction of it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sam2_model.config import PRESETS
from sam2_model.model import SAM2
from sam2_model.motion import Motion, brought_along, flow_back, grey_square
from sam2_model.prompts import Prompt
from sam2_model.video_predictor import VideoPredictor

from .conftest import make_model

SIZE = (120, 200)


def frame(shift: int) -> NDArray[np.uint8]:
    """A speckled disk, `shift` px to the right of its first place, on smooth ground."""
    rng = np.random.default_rng(0)
    speckles = cv2.resize(rng.integers(0, 255, (12, 12, 3), np.uint8), (60, 60), interpolation=cv2.INTER_CUBIC)
    pixels = np.full((*SIZE, 3), 120, np.uint8)
    pixels += np.linspace(0, 60, SIZE[1]).astype(np.uint8)[None, :, None]
    disk = disk_at(0)[30:90, 40:100]
    pixels[30:90, 40 + shift : 100 + shift][disk] = speckles[disk]
    return pixels


def disk_at(shift: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (x - 70 - shift) ** 2 + (y - 60) ** 2 < 28**2


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def logits(mask: NDArray[np.bool_]) -> torch.Tensor:
    return torch.from_numpy(np.where(mask, 10.0, -10.0)).float()[None, None]


def test_a_mask_moves_with_its_object() -> None:
    flow = flow_back(grey_square(frame(9)), grey_square(frame(0)))
    moved = brought_along(logits(disk_at(0)).expand(2, -1, -1, -1), flow)
    assert moved.shape == (2, 1, *SIZE)
    assert overlap(disk_at(0), disk_at(9)) < 0.75
    assert overlap(moved[1, 0].numpy() > 0, disk_at(9)) > 0.9


def test_motion_is_known_between_the_last_two_frames() -> None:
    motion = Motion()
    masks = logits(disk_at(0))
    assert motion.bring(masks, 0, 1) is masks
    for index, shift in enumerate((0, 6, 12)):
        motion.see(index, frame(shift))
    assert motion.bring(masks, 0, 1) is masks  # frame 0 is forgotten
    forwards = motion.bring(logits(disk_at(6)), 1, 2)
    backwards = motion.bring(logits(disk_at(12)), 2, 1)
    assert overlap(forwards[0, 0].numpy() > 0, disk_at(12)) > 0.9
    assert overlap(backwards[0, 0].numpy() > 0, disk_at(6)) > 0.9


def test_a_frame_that_is_seen_again_counts_as_the_last() -> None:
    motion = Motion()
    for index, shift in ((5, 0), (1, 12), (5, 0), (6, 6)):
        motion.see(index, frame(shift))
    moved = motion.bring(logits(disk_at(0)), 5, 6)
    assert overlap(moved[0, 0].numpy() > 0, disk_at(6)) > 0.9


@pytest.fixture(scope="module")
def silent() -> SAM2:
    """A refining network whose decoder has nothing to add, and says that the object is there."""
    model = make_model(replace(PRESETS["nano"], refines_last_mask=True, answers_with_first=True))
    with torch.no_grad():
        for head in model.mask_decoder.mask_heads:
            head.layers[-1].weight.zero_()
            head.layers[-1].bias.zero_()
        model.mask_decoder.object_score_head.layers[-1].weight.zero_()
        model.mask_decoder.object_score_head.layers[-1].bias.fill_(5.0)
    return model


@pytest.mark.parametrize("step", [1, -1])
def test_a_network_with_nothing_to_add_leaves_the_mask_to_the_flow(silent: SAM2, step: int) -> None:
    predictor = VideoPredictor(silent, SIZE, num_frames=4)
    order = [0, 1, 2, 3][::step]
    shifts = dict(zip(order, (0, 6, 12, 18), strict=True))
    predictor.add_prompt(1, order[0], frame(0), Prompt(mask=disk_at(0)))
    for index in order:
        found = predictor.track(index, frame(shifts[index]), 1 if step > 0 else -1)
    assert overlap(found.masks_by_id()[1], disk_at(18)) > 0.85


def test_released_networks_do_not_look_at_the_last_mask() -> None:
    assert not any(config.refines_last_mask for name, config in PRESETS.items() if name != "nano")
