"""Runs the model for a session: clicks and propagation. The one place that knows of GPUs and `spaces`.

On ZeroGPU each call runs in a process that forgets everything afterwards, so both functions take a
session's id and plain values, rebuild what they need from the session's folder, write masks into it and
give back small messages without tensors. What a process keeps between calls is a cache, nothing more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

try:
    import spaces  # before torch, which the imports below bring: on ZeroGPU it must patch it first
except ImportError:
    spaces = None

import numpy as np

from app.projects.mask_folder import overlay_from_png
from app.projects.project import ProjectError
from app.sessions.session import SessionError
from app.sessions.store import Sessions
from app.tracking.estimate import Pace, measure_pace
from app.tracking.models import EMBEDDED, current_budget, is_at_hand, load_model
from app.tracking.passes import TrackingError, TrackingPass
from app.tracking.pool import TrackerBusyError, TrackerPool
from app.tracking.tracked_frame import ObjectMask, TrackedFrame
from media.errors import MediaError
from sam2_model import SAM2, CheckpointError, Prompt, VideoPredictor
from sam2_model.budget import is_memory_full

logger = logging.getLogger(__name__)

_CLICK_SECONDS = 20
_MOST_SECONDS = 120
# So long a measurement waits for clicks to pass, and for a run of tracking it is given up [s].
_MEASURING_PATIENCE = 10.0

_FOR_THE_PERSON = (TrackingError, ProjectError, SessionError, MediaError, CheckpointError)

Function = TypeVar("Function", bound=Callable[..., Any])


def _on_gpu(duration: Callable[..., int]) -> Callable[[Function], Function]:
    """Ask ZeroGPU for a GPU for that many seconds; elsewhere the function stays as it is."""

    def decorate(function: Function) -> Function:
        return spaces.GPU(function, duration=duration) if spaces is not None else function

    return decorate


_trackers = TrackerPool()
_paces: dict[tuple[str, int, int], Pace] = {}  # by model, height and width
_measuring = threading.Lock()


def connect(sessions: Sessions, *, load: Callable[[str], SAM2] = load_model, preload: str | None = None) -> None:
    """Say where the sessions lie; called once by the app before its first click.

    Args:
        sessions: the same sessions that the page uses.
        load: gives the model of a name; keeps it for the next call by itself.
        preload: the name of a model to load at once. On ZeroGPU this must happen here, in the main process:
            what a worker loads is lost with it.
    """
    _trackers.sessions = sessions
    _trackers.load = load
    _paces.clear()
    if preload is not None:
        load(preload)


def warm_up(model_name: str) -> threading.Thread:
    """Load a model and answer one click on a blank picture, in the background.

    The first click of a fresh page then finds a model that is loaded and has run once; one that comes before
    that waits for the same loading. A model that cannot be loaded is only logged here: the click that needs it
    says why. Not for ZeroGPU, whose main process has no GPU to run on.
    """

    def work() -> None:
        try:
            model = _trackers.load(model_name)
        except CheckpointError as error:
            logger.warning("%s", error)
            return
        side = model.config.image_size
        blank = np.zeros((side, side, 3), np.uint8)
        click = Prompt(points=((side / 2, side / 2),), labels=(1,))
        VideoPredictor(model, size=(side, side), num_frames=1).add_prompt(1, 0, blank, click)

    thread = threading.Thread(target=work, name="warm-up", daemon=True)
    thread.start()
    return thread


@dataclass(frozen=True)
class _Refusal:
    """An error whose message is for the person, as a value: of an exception that leaves a ZeroGPU worker only
    the name of its class arrives."""

    error: Exception


def _refusal(error: Exception) -> _Refusal:
    """The refusal that says an error to the person; one that is a mistake of ours is raised as it came."""
    if isinstance(error, RuntimeError) and is_memory_full(error):
        return _Refusal(TrackingError("The GPU's memory is full; choose a smaller model or try again in a moment."))
    if isinstance(error, _FOR_THE_PERSON):
        return _Refusal(error)
    if isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error):
        raise MemoryError from error  # torch has no error of its own for the computer's memory
    raise error


def segment(session_id: str, object_id: int, frame_index: int) -> ObjectMask:
    """Segment an object on a frame from all its prompts, and write the mask into the session's folder.

    Called after the project with the new click was saved. Where this process does not hold the clip's
    state it is rebuilt from the project, one click at a time as the user gave them.

    Raises:
        TrackingError: no such frame, no prompt on that frame, a click outside the frame.
        ProjectError: no such object. SessionError: the session is gone. CheckpointError: no such model.
    """
    answer = _segment_on_gpu(session_id, object_id, frame_index)
    if isinstance(answer, _Refusal):
        raise answer.error
    return answer


Spans = tuple[tuple[int, int], ...] | None


def propagate(
    session_id: str,
    start: int,
    stop: int,
    step: int = 1,
    object_ids: tuple[int, ...] | None = None,
    spans: Spans = None,
) -> Generator[TrackedFrame, None, None]:
    """Track over the frames of `range(start, stop, step)` and write every mask into the session's folder.

    Closing the generator stops the run; the masks written until then stay.

    Args:
        session_id: whose clip and prompts.
        start: the first frame to track.
        stop: the frame at which the run ends, itself left out; backwards to the clip's beginning is -1.
        step: 1 forwards, -1 backwards.
        object_ids: the objects whose masks are kept, all prompted ones by default.
        spans: for each object between which frames its masks are written; see `TrackingPass`.

    Raises:
        TrackingError: no prompt at all, an empty or impossible range, a click outside the frame.
        ProjectError: no such object. SessionError: the session is gone. CheckpointError: no such model.
    """
    with contextlib.closing(_propagate_on_gpu(session_id, start, stop, step, object_ids, spans)) as answers:
        for answer in answers:
            if isinstance(answer, _Refusal):
                raise answer.error
            yield answer


def _click_seconds(session_id: str, object_id: int, frame_index: int) -> int:
    return _CLICK_SECONDS


def _run_seconds(
    session_id: str, start: int, stop: int, step: int, object_ids: tuple[int, ...] | None, spans: Spans
) -> int:
    return min(_MOST_SECONDS, _CLICK_SECONDS + abs(stop - start) // 8)


@_on_gpu(_click_seconds)
def _segment_on_gpu(session_id: str, object_id: int, frame_index: int) -> ObjectMask | _Refusal:
    try:
        session = _trackers.known_sessions().open(session_id)
        with _trackers.borrow(session) as tracker:
            return tracker.segment(session.project, object_id, frame_index)
    except Exception as error:  # what is not for the person is raised again
        return _refusal(error)


@_on_gpu(_run_seconds)
def _propagate_on_gpu(
    session_id: str, start: int, stop: int, step: int, object_ids: tuple[int, ...] | None, spans: Spans
) -> Generator[TrackedFrame | _Refusal, None, None]:
    try:
        session = _trackers.known_sessions().open(session_id)
        project = session.project
        if object_ids is None:
            object_ids = tuple(each for each in project.object_ids if project.prompted_frames(each))
        if step not in (1, -1):
            raise TrackingError(f"A step is 1 (forwards) or -1 (backwards), not {step}.")
        direction: Literal[1, -1] = 1 if step == 1 else -1
        with _trackers.borrow(session) as tracker:
            for tracked in tracker.propagate(project, TrackingPass(start, stop, direction, tuple(object_ids), spans)):
                if tracked.done % 20 == 1:
                    _trackers.known_sessions().touch(session_id)
                yield tracked
    except Exception as error:  # what is not for the person is raised again
        yield _refusal(error)


def pace(session_id: str) -> Pace | None:
    """What tracking costs here with the session's model and clip, measured once for a model and a size of clip.

    None where measuring would cost GPU quota or a download, and where the session is tracked now.

    Raises:
        SessionError: the session is gone. CheckpointError: the model cannot be loaded. MediaError: the clip's file
            cannot be read.
    """
    session = _trackers.known_sessions().open(session_id)
    name, size = session.project.model, session.info.size
    if "SPACES_ZERO_GPU" in os.environ or not is_at_hand(name):
        return None
    with _measuring:
        if (key := (name, *size)) not in _paces:
            model = _trackers.load(name)
            try:
                with session.open_clip() as clip:
                    _paces[key] = measure_pace(model, clip, current_budget(model), pause=partial(_let_pass, session_id))
            except TrackerBusyError:
                return None
        return _paces[key]


def _let_pass(session_id: str) -> None:
    """Wait until nobody works with the session's tracker: whoever clicks goes first."""
    since = time.monotonic()
    while _trackers.is_busy(session_id):
        if time.monotonic() - since > _MEASURING_PATIENCE:
            raise TrackerBusyError("This clip is being tracked.")
        time.sleep(0.02)


def can_suggest(model_name: str) -> bool:
    """Whether a model answers quickly enough here to look at a frame, and say what a click would take, beforehand."""
    return model_name == EMBEDDED and "SPACES_ZERO_GPU" not in os.environ  # there each answer would cost GPU quota


def prepare(session_id: str, frame_index: int) -> None:
    """Look at the frame that is shown, so that the first click on it finds an open clip and the frame's features.

    Nothing happens where the model is slow or busy.

    Raises:
        TrackingError: no such frame. SessionError: the session is gone. MediaError: it cannot be decoded.
    """
    session = _trackers.known_sessions().open(session_id)
    if not can_suggest(session.project.model):
        return
    with contextlib.suppress(TrackerBusyError), _trackers.borrow(session, patience=0) as tracker:
        tracker.prepare(frame_index)


def suggest(session_id: str, frame_index: int, prompt: Prompt) -> list[np.ndarray]:
    """What a click would take, remembering nothing: masks (H, W) bool, none where the model is busy.

    Raises:
        TrackingError: no such frame, a click outside it. SessionError: the session is gone.
    """
    session = _trackers.known_sessions().open(session_id)
    if not can_suggest(session.project.model):
        return []
    try:
        with _trackers.borrow(session, patience=0.05) as tracker:
            return tracker.suggest(frame_index, prompt)
    except TrackerBusyError:
        return []


def forget_prompt(session_id: str, object_id: int, frame_index: int) -> ObjectMask | None:
    """Put back what tracking had found on a frame whose prompt was taken away; needs no GPU.

    Called after the project without the prompt was saved. Returns the mask now on the frame, None where
    there is none (its score is then 1 or 0 for visible or not: the tracker's own is not kept).
    """
    session = _trackers.known_sessions().open(session_id)
    color = session.project.object(object_id).color
    before = session.tracked_before.read(object_id, frame_index)
    if before is None or not before.any():
        session.tracked_before.delete(object_id, frame_index)
        session.masks.delete(object_id, frame_index)
        return None
    session.masks.adopt(object_id, frame_index, session.tracked_before.path(object_id, frame_index))
    session.tracked_before.delete(object_id, frame_index)
    png = session.masks.path(object_id, frame_index).read_bytes()
    return ObjectMask(object_id, frame_index, overlay_from_png(png, color), 1.0, int(before.sum()))


def forget_session(session_id: str) -> None:
    """Free what this process holds of a session that was closed; an unknown one is ignored."""
    _trackers.forget(session_id)
