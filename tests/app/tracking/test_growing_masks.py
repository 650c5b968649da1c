"""Masks are read while they are tracked: nobody sees one that will change, and no stage outlives another's end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.command_line.reporter import Reporter
from app.projects.changes import add_object, with_prompt
from app.projects.mask_folder import MaskFolder
from app.projects.project import FramePrompt, Project
from app.tracking.clip_tracker import ClipTracker
from app.tracking.growing_masks import GrowingMasks, Growth
from app.tracking.passes import TrackingError, TrackingPass, plan_passes
from media.errors import MediaError
from media.video_clip import VideoClip
from media.video_writer import VideoWriter
from sam2_model import SAM2
from tests.app.made_clips import NUM_FRAMES, SIZE, decode
from tests.media.processes import decoders, forget_elders

FIRST = "id=1 frame=0 +20,24"
LATER = "id=2 frame=5 box=10,12,40,36"
AGAIN = "id=2 frame=8 box=14,12,40,36"
BACKGROUND = ["--layer", "background blur strength=0.7"]


@pytest.fixture
def quick_model(model: SAM2, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The smallest network in the place of whatever is asked for."""
    monkeypatch.setattr("app.tracking.models.load_model", lambda name: model)
    return ["--model", "nano"]


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    forget_elders()
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]
    assert decoders() == []


def prompted(*frames: int) -> Project:
    """Object 1 is clicked on frame 0, and object 2 on these."""
    project = with_prompt(add_object(Project(clip="a.mp4")), FramePrompt(1, 0, ((5.0, 5.0),), (1,)))
    project = add_object(project)
    for frame_index in frames:
        project = with_prompt(project, FramePrompt(2, frame_index, ((5.0, 5.0),), (1,)))
    return project


class Tracked:
    """Stands for tracking: writes masks in which the run's number says who wrote them, and keeps count."""

    def __init__(self, folder: Path, project: Project, num_frames: int) -> None:
        self.masks, self.project, self.passes = MaskFolder(folder), project, plan_passes(project, num_frames)
        self.at: list[tuple[int, int]] = []
        self.fails_at: tuple[int, int] | None = None
        self.growing = GrowingMasks(folder, Growth(project, self.passes, self.steps()))

    def steps(self) -> Iterator[tuple[int, int]]:
        for number, run in enumerate(self.passes):
            for frame_index in run.frames:
                if (number, frame_index) == self.fails_at:
                    raise TrackingError("the model is ill")
                self.write(number, run, frame_index)
                self.at.append((number, frame_index))
                yield number, frame_index

    def write(self, number: int, run: TrackingPass, frame_index: int) -> None:
        for object_id in run.object_ids:
            if run.keeps(self.project, object_id, frame_index):
                self.masks.write(object_id, frame_index, stamp(number))


def run_of(mask: np.ndarray | None) -> int | None:
    """The number of the run that wrote a mask; None for no mask."""
    return None if mask is None else int(mask.argmax()) // mask.shape[1]


def stamp(number: int) -> np.ndarray:
    mask = np.zeros((4, 4), bool)
    mask[number] = True
    return mask


def test_a_mask_is_given_when_no_later_run_touches_it(tmp_path: Path) -> None:
    """Object 2 is prompted on 3 and 6: forwards it is seen from 3 on, and backwards from 3 to 0."""
    tracked = Tracked(tmp_path, prompted(3, 6), 8)
    for object_id in (1, 2):
        tracked.masks.write(object_id, 0, stamp(3))  # of an older run: nobody may see it
    assert run_of(tracked.growing.read(1, 0)) == 0
    assert tracked.at == [(0, 0)]
    assert run_of(tracked.growing.read(2, 4)) == 0
    assert tracked.at[-1] == (0, 4)
    assert run_of(tracked.growing.read(1, 2)) == 0
    assert tracked.at[-1] == (0, 4)  # it was final already
    assert run_of(tracked.growing.read(2, 2)) == 1
    assert tracked.at[-1] == (1, 2)
    assert not tracked.growing.growth.is_over
    assert tracked.growing.frames(2) == tuple(range(8))
    assert tracked.growing.growth.is_over


def test_two_objects_that_are_prompted_late_wait_for_the_run_backwards_over_both(tmp_path: Path) -> None:
    """From 6 back to 0 the run passes object 2 between its prompts, on 3 to 5, too."""
    project = with_prompt(add_object(prompted(3, 5)), FramePrompt(3, 6, ((5.0, 5.0),), (1,)))
    tracked = Tracked(tmp_path, project, 9)
    asked = [(object_id, frame_index) for frame_index in (7, 6, 4, 0) for object_id in (1, 2, 3)]
    seen = [run_of(tracked.growing.read(*each)) for each in asked]
    tracked.growing.growth.finish()
    assert seen == [run_of(tracked.masks.read(*each)) for each in asked]
    assert seen == [0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1]


def test_objects_are_known_before_they_have_a_mask(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, prompted(3), 6)
    tracked.masks.write(9, 0, stamp(3))  # of somebody else: it is final
    assert tracked.growing.object_ids() == (1, 2, 9)
    assert run_of(tracked.growing.read(9, 0)) == 3
    assert tracked.growing.read(9, 5) is None
    assert tracked.at == []


def test_logits_notes_and_scores_wait_too(tmp_path: Path) -> None:
    for read in ("read_logits", "score", "path"):
        tracked = Tracked(tmp_path / read, prompted(3), 6)
        getattr(tracked.growing, read)(1, 4)
        assert tracked.at[-1] == (0, 4), read
    tracked = Tracked(tmp_path / "notes", prompted(3), 6)
    assert set(tracked.growing.notes(2)) == set(range(6))


def test_an_error_of_tracking_comes_again_to_whoever_overheard_it(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, prompted(3), 6)
    tracked.fails_at = 0, 2
    assert tracked.growing.read(1, 1) is not None
    for _ in range(2):
        with pytest.raises(TrackingError, match="the model is ill"):
            tracked.growing.read(1, 2)


@pytest.mark.parametrize(
    ("objects", "looks", "name"),
    [
        ([FIRST], BACKGROUND, "blur.mp4"),
        ([FIRST, LATER, AGAIN], ["--layer", "2 remove", "--layer", "1 trail"], "removed.mp4"),
        ([LATER], ["--layer", "everything desaturate", "--reframe", "2 aspect=1:1"], "reframed.mp4"),
        ([FIRST], ["--layer", "1 privacy", "--keep", "1"], "cut_out.webm"),
        ([FIRST], ["--layer", "everything grain"], "unmasked.mp4"),
    ],
)
def test_run_writes_what_track_and_render_write(
    objects: list[str], looks: list[str], name: str, clip_path: Path, quick_model: list[str], tmp_path: Path
) -> None:
    asked = [str(clip_path), *quick_model, *(word for each in objects for word in ("--object", each))]
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert main(["track", *asked, "--masks", str(one / "masks")]) == 0
    assert main(["render", str(clip_path), "--masks", str(one / "masks"), *looks, "-o", str(one / name)]) == 0
    assert main(["run", *asked, "--masks", str(other / "masks"), *looks, "-o", str(other / name)]) == 0
    for path in one.rglob("*.png"):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()
    pictures, times, seconds_of_sound = decode(one / name)
    again, times_again, seconds_again = decode(other / name)
    assert (len(pictures), times, seconds_of_sound) == (NUM_FRAMES, times_again, seconds_again)
    for here, there in zip(pictures, again, strict=True):
        assert np.array_equal(here, there)


def test_rendering_begins_while_tracking_goes_on(
    clip_path: Path, quick_model: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last frame is not tracked before the eighth is written; and the eighth looks at its neighbour's masks."""
    is_written = threading.Event()
    track, write = ClipTracker.write, VideoWriter.write
    seen: list[str] = []

    def wait_before_the_last(self: ClipTracker, found: Any, *rest: Any) -> Any:
        if found.frame_index == NUM_FRAMES - 1:
            seen.append("in time" if is_written.wait(30) else "never")
        return track(self, found, *rest)

    def tell(self: VideoWriter, picture: Any, time: Fraction) -> None:
        write(self, picture, time)
        if self._clip.times.index(time) == 7:
            is_written.set()

    monkeypatch.setattr(ClipTracker, "write", wait_before_the_last)
    monkeypatch.setattr(VideoWriter, "write", tell)
    call = ["run", str(clip_path), *quick_model, "--object", FIRST, *BACKGROUND, "-o", str(tmp_path / "out.mp4")]
    assert main(call) == 0
    assert seen == ["in time"]


def test_one_progress_follows_the_other(
    clip_path: Path, quick_model: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = ["--object", FIRST, "--object", LATER]
    call = ["run", str(clip_path), *quick_model, *objects, *BACKGROUND, "-o", str(tmp_path / "out.mp4"), "--json"]
    assert main(call) == 0
    _, *told, done = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    frames = [each["frame"] for each in told if each["event"] == "track"]
    assert frames == [*range(NUM_FRAMES), *reversed(range(6))]
    rendered = [each["done"] for each in told if each["event"] == "render"]
    assert [each["event"] for each in told] == ["track"] * len(frames) + ["render"] * len(rendered)
    assert rendered == list(range(rendered[0], NUM_FRAMES + 1))
    assert done["event"] == "done"


def fail_on_the_fifth(error: BaseException) -> Callable[[], None]:
    calls = iter(range(100))

    def check() -> None:
        if next(calls) == 4:
            raise error

    return check


@pytest.mark.parametrize("failing", ["tracker", "decoder", "encoder", "cancel"])
def test_any_stage_stops_all_with_its_own_message(
    failing: str,
    clip_path: Path,
    quick_model: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stages: dict[str, tuple[Any, str, BaseException]] = {
        "tracker": (ClipTracker, "write", TrackingError("The tracker is ill.")),
        "decoder": (VideoClip, "_frames", MediaError("The clip is damaged.")),
        "encoder": (VideoWriter, "write", MediaError("The encoder is gone.")),
        "cancel": (Reporter, "progress", KeyboardInterrupt()),
    }
    owner, name, error = stages[failing]
    check, plain = fail_on_the_fifth(error), getattr(owner, name)

    def failing_frames(self: Any, *rest: Any) -> Iterator[Any]:
        for each in plain(self, *rest):
            check()
            yield each

    def failing_call(self: Any, *rest: Any, **more: Any) -> Any:
        check()
        return plain(self, *rest, **more)

    monkeypatch.setattr(owner, name, failing_frames if failing == "decoder" else failing_call)
    masks, out = tmp_path / "masks", tmp_path / "out.mp4"
    call = ["run", str(clip_path), *quick_model, "--object", FIRST, "--masks", str(masks), *BACKGROUND, "-o", str(out)]
    assert main(call) == (130 if failing == "cancel" else 1)
    said = capsys.readouterr().err
    assert (str(error) or "Stopped; no partial file was left.") in said
    assert said.strip().count("\n") == 0
    assert [each.name for each in tmp_path.iterdir()] == ["masks"]
    assert not list(tmp_path.rglob("*.part"))
    for frame_index in MaskFolder(masks).frames(1):
        mask = MaskFolder(masks).read(1, frame_index)
        assert mask is not None
        assert mask.shape == SIZE
