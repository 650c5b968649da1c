"""The way out: how large an export will be, and making it; it tells how far it is, and can be stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.exports.catalogue import estimate_bytes, export, find_kind, read_values
from app.exports.kind import chosen_frames
from app.handlers.envelope import Message, Request, Studio, describe_task, open_session
from app.heartbeat import beats
from app.panels.export import describe_output
from app.rendering.privacy_notes import session_doubts
from effects.doubts import Doubt


def estimate(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """About how many bytes an export will have: {kind, values}."""
    session = open_session(studio, session_id)
    yield {"estimate": estimate_bytes(session, str(request["kind"]), _values(request))}


def render(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Make an export: {kind, values}; a video, if nothing else is said."""
    session = open_session(studio, session_id)
    kind = str(request.get("kind", "video"))
    values = read_values(find_kind(kind), _values(request))
    frames = chosen_frames(session.project, session.info.num_frames, values)
    yield {"task": describe_task("render", 0, len(frames)), "status": {"key": "export.running"}}
    path = None
    for progress in beats(lambda: export(session, kind, values)):
        studio.sessions.touch(session.id)
        if not progress:
            yield {}
            continue
        now = progress[-1]
        path = now.path
        yield {"task": describe_task("render", now.done, now.total, now.frames_per_second, now.seconds_left)}
    assert path is not None
    # Whoever hides somebody is told where to look before anybody sees it.
    doubts = session_doubts(session, frames) if kind == "video" else {}
    notes = [describe_doubts(name, found) for name, found in doubts.items()]
    status = notes or {"key": "export.done"}
    yield {"task": None, "output": describe_output(path, kind, session.info, len(frames)), "status": status}


def describe_doubts(name: str, doubts: tuple[Doubt, ...]) -> Message:
    """Where to look for one covered object; frames as the page counts them, from 1."""
    if not doubts:
        return {"key": "notice.covered", "name": name}
    places = [
        {
            "key": f"check.{each.reason.replace(' ', '_')}",
            "frames": f"{each.start + 1}" if each.stop == each.start + 1 else f"{each.start + 1}–{each.stop}",
        }
        for each in doubts
    ]
    return {"key": "check.frames", "name": name, "places": places}


def stop_render(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `render`."""
    yield {"task": None, "status": {"key": "export.stopped"}}


def _values(request: Request) -> Mapping[str, Any]:
    values = request.get("values") or {}
    if not isinstance(values, Mapping):
        raise TypeError("the values of an export are a mapping")
    return values
