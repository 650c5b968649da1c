"""Objects, their prompts, their masks and their looks: what changes a project or shows one frame of it."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from app.handlers.envelope import (
    Message,
    Request,
    RequestError,
    Studio,
    change_project,
    open_session,
    read_frame_index,
    travel,
)
from app.handlers.opening import models_of
from app.heartbeat import beats
from app.panels.objects import describe_mask, describe_objects
from app.projects.changes import (
    add_object,
    recolor,
    remove_object,
    rename,
    set_locked,
    set_visible,
    with_marks,
    with_prompt,
)
from app.projects.history import Scope, Step
from app.projects.mask_folder import encode_mask, overlay_from_png
from app.projects.mask_note import measure
from app.projects.project import MOST_CLICKS, FramePrompt, Project
from app.sessions.lanes import describe_lanes
from app.sessions.session import Session
from app.tracking import service
from sam2_model import Prompt

# Steps that the model follows without starting anew.
_CLICKS = ("click", "unclick", "box", "choice")
_MOST_MASK_FRAMES = 40


# action → what the step is called, and the change
_SWITCHES: dict[str, tuple[str, Callable[[Project, int, Any], Project]]] = {
    "recolor": ("recolor", lambda project, object_id, value: recolor(project, object_id, str(value))),
    "show": ("show", lambda project, object_id, value: set_visible(project, object_id, bool(value))),
    "lock": ("lock", lambda project, object_id, value: set_locked(project, object_id, bool(value))),
}


def prompt(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """All that is said about one object on one frame, replacing what was said before: {object, frame, points, box}."""
    session = open_session(studio, session_id)
    try:
        said = read_prompt(request, session)
    except RequestError:
        yield {"objects": describe_objects(session.project)}
        raise
    _refuse_locked(session, said.object_id)
    session = change_project(
        studio, session.id, lambda project: with_prompt(project, said), _prompt_step(session, said)
    )
    where = (session.id, said.object_id, said.frame_index)
    step = service.forget_prompt if said.is_empty else service.segment
    for found in beats(lambda: iter((step(*where),))):
        if not found:
            yield {"status": {"key": "status.waiting"}}
            continue
        kept = {
            "objects": describe_objects(session.project),
            "lanes": describe_lanes(session, (said.object_id,)),
            "sizes": _is_ambiguous(said, session),
        }
        if found[0] is None:
            yield {**kept, "masks": [{"object": where[1], "frame": where[2], "png": None, "visible": None}]}
        else:
            nothing = {"key": "status.nothing"}
            yield {**kept, "masks": [describe_mask(found[0])], "status": "" if found[0].is_visible else nothing}


def objects(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Add, rename or remove an object: {action, object, name}."""
    session = open_session(studio, session_id)
    action = request.get("action")
    if action == "add":
        project = change_project(studio, session.id, add_object, Step("add")).project
        yield {"objects": describe_objects(project), "select": project.objects[-1].id}
        return
    object_id = int(request["object"])
    if action == "rename":
        yield {"objects": describe_objects(session.project)}  # an empty name is refused: the old one stands
        step = Step("rename", session.project.object(object_id).name, object_id)
        name = str(request["name"])
        project = change_project(studio, session.id, lambda old: rename(old, object_id, name), step).project
        yield {"objects": describe_objects(project)}
    elif action in _SWITCHES:
        what, change = _SWITCHES[action]
        name, value = session.project.object(object_id).name, request["value"]
        step = Step(what, name, object_id)
        project = change_project(studio, session.id, lambda old: change(old, object_id, value), step).project
        yield {"objects": describe_objects(project)}
    elif action == "remove":
        _refuse_locked(session, object_id)
        name = session.project.object(object_id).name
        step = Step("remove", name, object_id, scope=(Scope(object_id, 0, session.info.num_frames),))
        project = change_project(studio, session.id, lambda old: remove_object(old, object_id), step).project
        session.masks.remove(object_id)
        session.tracked_before.remove(object_id)
        yield {
            "objects": describe_objects(project),
            "layers": [layer.to_json() for layer in project.layers],
            "status": {"key": "status.removed", "name": name},
        }
    else:
        raise ValueError(f"no such action: {action!r}")


def marks(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Mark a range of frames: {marks: [first, one after the last] or null}."""
    session = open_session(studio, session_id)
    given = request.get("marks")
    wanted = None if given is None else (max(0, int(given[0])), min(session.info.num_frames, int(given[1])))
    if wanted == (0, session.info.num_frames):
        wanted = None
    step = Step("marks", merge="marks")
    project = change_project(studio, session.id, lambda old: with_marks(old, wanted), step).project
    yield {"marks": list(project.marks) if project.marks else None}


def prepare(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """The playhead rests on a frame: {frame}; a click there will be answered at once."""
    session = open_session(studio, session_id)
    service.prepare(session.id, read_frame_index(request, session))
    yield {}


def suggest(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """What a click would take: {object, frame, points, box}; three masks for the first click, else one."""
    session = open_session(studio, session_id)
    said = read_prompt(request, session)
    prompt = Prompt(points=said.points, labels=said.labels, box=said.box)
    found = service.suggest(session.id, said.frame_index, prompt)
    color = session.project.object(said.object_id).color
    masks = [_describe_suggestion(mask, color) for mask in found]
    yield {"suggestion": {"object": said.object_id, "frame": said.frame_index, "masks": masks}}


def _describe_suggestion(mask: np.ndarray, color: str) -> Message:
    note = measure(mask, 1.0, "")
    png = overlay_from_png(encode_mask(mask, note), color)
    return {"png": base64.b64encode(png).decode("ascii"), "area": note.area}


def _is_ambiguous(said: FramePrompt, session: Session) -> bool:
    """Whether the prompt is a single click on a fresh object: it may mean a part, the whole, or more."""
    is_single = said.labels == (1,) and said.box is None
    before = session.tracked_before.read(said.object_id, said.frame_index)
    return is_single and (before is None or not before.any())


def _refuse_locked(session: Session, object_id: int) -> None:
    wanted = session.project.object(object_id)
    if wanted.locked:
        raise RequestError(f"{wanted.name} is locked; unlock it in the list to change it.")


def history(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Undo or redo one step: {action: "undo" or "redo", frame: where the page is}."""
    session = open_session(studio, session_id)
    action: Literal["undo", "redo"] = "redo" if request.get("action") == "redo" else "undo"
    went = travel(studio, session.id, action)
    if went is None:
        yield {"status": {"key": f"status.nothing_to_{action}"}}
        return
    session, step = went
    if step.what not in _CLICKS:
        service.forget_session(session.id)  # its memories are of masks that are no longer there
    frame_index = step.frame if step.frame is not None else read_frame_index(request, session)
    ids = session.project.object_ids
    yield {
        "objects": describe_objects(session.project),
        "layers": [layer.to_json() for layer in session.project.layers],
        "models": models_of(studio, session.project.model),
        "forget": [[each.object_id, each.start, each.stop] for each in step.scope],
        "lanes": describe_lanes(session),
        "stored": _stored_masks(session, [frame_index]),
        "marks": list(session.project.marks) if session.project.marks else None,
        "output": None,
        **({"go": step.frame} if step.frame is not None else {}),
        **({"select": step.object_id} if step.object_id in ids else {}),
    }


def masks(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """The masks of some frames, for a page that missed them: {frames}."""
    session = open_session(studio, session_id)
    yield {"stored": _stored_masks(session, [int(each) for each in request["frames"]][:_MOST_MASK_FRAMES])}


def _stored_masks(session: Session, frames: list[int]) -> str:
    """The masks of some frames as one text, "object:frame:png" parted by spaces.

    A text, because twenty objects have hundreds of them around the playhead, and gradio looks at every value of a
    message several times, here and in the page.
    """
    found = []
    for frame_index in frames:
        for each in session.project.objects:
            png = session.masks.overlay_png(each.id, frame_index, each.color)
            if png is not None:
                found.append(f"{each.id}:{frame_index}:{base64.b64encode(png).decode('ascii')}")
    return " ".join(found)


def _prompt_step(session: Session, said: FramePrompt) -> Step:
    """What a click, a box, or taking one away is called, and the one mask that it changes."""
    before = session.project.prompt(said.object_id, said.frame_index)
    if said.box is not None and (before is None or before.box != said.box):
        what = "box"
    else:
        what = "click" if before is None or len(said.points) > len(before.points) else "unclick"
    if before is not None and before.choice != said.choice:
        what = "choice"
    name = session.project.object(said.object_id).name
    scope = (Scope(said.object_id, said.frame_index, said.frame_index + 1),)
    return Step(what, name, said.object_id, said.frame_index, scope)


def read_prompt(request: Request, session: Session) -> FramePrompt:
    """Check what the page says about an object on a frame; a click outside the picture is refused."""
    height, width = session.info.size
    points = [(float(x), float(y)) for x, y, _ in request.get("points") or ()]
    box = [float(edge) for edge in request["box"]] if request.get("box") else None
    if len(points) > MOST_CLICKS:
        raise RequestError(f"One frame takes at most {MOST_CLICKS} clicks; delete some of them.")
    for x, y in points:
        if not (0 <= x < width and 0 <= y < height):
            raise RequestError(f"That click is outside the picture of {width} × {height}; click inside it.")
    if box is not None and not _is_box(box, height, width):
        raise RequestError("That box is too small or outside the picture; drag it around the object.")
    object_id = int(request["object"])
    session.project.object(object_id)
    return FramePrompt(
        object_id=object_id,
        frame_index=read_frame_index(request, session),
        points=tuple(points),
        labels=tuple(1 if label else 0 for _, _, label in request.get("points") or ()),
        box=(box[0], box[1], box[2], box[3]) if box else None,
        choice=int(request["choice"]) if request.get("choice") is not None and points else None,
    )


def _is_box(box: list[float], height: int, width: int) -> bool:
    if len(box) != 4 or not all(math.isfinite(edge) for edge in box):
        return False
    x0, y0, x1, y1 = box
    return 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
