from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from app.handlers.sentences import keyed
from app.projects.changes import add_object, remove_object, with_prompt, without_prompt
from app.projects.mask_folder import MaskFolder
from app.projects.project import FramePrompt, Project, ProjectError, mask_to_text
from app.tracking.clip_tracker import ClipTracker
from app.tracking.passes import TrackingError, TrackingPass, plan_passes
from media.video_clip import VideoClip
from sam2_model import SAM2, Budget, Prompt, VideoPredictor
from tests.app.made_clips import NUM_FRAMES, SIZE, square_mask

CLICK = FramePrompt(1, 2, ((20.0, 24.0),), (1,))
TWO_CLICKS = FramePrompt(1, 2, ((20.0, 24.0), (5.0, 40.0)), (1, 0))


@pytest.fixture
def clip(clip_path: Path) -> Iterator[VideoClip]:
    with VideoClip.open(clip_path) as clip:
        yield clip


@pytest.fixture
def tracker(model: SAM2, clip: VideoClip, tmp_path: Path) -> ClipTracker:
    return ClipTracker(model, clip, MaskFolder(tmp_path / "masks"), MaskFolder(tmp_path / "before"))


def one_object(*prompts: FramePrompt) -> Project:
    project = add_object(Project(clip="square.mp4"))
    for prompt in prompts:
        project = with_prompt(project, prompt)
    return project


def fresh_mask(
    model: SAM2, clip: VideoClip, folder: Path, project: Project, object_id: int, frame_index: int
) -> np.ndarray:
    """What a process that knows nothing yet finds."""
    masks = MaskFolder(folder)
    ClipTracker(model, clip, masks).segment(project, object_id, frame_index)
    found = masks.read(object_id, frame_index)
    assert found is not None
    return found


def test_clicks_reach_the_model_one_at_a_time_as_they_were_given(
    model: SAM2, clip: VideoClip, tracker: ClipTracker
) -> None:
    found = tracker.segment(one_object(TWO_CLICKS), 1, 2)

    plain = VideoPredictor(model, size=clip.size, num_frames=clip.num_frames)
    pixels = clip.frame(2).pixels
    plain.add_prompt(1, 2, pixels, Prompt(points=TWO_CLICKS.points[:1], labels=(1,)))
    masks = plain.add_prompt(1, 2, pixels, Prompt(points=TWO_CLICKS.points, labels=(1, 0)))
    wanted = masks.masks_by_id()[1]
    written = tracker.masks.read(1, 2)
    assert np.array_equal(written, wanted)
    assert 0 < found.area == wanted.sum() < wanted.size  # an empty or full mask would prove nothing
    assert found.score == pytest.approx(1 / (1 + np.exp(-masks.scores_by_id()[1])), abs=1e-5)


def test_going_on_clicking_equals_starting_anew(
    model: SAM2, clip: VideoClip, tracker: ClipTracker, tmp_path: Path
) -> None:
    tracker.segment(one_object(CLICK), 1, 2)
    tracker.segment(one_object(TWO_CLICKS), 1, 2)
    again = fresh_mask(model, clip, tmp_path / "again", one_object(TWO_CLICKS), 1, 2)
    assert np.array_equal(tracker.masks.read(1, 2), again)
    assert not np.array_equal(again, fresh_mask(model, clip, tmp_path / "one", one_object(CLICK), 1, 2))


@pytest.mark.parametrize(
    "changed",
    [
        CLICK,  # the second click was taken back
        FramePrompt(1, 2, ((20.0, 24.0), (50.0, 8.0)), (1, 0)),  # it was moved
        FramePrompt(1, 2, box=(8.0, 12.0, 30.0, 34.0)),  # a box came in their place
        TWO_CLICKS,  # the same again
    ],
)
def test_changed_prompts_equal_a_fresh_start(
    model: SAM2, clip: VideoClip, tracker: ClipTracker, tmp_path: Path, changed: FramePrompt
) -> None:
    tracker.segment(one_object(TWO_CLICKS), 1, 2)
    tracker.segment(one_object(changed), 1, 2)
    assert np.array_equal(
        tracker.masks.read(1, 2), fresh_mask(model, clip, tmp_path / "again", one_object(changed), 1, 2)
    )


def test_a_mask_prompt_gives_that_mask_and_clicks_then_correct_it(tracker: ClipTracker) -> None:
    wanted = square_mask(2)
    given = FramePrompt(1, 2, mask_png=mask_to_text(wanted))
    tracker.segment(one_object(given), 1, 2)
    found = tracker.masks.read(1, 2)
    assert found is not None
    assert (found & wanted).sum() / (found | wanted).sum() > 0.8

    corrected = FramePrompt(1, 2, ((50.0, 40.0),), (1,), mask_png=given.mask_png)
    tracker.segment(one_object(corrected), 1, 2)
    assert not np.array_equal(tracker.masks.read(1, 2), found)


def test_tracking_equals_the_predictor_and_says_how_it_goes(model: SAM2, clip: VideoClip, tracker: ClipTracker) -> None:
    project = one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels))
    messages = list(tracker.propagate(project, TrackingPass(0, NUM_FRAMES, 1, (1,))))

    plain = VideoPredictor(model, size=clip.size, num_frames=clip.num_frames)
    plain.add_prompt(1, 0, clip.frame(0).pixels, Prompt(points=CLICK.points, labels=CLICK.labels))
    for message, frame in zip(messages, clip.frames(), strict=True):
        wanted = plain.track(frame.index, frame.pixels).masks_by_id()[1]
        assert message.frame_index == frame.index
        assert np.array_equal(tracker.masks.read(1, frame.index), wanted)
        assert message.masks[0].area == wanted.sum()
    assert [message.done for message in messages] == list(range(1, NUM_FRAMES + 1))
    assert messages[-1].total == NUM_FRAMES


def test_what_had_to_shrink_is_told_once_with_its_frame(
    model: SAM2, clip: VideoClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = ClipTracker(model, clip, MaskFolder(tmp_path / "masks"), budget=Budget(1, 1))
    messages = tracker.propagate(one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels)), TrackingPass(0, 5, 1, (1,)))
    assert next(messages).notices == ()
    encode, failures = model.encode_memory, [torch.OutOfMemoryError("fake")]

    def fail_once(*arguments: object, **options: object) -> torch.Tensor:
        if failures:
            raise failures.pop()
        return encode(*arguments, **options)

    monkeypatch.setattr(model, "encode_memory", fail_once)
    told = [message.notices for message in messages]
    assert [len(each) for each in told] == [1, 0, 0, 0]
    assert isinstance(keyed(told[0][0]), dict)


def test_backwards_meets_every_frame_once_in_falling_order(
    model: SAM2, clip: VideoClip, tracker: ClipTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tracking.clip_tracker._LONGEST_BLOCK", 4)  # three blocks, the last one shorter
    project = one_object(FramePrompt(1, 9, CLICK.points, CLICK.labels))
    messages = list(tracker.propagate(project, TrackingPass(9, -1, -1, (1,))))
    assert [message.frame_index for message in messages] == list(range(9, -1, -1))

    plain = VideoPredictor(model, size=clip.size, num_frames=clip.num_frames)
    plain.add_prompt(1, 9, clip.frame(9).pixels, Prompt(points=CLICK.points, labels=CLICK.labels))
    for index in range(9, -1, -1):
        wanted = plain.track(index, clip.frame(index).pixels, -1).masks_by_id()[1]
        assert np.array_equal(tracker.masks.read(1, index), wanted)


def test_the_plan_gives_every_object_every_frame() -> None:
    project = add_object(add_object(add_object(Project(clip="a.mp4"))))
    project = with_prompt(project, FramePrompt(2, 5, ((1.0, 1.0),), (1,)))
    project = with_prompt(project, FramePrompt(1, 3, ((1.0, 1.0),), (1,)))
    assert plan_passes(project, 12) == (TrackingPass(3, 12, 1, (1, 2)), TrackingPass(5, -1, -1, (1, 2)))

    project = with_prompt(project, FramePrompt(1, 0, ((1.0, 1.0),), (1,)))
    assert plan_passes(project, 12) == (TrackingPass(0, 12, 1, (1, 2)), TrackingPass(5, -1, -1, (2,)))
    with pytest.raises(TrackingError, match="nothing to track"):
        plan_passes(Project(clip="a.mp4"), 12)


def test_a_late_object_gets_its_earlier_frames_from_behind(tracker: ClipTracker) -> None:
    project = add_object(one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels)))
    project = with_prompt(project, FramePrompt(2, 6, ((30.0, 20.0),), (1,)))
    seen: dict[int, list[int]] = {1: [], 2: []}
    for each in plan_passes(project, NUM_FRAMES):
        for message in tracker.propagate(project, each):
            for mask in message.masks:
                seen[mask.object_id].append(mask.frame_index)
    assert seen[1] == list(range(NUM_FRAMES))
    assert seen[2] == [6, 7, 8, 9, 10, 11, 6, 5, 4, 3, 2, 1, 0]
    assert tracker.masks.frames(2) == tuple(range(NUM_FRAMES))


def test_a_run_from_the_midst_reads_the_frames_before_it_first(
    model: SAM2, clip: VideoClip, tracker: ClipTracker
) -> None:
    project = one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels))
    messages = list(tracker.propagate(project, TrackingPass(9, NUM_FRAMES, 1, (1,))))
    assert [message.frame_index for message in messages] == [9, 10, 11]
    assert [message.total for message in messages] == [3, 3, 3]
    assert tracker.masks.frames(1) == (9, 10, 11)

    plain = VideoPredictor(model, size=clip.size, num_frames=clip.num_frames)
    plain.add_prompt(1, 0, clip.frame(0).pixels, Prompt(points=CLICK.points, labels=CLICK.labels))
    for index in range(3, NUM_FRAMES):
        wanted = plain.track(index, clip.frame(index).pixels).masks_by_id()[1]
    assert np.array_equal(tracker.masks.read(1, NUM_FRAMES - 1), wanted)


def test_a_cancelled_run_keeps_what_is_done(tracker: ClipTracker) -> None:
    project = one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels))
    run = tracker.propagate(project, TrackingPass(0, NUM_FRAMES, 1, (1,)))
    for _ in range(5):
        next(run)
    run.close()
    assert tracker.masks.frames(1) == (0, 1, 2, 3, 4)


def test_a_removed_object_leaves_the_other_as_it_was(tracker: ClipTracker) -> None:
    both = add_object(one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels)))
    both = with_prompt(both, FramePrompt(2, 0, ((50.0, 10.0),), (1,)))
    run = TrackingPass(0, NUM_FRAMES, 1, (1,))
    list(tracker.propagate(both, run))
    with_both = tracker.masks.read(1, NUM_FRAMES - 1)
    list(tracker.propagate(remove_object(both, 2), run))
    assert np.array_equal(tracker.masks.read(1, NUM_FRAMES - 1), with_both)


def test_a_click_on_a_tracked_frame_corrects_what_was_found_there(
    model: SAM2, clip: VideoClip, tracker: ClipTracker, tmp_path: Path
) -> None:
    project = one_object(FramePrompt(1, 0, CLICK.points, CLICK.labels))
    list(tracker.propagate(project, TrackingPass(0, NUM_FRAMES, 1, (1,))))
    tracked = tracker.masks.read(1, 8)
    project = with_prompt(project, FramePrompt(1, 8, ((40.0, 40.0),), (0,)))
    tracker.segment(project, 1, 8)

    assert tracker.tracked_before is not None
    assert np.array_equal(tracker.tracked_before.read(1, 8), tracked)
    # A process that never tracked knows from the folder what the click corrects: the answer is not that
    # of a lone click that takes away.
    rebuilt = ClipTracker(model, clip, tracker.masks, tracker.tracked_before)
    rebuilt.segment(project, 1, 8)
    assert np.array_equal(tracker.tracked_before.read(1, 8), tracked)
    alone = fresh_mask(model, clip, tmp_path / "alone", project, 1, 8)
    assert not np.array_equal(rebuilt.masks.read(1, 8), alone)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (FramePrompt(1, 0, ((64.5, 3.0),), (1,)), "outside the frame of 64×48"),
        (FramePrompt(1, 0, ((3.0, -1.0),), (1,)), "outside the frame"),
        (FramePrompt(1, 0, box=(70.0, 1.0, 80.0, 9.0)), "outside the frame"),
        (FramePrompt(1, NUM_FRAMES, ((3.0, 3.0),), (1,)), f"no frame {NUM_FRAMES}"),
        (FramePrompt(1, 0, mask_png=mask_to_text(np.ones((9, 9), dtype=bool))), "9×9"),
    ],
)
def test_what_cannot_be_segmented_gives_one_sentence(tracker: ClipTracker, prompt: FramePrompt, words: str) -> None:
    with pytest.raises(TrackingError) as caught:
        tracker.segment(one_object(prompt), 1, prompt.frame_index)
    assert words in str(caught.value)
    assert tracker.masks.object_ids() == ()
    # After the mistake is taken back all goes on.
    tracker.segment(one_object(CLICK), 1, 2)
    assert tracker.masks.frames(1) == (2,)


def test_what_cannot_be_tracked_gives_one_sentence(tracker: ClipTracker) -> None:
    nothing = add_object(Project(clip="a.mp4"))
    for project, run, words in (
        (nothing, TrackingPass(0, 5, 1, (1,)), "nothing to track"),
        (add_object(one_object(CLICK)), TrackingPass(0, 5, 1, (2,)), "Object 2 has no click"),
        (one_object(CLICK), TrackingPass(5, 5, 1, (1,)), "no frames to track"),
        (one_object(CLICK), TrackingPass(0, NUM_FRAMES + 1, 1, (1,)), f"no frame {NUM_FRAMES}"),
        (one_object(CLICK), TrackingPass(3, -2, -1, (1,)), "no frame -1"),
    ):
        with pytest.raises(TrackingError, match=words):
            next(tracker.propagate(project, run))
    with pytest.raises(ProjectError, match="no object 4"):
        tracker.segment(one_object(CLICK), 4, 2)
    with pytest.raises(TrackingError, match="no click on frame 3"):
        tracker.segment(one_object(CLICK), 1, 3)


def test_a_prompt_taken_back_is_forgotten(tracker: ClipTracker, model: SAM2, clip: VideoClip, tmp_path: Path) -> None:
    project = one_object(CLICK, FramePrompt(1, 0, ((50.0, 8.0),), (1,)))
    tracker.segment(project, 1, 0)
    project = without_prompt(project, 1, 0)
    run = TrackingPass(2, NUM_FRAMES, 1, (1,))
    list(tracker.propagate(project, run))

    fresh = ClipTracker(model, clip, MaskFolder(tmp_path / "fresh"))
    list(fresh.propagate(project, run))
    assert np.array_equal(tracker.masks.read(1, NUM_FRAMES - 1), fresh.masks.read(1, NUM_FRAMES - 1))
    assert clip.size == SIZE
