"""Which memories a frame reads."""

from __future__ import annotations

import torch

from sam2_model import PRESETS, FrameMemory, MemoryBank

CONFIG = PRESETS["sam2.1_tiny"]
NOTHING = torch.zeros(1)


def memory(frame_index: int) -> FrameMemory:
    return FrameMemory(frame_index, NOTHING, NOTHING, NOTHING, NOTHING)


def bank(prompted: list[int], recent: list[int], keep_recent: int | None = None) -> MemoryBank:
    made = MemoryBank(keep_recent)
    for index in prompted:
        made.remember(memory(index), is_prompted=True)
    for index in recent:
        made.remember(memory(index), is_prompted=False)
    return made


def test_prompted_frames_and_the_six_nearest_recent_ones_are_read() -> None:
    recall = bank([0], list(range(1, 20))).recall(20, CONFIG)
    assert [(m.frame_index, row) for m, row in recall.spatial] == [
        (0, 6),
        *((20 - distance, distance - 1) for distance in range(6, 0, -1)),
    ]
    assert [(m.frame_index, d) for m, d in recall.pointers] == [(0, 20), *((20 - d, d) for d in range(1, 16))]


def test_backwards_the_near_frames_are_the_later_ones() -> None:
    recall = bank([10], [9, 8, 7]).recall(6, CONFIG, step=-1)
    assert [(m.frame_index, row) for m, row in recall.spatial] == [(10, 6), (9, 2), (8, 1), (7, 0)]
    assert [(m.frame_index, d) for m, d in recall.pointers] == [(10, 4), (7, 1), (8, 2), (9, 3)]


def test_a_pointer_of_a_prompt_ahead_is_not_read_but_its_picture_is() -> None:
    recall = bank([0, 12], []).recall(5, CONFIG)
    assert [m.frame_index for m, _ in recall.spatial] == [0, 12]
    assert [(m.frame_index, d) for m, d in recall.pointers] == [(0, 5)]


def test_the_bank_is_bounded_and_drops_what_was_written_first() -> None:
    full = bank([0], list(range(1, 500)), keep_recent=16)
    assert list(full.recent) == list(range(484, 500))
    assert list(full.prompted) == [0]


def test_tracking_again_from_the_middle_pushes_the_old_story_out() -> None:
    full = bank([0], list(range(1, 100)), keep_recent=16)
    for index in range(50, 66):
        full.remember(memory(index), is_prompted=False)
    assert list(full.recent) == list(range(50, 66))


def test_a_frame_is_either_prompted_or_recent() -> None:
    both = bank([], [4, 5])
    both.remember(memory(4), is_prompted=True)
    assert list(both.prompted) == [4]
    assert list(both.recent) == [5]
    both.demote(4)
    assert not both.prompted
    assert sorted(both.recent) == [4, 5]


def test_forgetting_around_a_correction_spares_prompted_frames() -> None:
    full = bank([10], list(range(11, 31)))
    full.forget_around(20, reach=3)
    assert sorted(full.recent) == [*range(11, 17), *range(24, 31)]
    assert list(full.prompted) == [10]


def test_an_empty_bank_recalls_nothing() -> None:
    assert bank([], []).recall(3, CONFIG).shape == (0, 0)
