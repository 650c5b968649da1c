"""Whole clips: prompts of every kind, corrections, late objects, both directions, an object that disappears."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sam2_model import Prompt

from . import oracles
from .clips import make_clip
from .models import EVERY_PRESET, QUICK, twins
from .scripted import OFFICIAL_OPTIONS, Go, Remove, Say, Seen, official_run, our_run, rectangle
from .tolerances import LOGITS, ROUNDED_LOGITS, assert_close, assert_masks_equal, is_telling

SIZE = (180, 320)
DISC, BAR = (90, 82), (224, 60)  # x, y of the two moving things on the first frame
BOX = (186, 30, 262, 84)  # about the second
OTHER_BOXES = {"sam2.1_large": (184, 28, 264, 86)}
"""Where that box would leave a pixel 1e-6 from zero: a prompted mask is remembered as yes or no, and such a pixel
falls to either side by rounding alone."""


def compare(what: str, ours: list[Seen], theirs: list[Seen], tolerance: float) -> None:
    assert [seen.what for seen in ours] == [seen.what for seen in theirs]
    for mine, oracle in zip(ours, theirs, strict=True):
        assert_masks_equal(what, mine.mask_logits, oracle.mask_logits, tolerance)
        assert_close(f"{what}, object scores", mine.scores, oracle.scores, tolerance)


@pytest.mark.parametrize("preset", EVERY_PRESET)
def test_a_short_clip_with_everything(preset: str) -> None:
    """Under 16 frames, more than the memory holds; point, box and mask; a correction; a late object; backwards."""
    frames = make_clip(8, SIZE)
    actions = (
        Say(1, 0, Prompt(points=(DISC,), labels=(1,))),
        Say(1, 0, Prompt(points=(DISC, (10, 10)), labels=(1, 0))),  # a second click refines the first mask
        Say(2, 0, Prompt(box=OTHER_BOXES.get(preset, BOX))),
        Go(0, 7),
        Say(1, 5, Prompt(points=((150, 82),), labels=(0,))),  # a correction on a frame that was tracked
        Say(7, 6, Prompt(mask=rectangle(SIZE, 60, 20, 140, 110))),  # added after tracking began
        Go(5, 6),
        Go(6, 5),
        Remove(2),
        Go(7, 7),
    )
    both = twins(preset)
    with oracles.memories_in_float32():
        theirs = official_run(both, frames, actions)
        ours = our_run(both, frames, actions)
    assert all(is_telling(seen.mask_logits) for seen in theirs), "the oracle's masks say nothing"
    compare(f"short clip {preset}", ours, theirs, LOGITS)


@pytest.mark.parametrize("preset", QUICK)
def test_an_object_disappears_and_comes_back(preset: str) -> None:
    frames = make_clip(7, SIZE, blackout=range(2, 4))
    actions = (Say(1, 0, Prompt(mask=rectangle(SIZE, 60, 20, 140, 110))), Go(0, 6))
    both = twins(preset, score_shift=oracles.HIDDEN_ON_BLACK[preset])
    with oracles.memories_in_float32():
        theirs = official_run(both, frames, actions)
        ours = our_run(both, frames, actions)
    hidden = [bool((seen.mask_logits == -1024).all()) for seen in theirs[1:]]
    assert hidden == [False, False, True, True, False, False, False], (
        f"it should be hidden on the black frames: {hidden}"
    )
    compare(f"disappearing object {preset}", ours, theirs, LOGITS)


@pytest.mark.parametrize("preset", QUICK[:1])
def test_memories_are_rounded_as_in_the_reference(preset: str) -> None:
    """As in use. If only one side rounded, the logits would differ by 5e-3."""
    frames = make_clip(4, SIZE)
    actions = (Say(1, 0, Prompt(points=(DISC,), labels=(1,))), Go(0, 3))
    both = twins(preset)
    compare(
        f"clip with rounded memories {preset}",
        our_run(both, frames, actions),
        official_run(both, frames, actions),
        ROUNDED_LOGITS,
    )


@pytest.mark.parity
@pytest.mark.parametrize("preset", list(oracles.OFFICIAL_CONFIGS))
def test_a_clip_longer_than_every_memory(preset: str) -> None:
    """With the bounded bank of everyday use: going one way, it is no different from keeping everything."""
    frames = make_clip(20, SIZE)
    both = twins(preset)
    actions = (Say(1, 0, Prompt(points=(DISC,), labels=(1,))), Say(1, 2, Prompt(points=(BAR,), labels=(0,))), Go(0, 19))
    with oracles.memories_in_float32():
        theirs = official_run(both, frames, actions)
        ours = our_run(both, frames, actions, replace(OFFICIAL_OPTIONS, keep_recent=16))
    assert all(is_telling(seen.mask_logits) for seen in theirs)
    compare(f"long clip {preset}", ours, theirs, LOGITS)


@pytest.mark.parity
@pytest.mark.parametrize("preset", QUICK)
def test_a_clip_at_the_released_size(preset: str) -> None:
    frames = make_clip(3, (270, 480))
    actions = (Say(1, 0, Prompt(points=((135, 123),), labels=(1,))), Go(0, 2))
    both = twins(preset, 1024)
    theirs = official_run(both, frames, actions)
    assert all(is_telling(seen.mask_logits) for seen in theirs)
    compare(f"clip at 1024 {preset}", our_run(both, frames, actions), theirs, ROUNDED_LOGITS)


@pytest.mark.parametrize("preset", QUICK[:1])
def test_every_frame_may_be_a_prompt(preset: str) -> None:
    """Corrections that count as prompts (the reference's add_all_frames_to_correct_as_cond)."""
    frames = make_clip(4, SIZE)
    actions = (
        Say(1, 0, Prompt(points=(DISC,), labels=(1,))),
        Go(0, 2),
        Say(1, 1, Prompt(points=(BAR,), labels=(0,))),
        Go(1, 3),
    )
    both = twins(preset)
    both.official.add_all_frames_to_correct_as_cond = True
    try:
        with oracles.memories_in_float32():
            theirs = official_run(both, frames, actions)
            ours = our_run(both, frames, actions, replace(OFFICIAL_OPTIONS, corrections_are_prompts=True))
    finally:
        both.official.add_all_frames_to_correct_as_cond = False
    compare(f"corrections as prompts {preset}", ours, theirs, LOGITS)


@pytest.mark.parametrize("preset", QUICK[:1])
def test_objects_that_must_not_overlap(preset: str) -> None:
    frames = make_clip(3, SIZE)
    actions = (
        Say(1, 0, Prompt(points=(DISC,), labels=(1,))),
        Say(2, 0, Prompt(box=(186, 30, 262, 84))),
        Go(0, 2),
    )
    both = twins(preset)
    both.official.non_overlap_masks = True
    try:
        with oracles.memories_in_float32():
            theirs = official_run(both, frames, actions)
            ours = our_run(both, frames, actions, replace(OFFICIAL_OPTIONS, non_overlapping=True))
    finally:
        both.official.non_overlap_masks = False
    assert not bool(torch.stack([(seen.mask_logits > 0).sum(0).max() for seen in ours]).gt(1).any())
    compare(f"objects that do not overlap {preset}", ours, theirs, LOGITS)
