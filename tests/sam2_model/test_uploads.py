"""Frames that were announced arrive as they would have without; what goes wrong on the way is told who takes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sam2_model import SAM2, Budget, Prompt, VideoPredictor, uploads
from sam2_model.budget import is_memory_full
from sam2_model.preprocessing import to_model_input
from sam2_model.uploads import Uploads

from .conftest import NUM_FRAMES, SIZE

CPU = torch.device("cpu")
CLICK = Prompt(points=((40, 48),), labels=(1,))


def test_announced_frames_are_the_same_frames(clip: NDArray[np.uint8]) -> None:
    coming = Uploads(256, CPU, torch.float32)
    coming.announce([(4, clip[4]), (5, clip[5])])
    for index in (5, 4, 4, 6):  # in any order, again, and one that nobody announced
        expected = to_model_input(clip[index], 256, device=CPU, dtype=torch.float32)
        assert torch.equal(coming.take(index, clip[index]), expected)


def test_frames_are_shrunk_on_another_thread(clip: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def noting(pixels: NDArray[np.uint8], size: int) -> torch.Tensor:
        threads.append(threading.current_thread())
        return torch.zeros(1, 3, size, size, dtype=torch.uint8)

    monkeypatch.setattr(uploads, "to_square", noting)
    coming = Uploads(32, CPU, torch.float32)
    coming.announce([(0, clip[0])])
    coming.take(0, clip[0])
    coming.take(1, clip[1])
    assert [thread is threading.current_thread() for thread in threads] == [False, True]


def test_an_error_on_the_way_is_raised_where_the_frame_is_taken(clip: NDArray[np.uint8]) -> None:
    coming = Uploads(32, CPU, torch.float32)
    coming.announce([(0, clip[0][..., 0])])
    with pytest.raises(ValueError, match="is wanted"):
        coming.take(0, clip[0])


def frames_of(clip: NDArray[np.uint8], asked: list[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for index in range(NUM_FRAMES):
        asked.append(index)
        yield index, clip[index]


def test_the_next_group_travels_while_this_one_is_tracked(model: SAM2, clip: NDArray[np.uint8]) -> None:
    ahead = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(look_ahead=3, objects_at_once=1))
    ahead.add_prompt(1, 0, clip[0], CLICK)
    asked: list[int] = []
    found = ahead.propagate(frames_of(clip, asked))
    next(found)
    assert asked == list(range(6))
    next(found)
    assert asked == list(range(6))
    found.close()
    one_by_one = VideoPredictor(model, SIZE, NUM_FRAMES)
    one_by_one.add_prompt(1, 0, clip[0], CLICK)
    asked = []
    found = one_by_one.propagate(frames_of(clip, asked))
    next(found)
    assert asked == [0]


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_full_memory_is_known_by_its_words_too(
    model: SAM2, clip: NDArray[np.uint8], error: RuntimeError, is_full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_memory_full(error) is is_full
    tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(look_ahead=2, objects_at_once=1))
    tracker.add_prompt(1, 0, clip[0], CLICK)
    encode, failures = model.encode_image, [error]

    def fail_once(pixels: torch.Tensor) -> object:
        if failures:
            raise failures.pop()
        return encode(pixels)

    monkeypatch.setattr(model, "encode_image", fail_once)
    if is_full:
        assert len(list(tracker.propagate((t, clip[t]) for t in range(4)))) == 4
        assert len(tracker.notices) == 1
    else:
        with pytest.raises(RuntimeError, match="shapes"):
            list(tracker.propagate((t, clip[t]) for t in range(4)))


def test_masks_too_large_for_the_device_shrink_the_budget(
    model: SAM2, clip: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the last step, in which the masks grow to the clip's size, may find the memory full."""
    tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(look_ahead=2, objects_at_once=1))
    tracker.add_prompt(1, 0, clip[0], CLICK)
    grow, failures = tracker.masks_on, [torch.OutOfMemoryError("fake")]

    def fail_once(frame_index: int) -> object:
        if failures:
            raise failures.pop()
        return grow(frame_index)

    monkeypatch.setattr(tracker, "masks_on", fail_once)
    assert tracker.track(0, clip[0]).object_ids == (1,)
    assert tracker.budget.look_ahead == 1
