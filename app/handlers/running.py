"""Tracking as the page asks for it: it tells how far it is, and can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import get_args

from app.handlers.envelope import (
    Message,
    Request,
    Studio,
    change_project,
    describe_task,
    open_session,
    read_frame_index,
)
from app.handlers.sentences import keyed
from app.heartbeat import beats
from app.panels.objects import describe_cost, describe_mask
from app.projects.history import Scope, Step
from app.sessions.lanes import describe_lanes
from app.sessions.scenes import cuts_of, make_timeline, read_timeline
from app.sessions.session import Session
from app.sessions.sound import make_sound
from app.tracking import service
from app.tracking.passes import TrackingError, TrackingPass
from app.tracking.plan import Direction, Wish, plan_tracking
from app.tracking.tracked_frame import TrackedFrame
from sam2_model import CheckpointError

_JUDGED_FROM = 5
"""Frames that must be done before the pace and the time left are said."""


def track(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Follow the objects: {direction: "missing", "both", "forward" or "backward", frame, across_cuts}."""
    session = open_session(studio, session_id)
    plan = plan_tracking(session, _read_wish(request, session), cuts_of(session))
    total = sum(len(run.frames) for run in plan.passes)
    done = 0
    change_project(studio, session.id, lambda project: project, _track_step(plan.passes))
    yield {"task": describe_task("track", done, total), "status": {"key": "track.running"}, "cut": None}
    try:
        for run in plan.passes:
            where = (run.start, run.stop, run.step, run.object_ids, run.spans)
            for frames in beats(partial(service.propagate, session.id, *where)):
                done += len(frames)
                studio.sessions.touch(session.id)  # a frame may take a minute, and twenty of them longer than idling
                yield _tracked(frames, done, total)
    except Exception:  # whatever it was goes on to the page; a run that did nothing is no step to undo
        if not done:
            session.history.forget_last()
        raise
    yield {**_after_tracking(studio, session.id), "status": {"key": "status.tracked", "n": done}, "cut": plan.cut}


def cost(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """What a press of the button would take: {}; nothing where that cannot be said."""
    session = open_session(studio, session_id)
    try:
        passes = plan_tracking(session, Wish(), cuts_of(session)).passes
        pace = None
        for measured in beats(lambda: iter((service.pace(session.id),))):
            pace = measured[0] if measured else pace
            yield {}
    except (TrackingError, CheckpointError):  # the button says so itself when it is pressed
        passes, pace = (), None
    yield {"cost": describe_cost(pace.estimate(passes)) if pace and passes else None}


def _read_wish(request: Request, session: Session) -> Wish:
    direction = request.get("direction", "missing")
    if direction not in get_args(Direction):
        raise ValueError(f"no such direction: {direction!r}")
    frame_index = read_frame_index({"frame": request.get("frame", 0)}, session)
    return Wish(direction, frame_index, bool(request.get("across_cuts")))


def timeline(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """The filmstrip, the scene cuts, and the sound to play along: {}."""
    session = open_session(studio, session_id)
    if read_timeline(session) is None:
        for _ in beats(lambda: make_timeline(session)):
            yield {}
    for made in beats(lambda: iter((make_sound(session),))):
        sound = str(made[0]) if made and made[0] else None
        yield {"timeline": {**(read_timeline(session) or {}), "sound": sound}} if made else {}


def _track_step(passes: tuple[TrackingPass, ...]) -> Step:
    """One step for a whole run: all masks that its passes may replace."""
    scope = tuple(
        Scope(object_id, start, stop)
        for run in passes
        for object_id, (start, stop) in zip(run.object_ids, run.spans or (), strict=True)
    )
    return Step("track", scope=scope)


def stop_track(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `track`: what is done stays."""
    yield {**_after_tracking(studio, session_id), "status": {"key": "status.track_stopped"}}


def _tracked(frames: list[TrackedFrame], done: int, total: int) -> Message:
    """What the page hears of some tracked frames; a sign of life where there are none."""
    if not frames:
        return {}
    # The first frames wait for whatever a run begins with: going by them, a long clip would take hours.
    rate = frames[-1].frames_per_second if done >= _JUDGED_FROM else 0.0
    left = (total - done) / rate if rate else 0.0
    notices = [keyed(notice) for frame in frames for notice in frame.notices]
    return {
        **({"status": notices[-1]} if notices else {}),
        "masks": [describe_mask(mask) for frame in frames for mask in frame.masks],
        "task": describe_task("track", done, total, rate, left),
        "follow": frames[-1].frame_index,
    }


def _after_tracking(studio: Studio, session_id: str | None) -> Message:
    return {"task": None, "lanes": describe_lanes(open_session(studio, session_id))}
