"""What must hold of tracking, whatever the weights."""

from __future__ import annotations

import threading
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from media import VideoClip
from sam2_model import (
    SAM2,
    Budget,
    FrameMasks,
    ImagePredictor,
    Prompt,
    PromptError,
    TrackingOptions,
    VideoPredictor,
    load,
)

from .conftest import NUM_FRAMES, SIZE, SMALL, make_model

BIRD = Path(__file__).parents[2] / "examples" / "clips" / "bird.mp4"
CLICK = Prompt(points=((40, 48),), labels=(1,))
BOX = Prompt(box=(100, 10, 150, 60))


def predictor(model: SAM2, **options: object) -> VideoPredictor:
    return VideoPredictor(model, SIZE, NUM_FRAMES, TrackingOptions(**options))


def run(tracker: VideoPredictor, clip: NDArray[np.uint8], frames: range) -> list[FrameMasks]:
    step = 1 if frames.step > 0 else -1
    return list(tracker.propagate(((t, clip[t]) for t in frames), step))


def logits_of(found: FrameMasks, object_id: int) -> torch.Tensor:
    return found.mask_logits[found.object_ids.index(object_id)]


def test_the_seeded_network_finds_something(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """Otherwise the equalities below would compare nothing with nothing."""
    tracker = predictor(model)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    masks = [found.masks_by_id()[1] for found in run(tracker, clip, range(4))]
    assert all(0.01 < mask.mean() < 0.99 for mask in masks)
    assert masks[0].shape == SIZE
    assert (masks[1] != masks[3]).any()


def test_frame_by_frame_equals_propagate(model: SAM2, clip: NDArray[np.uint8]) -> None:
    one, two = predictor(model), predictor(model)
    for tracker in (one, two):
        tracker.add_prompt(1, 0, clip[0], CLICK)
    for found in run(one, clip, range(10)):
        again = two.track(found.frame_index, clip[found.frame_index])
        torch.testing.assert_close(again.mask_logits, found.mask_logits, rtol=0, atol=0)


@pytest.mark.parametrize("per_batch", [1, 16])
def test_many_objects_at_once_equal_one_by_one(model: SAM2, clip: NDArray[np.uint8], per_batch: int) -> None:
    prompts = {7: CLICK, 3: BOX, 5: Prompt(points=((120, 80), (10, 10)), labels=(1, 0))}
    together = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(look_ahead=1, objects_at_once=per_batch))
    for object_id, prompt in prompts.items():
        together.add_prompt(object_id, 0, clip[0], prompt)
    found = run(together, clip, range(5))
    for object_id, prompt in prompts.items():
        alone = predictor(model)
        alone.add_prompt(object_id, 0, clip[0], prompt)
        for both, single in zip(found, run(alone, clip, range(5)), strict=True):
            torch.testing.assert_close(logits_of(both, object_id), single.mask_logits[0], rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", ["small", "nano"])
def test_side_by_side_equals_one_after_the_other(model: SAM2, clip: NDArray[np.uint8], name: str) -> None:
    """With a frame that all are prompted on, one that some are, an object that comes later, and a way back."""
    network = model if name == "small" else load("nano", image_size=256)
    found: list[list[FrameMasks]] = []
    for side_by_side in (False, True):
        tracker = VideoPredictor(network, SIZE, NUM_FRAMES, budget=Budget(1, 1, side_by_side=side_by_side))
        for object_id, prompt in ((1, CLICK), (2, BOX)):
            tracker.add_prompt(object_id, 4, clip[4], prompt)
        tracker.add_prompt(1, 7, clip[7], CLICK)
        seen = run(tracker, clip, range(3, 8))
        tracker.add_prompt(3, 8, clip[8], BOX)
        found.append(seen + run(tracker, clip, range(8, 10)) + run(tracker, clip, range(10, 5, -1)))
    for one, other in zip(*found, strict=True):  # products on one thread and on two are rounded differently
        assert one.frame_index == other.frame_index
        torch.testing.assert_close(one.mask_logits, other.mask_logits, rtol=0, atol=2e-3)


@pytest.mark.usefixtures("two_threads")
def test_a_stop_leaves_no_thread_and_tracking_goes_on_from_there(model: SAM2, clip: NDArray[np.uint8]) -> None:
    before = threading.active_count()
    found = []
    for is_stopped in (False, True):
        tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(1, 1, side_by_side=True))
        tracker.add_prompt(1, 0, clip[0], CLICK)
        if is_stopped:
            going = tracker.propagate((t, clip[t]) for t in range(9))
            assert [next(going).frame_index for _ in range(3)] == [0, 1, 2]
            going.close()
            assert threading.active_count() == before
            found.append(run(tracker, clip, range(3, 6)))
        else:
            found.append(run(tracker, clip, range(6))[3:])
    for whole, resumed in zip(*found, strict=True):
        torch.testing.assert_close(whole.mask_logits, resumed.mask_logits, rtol=0, atol=0)


@pytest.mark.usefixtures("two_threads")
def test_what_happens_between_two_frames_counts_from_the_next_one_on(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """A prompt on a frame that is encoded already, a run that is begun and left, an object that goes."""
    found: list[list[FrameMasks]] = []
    for budget in (Budget(1, 1), Budget(1, 1, side_by_side=True), Budget(look_ahead=3, objects_at_once=2)):
        tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=budget)
        tracker.add_prompt(1, 0, clip[0], CLICK)
        going = tracker.propagate((t, clip[t]) for t in range(6))
        seen = [next(going), next(going), tracker.add_prompt(2, 2, clip[2], BOX)]
        left = tracker.propagate((t, clip[t]) for t in range(3, 6))
        seen += [next(left), next(going)]
        tracker.remove(1)
        found.append([*seen, *going])
        left.close()
    assert [(each.frame_index, each.object_ids) for each in found[0]] == [
        *((0, (1,)), (1, (1,)), (2, (1, 2)), (3, (1, 2)), (2, (1, 2))),
        *((3, (2,)), (4, (2,)), (5, (2,))),
    ]
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            assert one.object_ids == same.object_ids
            torch.testing.assert_close(one.mask_logits, same.mask_logits, rtol=0, atol=2e-3)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("place", ["encode_image", "segment"])
def test_what_goes_wrong_beside_is_heard(clip: NDArray[np.uint8], place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_model(SMALL)
    tracker = VideoPredictor(network, SIZE, NUM_FRAMES, budget=Budget(1, 1, side_by_side=True))
    tracker.add_prompt(1, 0, clip[0], CLICK)

    def fail(*_: object, **__: object) -> None:
        raise ValueError(place)

    monkeypatch.setattr(network, place, fail)
    with pytest.raises(ValueError, match=place):
        run(tracker, clip, range(4))
    monkeypatch.undo()
    assert len(run(tracker, clip, range(4))) == 4


@pytest.mark.usefixtures("two_threads")
def test_side_by_side_leaves_number_types_to_torch_where_it_chooses_them(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """`torch.autocast` holds on the thread that says it, and no other."""
    found = []
    for side_by_side in (False, True):
        tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(1, 1, side_by_side=side_by_side))
        with torch.autocast("cpu", torch.bfloat16):
            tracker.add_prompt(1, 0, clip[0], CLICK)
            found.append(run(tracker, clip, range(3)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one.mask_logits, other.mask_logits, rtol=0, atol=0)


def test_bfloat16_moves_edges_only(clip: NDArray[np.uint8]) -> None:
    """Of trained weights: where random ones answer, almost every pixel lies near an edge."""
    masks = {}
    for dtype in (torch.float32, torch.bfloat16):
        tracker = VideoPredictor(load("nano", image_size=256, dtype=dtype), SIZE, NUM_FRAMES)
        tracker.add_prompt(1, 0, clip[0], CLICK)
        masks[dtype] = torch.stack([found.mask_logits > 0 for found in run(tracker, clip, range(4))]).flatten(1)
    exact, short = masks.values()
    assert exact.any(dim=1).all()
    assert ((exact & short).sum(1) / (exact | short).sum(1) >= 0.99).all()


def test_bfloat16_moves_edges_only_while_a_bird_flaps_its_wings() -> None:
    """A real clip at the model's own size, where a network that is bfloat16 throughout falls to 0.986."""
    with VideoClip.open(BIRD) as bird:
        frames = [frame.pixels for frame in bird.frames(0, 8)]
        size, length = bird.size, bird.num_frames
    masks = {}
    for dtype in (torch.float32, torch.bfloat16):
        tracker = VideoPredictor(load("nano", dtype=dtype), size, length)
        tracker.add_prompt(1, 0, frames[0], Prompt(points=((400, 220),), labels=(1,)))
        masks[dtype] = torch.stack([found.mask_logits > 0 for found in tracker.propagate(enumerate(frames))]).flatten(1)
    exact, short = masks.values()
    assert exact.any(dim=1).all()
    assert ((exact & short).sum(1) / (exact | short).sum(1) >= 0.99).all()


def test_compiled_parts_are_whole_graphs_and_give_the_same_masks(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """Traced as for a GPU, without the minutes that a compiler takes; the memory grows from frame to frame."""
    compiled, found = deepcopy(model).requires_grad_(False).compile_parts(backend="eager", fullgraph=True), []
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    for network in (compiled, model):
        tracker = predictor(network)
        tracker.add_prompt(1, 0, clip[0], CLICK)
        found.append(torch.stack([each.mask_logits for each in run(tracker, clip, range(4))]))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] - graphs >= 4
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)


def test_products_may_be_cast_by_torch(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """As scripts for Meta's package do around every call."""
    tracker = predictor(model)
    with torch.autocast("cpu", torch.bfloat16):
        tracker.add_prompt(1, 0, clip[0], CLICK)
        assert tracker.track(1, clip[1]).masks_by_id()[1].any()


def test_removing_one_object_leaves_the_other_unchanged(model: SAM2, clip: NDArray[np.uint8]) -> None:
    pair, alone = predictor(model), predictor(model)
    pair.add_prompt(1, 0, clip[0], CLICK)
    pair.add_prompt(2, 0, clip[0], BOX)
    alone.add_prompt(2, 0, clip[0], BOX)
    run(pair, clip, range(4))
    run(alone, clip, range(4))
    pair.remove(1)
    assert pair.object_ids == (2,)
    for left, right in zip(run(pair, clip, range(4, 8)), run(alone, clip, range(4, 8)), strict=True):
        torch.testing.assert_close(left.mask_logits, right.mask_logits, rtol=0, atol=0)


def test_a_prompt_elsewhere_leaves_the_other_object_unchanged(clip: NDArray[np.uint8]) -> None:
    """Also where the last mask is brought along by motion: from the frame before, not from the one just clicked."""
    network = make_model(replace(SMALL, refines_last_mask=True))
    pair, alone = predictor(network), predictor(network)
    for tracker in (pair, alone):
        tracker.add_prompt(1, 2, clip[2], CLICK)
        run(tracker, clip, range(2, 5))
    pair.add_prompt(2, 0, clip[0], BOX)
    torch.testing.assert_close(
        logits_of(pair.track(5, clip[5]), 1), logits_of(alone.track(5, clip[5]), 1), rtol=0, atol=0
    )


def test_forwards_then_backwards_covers_each_frame(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model)
    tracker.add_prompt(1, 5, clip[5], CLICK)
    there = [found.frame_index for found in run(tracker, clip, range(5, 10))]
    back = [found.frame_index for found in run(tracker, clip, range(4, -1, -1))]
    assert there == [5, 6, 7, 8, 9]
    assert back == [4, 3, 2, 1, 0]
    assert set(tracker.tracks[1].tracked) == set(range(10))
    assert tracker.tracks[1].tracked[2] == -1


def test_memory_is_bounded(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = VideoPredictor(model, SIZE)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    for t in range(60):
        tracker.track(t, clip[t % NUM_FRAMES])
        if t == 25:
            early = len(tracker.tracks[1].memory.recent)
    assert len(tracker.tracks[1].memory.recent) == early == TrackingOptions().keep_recent


def test_a_prompted_frame_keeps_its_mask_when_tracked_over(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model)
    shown = tracker.add_prompt(1, 0, clip[0], CLICK)
    again = tracker.track(0, clip[0])
    torch.testing.assert_close(again.mask_logits, shown.mask_logits, rtol=0, atol=0)


def test_a_correction_takes_effect_on_later_frames_and_stays(model: SAM2, clip: NDArray[np.uint8]) -> None:
    plain, corrected = predictor(model), predictor(model)
    for tracker in (plain, corrected):
        tracker.add_prompt(1, 0, clip[0], CLICK)
        run(tracker, clip, range(8))
    shown = corrected.add_prompt(1, 4, clip[4], Prompt(points=((48, 48), (100, 80)), labels=(1, 0)))
    run(plain, clip, range(4, 8))
    later = run(corrected, clip, range(4, 8))
    torch.testing.assert_close(later[0].mask_logits, shown.mask_logits, rtol=0, atol=0)
    assert not torch.equal(later[2].mask_logits, plain.track(6, clip[6]).mask_logits)
    assert set(corrected.tracks[1].memory.prompted) == {0, 4}


def test_a_correction_may_be_tracked_over_as_in_the_reference(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model, corrections_are_prompts=False)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    run(tracker, clip, range(6))
    tracker.add_prompt(1, 4, clip[4], Prompt(points=((48, 48),), labels=(1,)))
    run(tracker, clip, range(4, 6))
    assert set(tracker.tracks[1].memory.prompted) == {0}


def test_an_object_may_be_added_after_tracking_began(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    run(tracker, clip, range(4))
    found = tracker.add_prompt(9, 4, clip[4], BOX)
    assert found.object_ids == (1, 9)
    assert not found.masks_by_id()[1].any(), "frame 4 was not tracked yet, so nothing is known of object 1 there"
    later = tracker.track(5, clip[5])
    assert later.object_ids == (1, 9)
    assert later.masks_by_id()[9].any()


def test_a_second_click_never_runs_the_encoder(
    model: SAM2, clip: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = predictor(model)
    prompt = CLICK
    tracker.add_prompt(1, 0, clip[0], prompt)

    def fail(*_: object) -> None:
        raise AssertionError("the image encoder ran again")

    monkeypatch.setattr(model, "encode_image", fail)
    tracker.add_prompt(1, 0, clip[0], prompt.with_point(80, 40, 0))
    tracker.add_prompt(2, 0, clip[0], BOX)


def test_a_mask_prompt_is_taken_as_the_truth(model: SAM2, clip: NDArray[np.uint8]) -> None:
    mask = np.zeros(SIZE, bool)
    mask[20:70, 30:90] = True
    tracker = predictor(model)
    found = tracker.add_prompt(1, 0, clip[0], Prompt(mask=mask)).masks_by_id()[1]
    assert (found & mask).sum() / (found | mask).sum() > 0.95
    assert tracker.track(1, clip[1]).masks_by_id()[1].shape == SIZE


def test_a_mask_prompt_ahead_of_the_first_tracked_frame_works(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """There is a memory but no pointer yet; the reference fails here on a CPU."""
    mask = np.zeros(SIZE, bool)
    mask[20:70, 30:90] = True
    tracker = predictor(model)
    tracker.add_prompt(1, 3, clip[3], Prompt(mask=mask))
    assert [found.frame_index for found in run(tracker, clip, range(5))] == [0, 1, 2, 3, 4]


def test_an_empty_mask_prompt_says_the_object_is_hidden(model: SAM2, clip: NDArray[np.uint8]) -> None:
    found = predictor(model).add_prompt(1, 0, clip[0], Prompt(mask=np.zeros(SIZE, bool)))
    assert found.scores_by_id()[1] < 0
    assert not found.masks_by_id()[1].any()


def test_a_hidden_object_gives_an_empty_mask(clip: NDArray[np.uint8]) -> None:
    shy = make_model(SMALL)
    with torch.no_grad():
        shy.mask_decoder.object_score_head.layers[-1].bias.fill_(-50.0)
    tracker = predictor(shy)
    found = tracker.add_prompt(1, 0, clip[0], CLICK)
    assert found.scores_by_id()[1] < 0
    assert not found.masks_by_id()[1].any()
    assert not tracker.track(1, clip[1]).masks_by_id()[1].any()


def test_objects_may_be_kept_from_overlapping(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model, non_overlapping=True)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    tracker.add_prompt(2, 0, clip[0], Prompt(points=((44, 50),), labels=(1,)))
    for found in run(tracker, clip, range(3)):
        masks = found.masks_by_id()
        assert not (masks[1] & masks[2]).any()


def test_clearing_the_only_prompt_removes_the_object(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    tracker.add_prompt(1, 3, clip[3], BOX)
    run(tracker, clip, range(5))
    tracker.clear_prompts(1, 3)
    assert set(tracker.tracks[1].memory.prompted) == {0}
    tracker.clear_prompts(1, 0)
    assert tracker.object_ids == ()


def test_reset_forgets_objects_and_keeps_the_clip(model: SAM2, clip: NDArray[np.uint8]) -> None:
    tracker = predictor(model)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    tracker.reset()
    assert tracker.object_ids == ()
    with pytest.raises(PromptError, match="nothing to track"):
        tracker.track(0, clip[0])


@pytest.mark.parametrize("image_size", [256, 288, 352])
def test_any_multiple_of_32_is_a_working_size(clip: NDArray[np.uint8], image_size: int) -> None:
    tracker = predictor(make_model(replace(SMALL, image_size=image_size)))
    tracker.add_prompt(1, 0, clip[0], CLICK)
    assert tracker.track(1, clip[1]).mask_logits.shape == (1, *SIZE)


@pytest.mark.parametrize("image_size", [250, 224, 1056])
def test_other_sizes_are_refused_in_words(image_size: int) -> None:
    with pytest.raises(ValueError, match="multiple of 32 from 256 to 1024"):
        replace(SMALL, image_size=image_size)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (Prompt(points=((200, 5),), labels=(1,)), "outside the frame of 160×96"),
        (Prompt(box=(300, 10, 400, 20)), "outside the frame"),
        (Prompt(mask=np.zeros((4, 4), bool)), "4×4 pixels"),
    ],
)
def test_a_prompt_outside_the_frame_is_refused_and_nothing_is_lost(
    model: SAM2, clip: NDArray[np.uint8], prompt: Prompt, message: str
) -> None:
    tracker = predictor(model)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    with pytest.raises(PromptError, match=message):
        tracker.add_prompt(2, 0, clip[0], prompt)
    assert tracker.object_ids == (1,)


def test_a_frame_of_another_size_is_refused(model: SAM2, clip: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"the clip has \(96, 160\)"):
        predictor(model).add_prompt(1, 0, clip[0][:50], CLICK)


@pytest.mark.parametrize("wrong", ["grey", "float64", "with alpha"])
def test_what_is_no_picture_is_refused_in_words(clip: NDArray[np.uint8], wrong: str) -> None:
    """Also by a network that looks at a frame's motion before anything else."""
    with_alpha = np.concatenate([clip[0], clip[0][..., :1]], axis=2)
    pixels = {"grey": clip[0][..., 0], "float64": clip[0].astype(float), "with alpha": with_alpha}[wrong]
    tracker = predictor(make_model(replace(SMALL, refines_last_mask=True)))
    with pytest.raises(ValueError, match="uint8 RGB is wanted"):
        tracker.add_prompt(1, 0, pixels, CLICK)


def test_masks_and_frames_may_lie_in_memory_as_they_like(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """Flipped, or not to be written to, as what a file is mapped to."""
    mask = np.zeros(SIZE, bool)
    mask[20:70, 30:90] = True
    read_only, frame = mask[::-1].copy(), clip[0][::-1].copy()
    read_only.flags.writeable = frame.flags.writeable = False
    found = [
        predictor(model).add_prompt(1, 0, pixels, Prompt(mask=given)).mask_logits
        for pixels, given in ((clip[0][::-1], mask[::-1]), (frame, read_only))
    ]
    torch.testing.assert_close(*found, rtol=0, atol=0)
    images = ImagePredictor(model)
    images.set_image(clip[0])
    answers = [images.predict(Prompt(mask=given)).mask_logits for given in (mask[::-1], read_only)]
    torch.testing.assert_close(*answers, rtol=0, atol=0)


def test_unknown_objects_are_named(model: SAM2) -> None:
    with pytest.raises(PromptError, match="no object 4; known objects: none"):
        predictor(model).remove(4)


def test_frames_encoded_ahead_give_the_same_masks(model: SAM2, clip: NDArray[np.uint8]) -> None:
    """Also where a prompted frame lies among them, and at the clip's end."""
    plain, ahead = predictor(model), VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(4, 1))
    for tracker in (plain, ahead):
        tracker.add_prompt(1, 0, clip[0], CLICK)
        tracker.add_prompt(2, 5, clip[5], BOX)
    for one, other in zip(run(plain, clip, range(10)), run(ahead, clip, range(10)), strict=True):
        assert one.frame_index == other.frame_index
        torch.testing.assert_close(other.mask_logits, one.mask_logits, rtol=1e-4, atol=1e-4)


class FullMemory:
    """A method that runs out of memory, as a GPU does, while the predictor does more than this at once."""

    def __init__(self, tracker: VideoPredictor, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.budget, self.work, self.failures = tracker.budget, getattr(tracker.model, method), 0
        monkeypatch.setattr(tracker.model, method, self, raising=True)

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self.budget.look_ahead > 1 or self.budget.objects_at_once > 1:
            self.failures += 1
            raise torch.OutOfMemoryError("fake")
        return self.work(*args, **kwargs)


@pytest.mark.parametrize("method", ["encode_image", "encode_memory"])
def test_full_memory_shrinks_the_budget_and_not_the_masks(
    model: SAM2, clip: NDArray[np.uint8], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = predictor(model)
    short = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(look_ahead=4, objects_at_once=2))
    for tracker in (plain, short):
        tracker.add_prompt(1, 0, clip[0], CLICK)
        tracker.add_prompt(2, 0, clip[0], BOX)
    expected = run(plain, clip, range(8))
    full = FullMemory(short, method, monkeypatch)
    for found, wanted in zip(run(short, clip, range(8)), expected, strict=True):
        torch.testing.assert_close(found.mask_logits, wanted.mask_logits, rtol=1e-4, atol=1e-4)
    assert full.failures == 4
    assert short.budget == Budget(look_ahead=1, objects_at_once=1, memories_on_cpu=True)
    assert [notice.split(": ")[1].split()[0] for notice in short.notices] == ["frames", "frames", "what", "objects"]


def test_no_more_frames_are_encoded_at_once_than_the_budget_has_it(
    clip: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of those that were read already when it shrank; else they would shrink it once more."""
    model = make_model(SMALL)
    tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=Budget(look_ahead=4, objects_at_once=1))
    tracker.add_prompt(1, 0, clip[0], CLICK)
    encode_image, encode_memory = model.encode_image, model.encode_memory
    asked: list[tuple[int, int]] = []  # frames in a batch, and how many there may be
    has_been_full = False

    def encode(pixels: torch.Tensor) -> object:
        asked.append((len(pixels), tracker.budget.look_ahead))
        return encode_image(pixels)

    def remember(*given: object, **options: object) -> object:
        nonlocal has_been_full
        if not has_been_full:
            has_been_full = True
            raise torch.OutOfMemoryError("fake")
        return encode_memory(*given, **options)

    monkeypatch.setattr(model, "encode_image", encode)
    monkeypatch.setattr(model, "encode_memory", remember)
    run(tracker, clip, range(1, 13))
    assert asked[0] == (4, 4)
    assert asked[-1] == (2, 2)
    assert all(count <= most for count, most in asked)


def test_memory_that_is_full_for_good_is_said(
    model: SAM2, clip: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("fake")

    tracker = predictor(model)
    tracker.add_prompt(1, 0, clip[0], CLICK)
    monkeypatch.setattr(model, "encode_memory", fail)
    with pytest.raises(torch.OutOfMemoryError):
        tracker.track(1, clip[1])
