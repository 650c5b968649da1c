"""Tracking as the page asks for it: it tells how far it is, and can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from app import tracking
from app.clip_tracker import TrackedFrame, TrackingPass
from app.handlers.envelope import Message, Request, RequestError, Studio, change_project, describe_task, open_session
from app.heartbeat import beats
from app.history import Scope, Step
from app.panels.objects import describe_lanes, describe_mask
from app.sessions import Session


def track(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Follow all prompted objects through the clip, or from one frame on: {from: frame or null}."""
    session = open_session(studio, session_id)
    start = request.get("from")
    passes = plan_tracking(session, None if start is None else int(start))
    total = sum(len(run.frames) for run in passes)
    done = 0
    change_project(studio, session.id, lambda project: project, _track_step(session, passes))
    yield {"task": describe_task("track", done, total), "status": {"key": "track.running"}}
    for run in passes:
        for frames in beats(partial(tracking.propagate, session.id, run.start, run.stop, run.step, run.object_ids)):
            done += len(frames)
            yield _tracked(frames, done, total)
    yield {**_after_tracking(studio, session.id), "status": {"key": "status.tracked", "n": done}, "stale_from": None}


def _track_step(session: Session, passes: tuple[TrackingPass, ...]) -> Step:
    """One step for a whole run: all masks that its passes may replace."""
    scope = tuple(
        Scope(object_id, min(run.frames), max(run.frames) + 1) for run in passes for object_id in run.object_ids
    )
    return Step("track", scope=scope)


def stop_track(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `track`: what is done stays."""
    yield {**_after_tracking(studio, session_id), "status": {"key": "status.track_stopped"}}


def plan_tracking(session: Session, start: int | None) -> tuple[TrackingPass, ...]:
    """The runs of one press of "Track".

    From a given frame on only what comes after is done again; an object that was prompted first on a later
    frame, and was never followed backwards from there, gets its way back too.
    """
    passes = tracking.plan_passes(session.project, session.info.num_frames)
    if start is None:
        return passes
    if not 0 <= start < session.info.num_frames:
        raise RequestError(f"There is no frame {start}: the clip's frames are 0 to {session.info.num_frames - 1}.")
    first = {each: session.project.prompted_frames(each)[0] for each in passes[0].object_ids}
    later = tuple(each for each, frame in first.items() if frame > 0 and session.masks.read(each, frame - 1) is None)
    again = [TrackingPass(start, session.info.num_frames, 1, passes[0].object_ids)]
    if later:
        again.append(TrackingPass(max(first[each] for each in later), -1, -1, later))
    return tuple(again)


def _tracked(frames: list[TrackedFrame], done: int, total: int) -> Message:
    """What the page hears of some tracked frames; a sign of life where there are none."""
    if not frames:
        return {}
    rate = frames[-1].frames_per_second
    return {
        "masks": [describe_mask(mask) for frame in frames for mask in frame.masks],
        "task": describe_task("track", done, total, rate, (total - done) / max(rate, 1e-6)),
        "follow": frames[-1].frame_index,
    }


def _after_tracking(studio: Studio, session_id: str | None) -> Message:
    session = open_session(studio, session_id)
    lanes = describe_lanes(session.masks, session.project.object_ids, session.info.num_frames)
    return {"task": None, "lanes": lanes, "tracked": any(lane.strip("0") for lane in lanes.values())}
