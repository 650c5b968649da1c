"""Runs the model for a session: clicks and propagation. The one place that knows of GPUs and `spaces`.

On ZeroGPU each call runs in a process that forgets everything afterwards, so both functions take a
session's id and plain values, rebuild what they need from the session's folder, write masks into it and
give back small messages without tensors. What a process keeps between calls is a cache, nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.project import Project
from app.sessions import Sessions


class TrackingError(Exception):
    """A click or a run that makes no sense; the message is one sentence for the person."""


@dataclass(frozen=True)
class ObjectMask:
    """One object's mask on one frame, small enough to send to a browser.

    Args:
        object_id, frame_index: whose and where.
        png: the mask as a palette PNG of the clip's size, in the object's colour, clear outside.
        score: the object score as a probability 0-1; under 0.5 the object is taken as not visible.
        area: the number of mask pixels [px²].
    """

    object_id: int
    frame_index: int
    png: bytes
    score: float
    area: int

    @property
    def is_visible(self) -> bool:
        return self.area > 0


@dataclass(frozen=True)
class TrackedFrame:
    """One frame of a propagation: the masks of all objects there, and how the run goes.

    Args:
        frame_index: the frame just tracked; its masks are on disk already.
        masks: one for each object that was kept on this frame.
        done, total: frames of this run.
        frames_per_second: the mean rate since the run began.
    """

    frame_index: int
    masks: tuple[ObjectMask, ...]
    done: int
    total: int
    frames_per_second: float

    @property
    def seconds_left(self) -> float:
        return (self.total - self.done) / max(self.frames_per_second, 1e-6)


@dataclass(frozen=True)
class TrackingPass:
    """One run over the frames of `range(start, stop, step)`, for these objects only."""

    start: int
    stop: int
    step: Literal[1, -1]
    object_ids: tuple[int, ...]


def connect(sessions: Sessions) -> None:
    """Say where the sessions lie; called once by the app before its first click."""
    raise NotImplementedError


def segment(session_id: str, object_id: int, frame_index: int) -> ObjectMask:
    """Segment an object on a frame from all its prompts, and write the mask into the session's folder.

    Called after the project with the new click was saved. Where this process does not hold the clip's
    state it is rebuilt from the project, one click at a time as the user gave them.

    Raises:
        TrackingError: unknown object, no such frame, no prompt on that frame, a click outside the frame.
        SessionError: the session is gone.
    """
    raise NotImplementedError


def propagate(
    session_id: str, start: int, stop: int, step: int = 1, object_ids: tuple[int, ...] | None = None
) -> Iterator[TrackedFrame]:
    """Track over the frames of `range(start, stop, step)` and write every mask into the session's folder.

    Closing the generator stops the run; the masks written until then stay.

    Args:
        session_id: whose clip and prompts.
        start, stop, step: as in `range`: `stop` is left out, and backwards to the first frame is `stop=-1`.
        object_ids: the objects whose masks are kept, all prompted ones by default.

    Raises:
        TrackingError: no prompt at all, an empty or impossible range, a click outside the frame.
        SessionError: the session is gone.
    """
    raise NotImplementedError
    yield


def forget_prompt(session_id: str, object_id: int, frame_index: int) -> ObjectMask | None:
    """Put back what tracking had found on a frame whose prompt was taken away; needs no GPU.

    Called after the project without the prompt was saved. Returns the mask now on the frame, None where
    there is none.
    """
    raise NotImplementedError


def plan_passes(project: Project, num_frames: int) -> tuple[TrackingPass, ...]:
    """The runs that give every prompted object a mask on every frame.

    Forwards from the first prompted frame to the end; then backwards, for those objects that were
    prompted first on a later frame, from there to the clip's beginning.

    Raises:
        TrackingError: nothing is prompted yet.
    """
    raise NotImplementedError
