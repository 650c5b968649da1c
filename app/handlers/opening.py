"""Opening a clip, and which model looks at it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.handlers.envelope import Message, Request, RequestError, Studio, change_project
from app.history import Step
from app.models import available_models
from app.panels.clip import describe_clip, describe_models
from app.panels.objects import describe_objects
from app.project import add_object


def open_upload(studio: Studio, upload: Path, name: str, model: str) -> Iterator[tuple[Message, str | None]]:
    """Take a clip in. Yields messages; the last comes with the new session's id."""
    yield {"task": {"kind": "open", "text": {"key": "start.reading", "name": name}, "done": 0}}, None
    session_id = None
    for progress in studio.sessions.create(upload, name=name, model=model):
        session_id = progress.session_id
        text = {"key": "start.reading_frame", "name": name, "frame": progress.frames_done}
        task = {"kind": "open", "text": text, "done": progress.frames_done}
        if progress.first_jpeg is not None:
            task["picture"] = f"data:image/jpeg;base64,{base64.b64encode(progress.first_jpeg).decode('ascii')}"
        yield {"task": task}, None
    assert session_id is not None
    session = studio.sessions.open(session_id)
    studio.sessions.save(session_id, add_object(session.project))  # not by change_project: no step leads back from here
    session = studio.sessions.open(session_id)
    notices = " ".join(session.info.notices)
    message: Message = {
        "task": None,
        "clip": describe_clip(session),
        "objects": describe_objects(session.project),
        "layers": [],
        "status": notices or {"key": "status.ready"},
    }
    yield message, session_id


def example_path(studio: Studio, request: Request) -> Path:
    """The file of the example that the page asks for; a name that is none is refused."""
    for path in sorted(studio.examples.glob("*.mp4")):
        if path.stem == request.get("example"):
            return path
    raise RequestError("There is no such example; pick another one.")


def models_of(studio: Studio, current: str) -> Message:
    """The models for the page's menu."""
    reason = studio.model.reason if current == studio.model.name else "You chose another model than the default."
    return describe_models(available_models(), current, reason)


def model(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Use another model from the next click on: {name}."""
    name = str(request["name"])
    choice = next((each for each in available_models() if each.name == name), None)
    if choice is None and name != studio.model.name:
        raise RequestError(f"There is no model {name}; pick one of the list.")
    title = choice.title if choice else Path(name).stem
    if session_id is not None:
        change_project(studio, session_id, lambda project: replace(project, model=name), Step("model", title))
    note = "" if choice is None or choice.is_here else f" {choice.note}"
    yield {"models": models_of(studio, name), "status": {"key": "status.model", "name": title, "note": note}}
