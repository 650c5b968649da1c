"""What every request of the page has in common: a request in, messages out; no browser and no gradio needed.

A message is a dict of JSON values with optional parts (`clip`, `objects`, `masks`, `task`, `status`, `error`, …)
that the page applies one by one; `messages.js` lists them in `apply`. A request comes from a stranger's
browser: nothing in it is a path, and everything is checked by the handler that takes it.
"""

from __future__ import annotations

import errno
import itertools
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.handlers.sentences import keyed
from app.projects.history import History, Step
from app.projects.mask_folder import MaskError
from app.projects.project import Project, ProjectError
from app.sessions.session import Session, SessionError, SessionGoneError
from app.sessions.store import Sessions
from app.tracking.models import DefaultModel
from app.tracking.passes import TrackingError
from effects.setting import EffectError
from media.errors import MediaError
from media.part_file import DISK_FULL
from sam2_model import CheckpointError

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Request = Mapping[str, Any]
Handler = Callable[["Studio", str | None, Request], Iterator[Message]]

_NO_CLIP = "There is no clip yet; drop a video file or pick an example first."
_NOT_UNDERSTOOD = "The page sent something that the server does not understand; reload the page and try again."
_FAILED = "Something went wrong on the server. What you did is kept; try again, or reload the page."
_NO_MEMORY = (
    "The server has no memory left for this. What you did is kept; try again in a moment, or with a shorter or "
    "smaller clip."
)

_SOME_CHANGE = Step("change")

_serial = itertools.count(1)
_saving = threading.Lock()


class RequestError(Exception):
    """A request that cannot be done; the message is one sentence for the person."""


_FOR_THE_PERSON = (
    RequestError,
    SessionError,
    ProjectError,
    MediaError,
    EffectError,
    MaskError,
    CheckpointError,
    TrackingError,
)


@dataclass(frozen=True)
class Studio:
    """What all requests share.

    Args:
        sessions: where the sessions lie.
        model: the model that new clips start with, and why.
        examples: the folder of example clips.
    """

    sessions: Sessions
    model: DefaultModel
    examples: Path


def answer(handler: Handler, studio: Studio, session_id: str | None, request: object) -> Iterator[Message]:
    """Run a handler and turn whatever goes wrong into a sentence; the last message says `done`.

    Every message gets a new `id`, because the page hears only of values that differ, and the number `re`
    of the request that it answers. Each is held back until the next one is there, so that the last one
    carries `done` itself: two updates in a row could reach the page as one, without the first.
    """
    asked = request if isinstance(request, Mapping) else {}
    held: Message | None = None
    try:
        for message in handler(studio, session_id, asked):
            if held is not None:
                yield _enveloped(held, asked, done=False)
            held = message
    except _FOR_THE_PERSON as error:
        held = {**(held or {}), "error": _sentence(error), "task": None, "refused": isinstance(error, RequestError)}
        if isinstance(error, SessionGoneError):
            held["gone"] = True
    except (KeyError, TypeError, ValueError):
        logger.exception("a request was not understood")
        held = {**(held or {}), "error": _NOT_UNDERSTOOD, "task": None, "refused": True}
    except MemoryError:
        logger.exception("a request was too much for the memory")
        held = {**(held or {}), "error": _NO_MEMORY, "task": None}
    except Exception as error:  # a mistake of ours may be anything: the log has it, and the page goes on
        held = {**(held or {}), **_failure(studio, session_id, error), "task": None}
    if held is not None and "error" in held:
        held["reason"] = keyed(held["error"])
    yield _enveloped({**_history_of(studio, session_id), **(held or {})}, asked, done=True)


def _failure(studio: Studio, session_id: str | None, error: Exception) -> Message:
    """What is said of an error that nobody foresaw. A session that was deleted under a long task is no mistake."""
    if isinstance(error, FileNotFoundError) and session_id is not None:
        try:
            studio.sessions.open(session_id)
        except SessionGoneError as gone:
            return {"error": _sentence(gone), "refused": False, "gone": True}
        except SessionError:
            pass
    logger.exception("a request failed")
    is_disk_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    return {"error": DISK_FULL if is_disk_full else _FAILED}


def open_session(studio: Studio, session_id: str | None) -> Session:
    """The session that the page edits; a page without a clip has none, which is refused."""
    if session_id is None:
        raise RequestError(_NO_CLIP)
    return studio.sessions.open(session_id)


def change_project(
    studio: Studio, session_id: str, change: Callable[[Project], Project], step: Step = _SOME_CHANGE
) -> Session:
    """Read, change and save a session's project; one at a time, so that no change overwrites another.

    `step` says what the change is: it can be undone from now on. Where nothing changed there is no step, unless its
    scope says that masks will.
    """
    with _saving:
        session = studio.sessions.open(session_id)
        changed = change(session.project)
        if changed != session.project or step.scope:
            session.history.record(session.project, step)
        studio.sessions.save(session_id, changed)
        return studio.sessions.open(session_id)


def travel(studio: Studio, session_id: str, direction: Literal["undo", "redo"]) -> tuple[Session, Step] | None:
    """Undo or redo one step of a session; None where there is none left."""
    with _saving:
        session = studio.sessions.open(session_id)
        history = session.history
        restored = history.undo(session.project) if direction == "undo" else history.redo()
        if restored is None:
            return None
        studio.sessions.save(session_id, restored.project)
        return studio.sessions.open(session_id), restored.step


def read_frame_index(request: Request, session: Session) -> int:
    """The request's `frame`; one that the clip does not have is refused."""
    index = int(request["frame"])
    if not 0 <= index < session.info.num_frames:
        raise RequestError(f"There is no frame {index}: the clip's frames are 0 to {session.info.num_frames - 1}.")
    return index


def _history_of(studio: Studio, session_id: str | None) -> Message:
    """What can be undone and redone now; nothing where there is no session."""
    try:
        history = studio.sessions.open(session_id).history if session_id is not None else None
    except SessionError:
        return {}
    return {"history": describe_history(history)} if history else {}


def describe_history(history: History) -> Message:
    """The next step back and the next one forward, each as one word and a name, or None."""
    undo, redo = history.undoable, history.redoable
    return {
        "undo": {"what": undo.what, "subject": undo.subject} if undo else None,
        "redo": {"what": redo.what, "subject": redo.subject} if redo else None,
    }


def describe_task(kind: str, done: int, total: int, rate: float = 0.0, left: float = 0.0) -> Message:
    """How far a long task is: `rate` in frames a second, `left` in seconds."""
    return {"kind": kind, "done": done, "total": total, "rate": round(rate, 2), "left": round(left, 1)}


def _enveloped(message: Message, request: Request, *, done: bool) -> Message:
    return {**message, "id": next(_serial), "re": request.get("n"), "done": done}


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
