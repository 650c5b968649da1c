"""What the commands ask of the model: how long tracking takes, to track, and to track while others read the masks."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.command_line.job import Job
from app.command_line.reporter import Reporter
from app.exports.kind import ExportProgress
from app.pipeline import read_ahead
from app.projects.mask_folder import MaskFolder
from app.projects.project import Project
from app.rendering.render import RenderProgress
from app.tracking.growing_masks import GrowingMasks, Growth
from app.tracking.passes import TrackingPass, plan_passes
from app.tracking.tracked_frame import TrackedFrame
from media.video_clip import VideoClip

if TYPE_CHECKING:  # torch takes seconds to import, and most commands do without it
    from app.tracking.clip_tracker import ClipTracker
    from sam2_model import SAM2

Progress = TypeVar("Progress", RenderProgress, ExportProgress)

_MOST_WAITING = 64
"""Frames that tracking may be ahead: their masks lie on disk, and only words about them wait."""


def estimate(job: Job, clip: VideoClip, project: Project, report: Reporter) -> None:
    """Say what tracking would cost, measured on the clip's first frames."""
    from app.tracking.estimate import measure_pace
    from app.tracking.models import current_budget

    passes = plan_passes(project, clip.num_frames)
    model = _load(job, project, report)
    found = measure_pace(model, clip, current_budget(model)).estimate(passes)
    report.say(str(found), "estimate", seconds=round(found.seconds, 1), memory_mib=found.memory and round(found.memory))


def track_all(job: Job, clip: VideoClip, project: Project, folder: Path, report: Reporter) -> None:
    """Track to the end; the masks are in the folder then."""
    passes = plan_passes(project, clip.num_frames)
    tracker = _make_tracker(job, clip, project, folder, report)
    with closing(_frames(tracker, project, passes)) as frames:
        for _ in _told(frames, tracker, report):
            pass


@contextmanager
def tracked_meanwhile(
    job: Job, clip: VideoClip, project: Project, folder: Path, report: Reporter
) -> Iterator[GrowingMasks]:
    """The masks, tracked on a thread of its own while they are read, which is where errors of tracking are raised.

    Tracking begins with the first mask that is asked for. It is over, or stopped, when the block is left.
    """
    passes = plan_passes(project, clip.num_frames)
    with clip.again() as own_clip:
        tracker = _make_tracker(job, own_clip, project, folder, report)
        with closing(read_ahead(_frames(tracker, project, passes), most_waiting=_MOST_WAITING)) as frames:
            yield GrowingMasks(folder, Growth(project, passes, _told(frames, tracker, report)))


def one_after_the_other(masks: MaskFolder, steps: Generator[Progress, None, None]) -> Generator[Progress, None, None]:
    """Do what reads the masks, and tell of it only once tracking is over: one progress follows the other."""
    growth = masks.growth if isinstance(masks, GrowingMasks) else None
    with closing(steps):
        for step in steps:
            if growth is not None and step.done == step.total:
                growth.finish()  # also where nothing has asked for masks
            if growth is None or growth.is_over:
                yield step


def _load(job: Job, project: Project, report: Reporter) -> SAM2:
    """The project's model, run as the hardware and the command line have it; says how and why."""
    from app.tracking import models
    from app.tracking.hardware import Wishes

    models.set_by_hand(Wishes(job.device, job.dtype, job.image_size, job.look_ahead, job.compiles))
    report.say(models.current_setup(project.model).reason)
    return models.load_model(project.model)


def _make_tracker(job: Job, clip: VideoClip, project: Project, folder: Path, report: Reporter) -> ClipTracker:
    from app.tracking.clip_tracker import ClipTracker
    from app.tracking.models import current_budget

    model = _load(job, project, report)
    return ClipTracker(model, clip, MaskFolder(folder), budget=current_budget(model))


def _frames(
    tracker: ClipTracker, project: Project, passes: Sequence[TrackingPass]
) -> Generator[tuple[int, TrackedFrame], None, None]:
    """Track; gives each frame with the number of its run."""
    for number, run in enumerate(passes):
        with closing(tracker.propagate(project, run)) as frames:
            for frame in frames:
                yield number, frame


def _told(
    frames: Iterable[tuple[int, TrackedFrame]], tracker: ClipTracker, report: Reporter
) -> Iterator[tuple[int, int]]:
    """Say how far tracking is; gives the number of the run and the frame's index."""
    for number, frame in frames:
        objects = {mask.object_id: {"area": mask.area, "score": round(mask.score, 4)} for mask in frame.masks}
        rate = frame.frames_per_second
        report.progress("track", frame.done, frame.total, rate, frame=frame.frame_index, objects=objects)
        yield number, frame.frame_index
    for notice in tracker.notices:
        report.say(notice)
