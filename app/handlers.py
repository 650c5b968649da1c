"""What the page can ask for, as plain functions: a request in, messages out; no browser and no gradio needed.

A message is a dict of JSON values with optional parts (`clip`, `objects`, `masks`, `task`, `status`, `error`, …)
that the page applies one by one; `editor.js` lists them in `apply`. A request comes from a stranger's
browser: nothing in it is a path, and everything is checked here.
"""

from __future__ import annotations

import base64
import itertools
import logging
import math
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app import tracking
from app.clip_tracker import TrackedFrame, TrackingPass
from app.heartbeat import beats
from app.mask_folder import MaskError
from app.models import DefaultModel, available_models
from app.panels.clip import describe_clip, describe_models, picture_url
from app.panels.export import describe_output, output_name
from app.panels.objects import describe_lanes, describe_mask, describe_objects
from app.project import (
    FramePrompt,
    Project,
    ProjectError,
    add_object,
    remove_object,
    rename,
    with_layers,
    with_prompt,
)
from app.render import preview_jpeg, render_session
from app.sessions import Session, SessionError, Sessions
from effects.layer import Layer
from effects.setting import EffectError
from media.errors import MediaError
from sam2_model import CheckpointError

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Request = Mapping[str, Any]
Handler = Callable[["Studio", str | None, Request], Iterator[Message]]

_MOST_POINTS = 200
_FIRST_PICTURE_WIDTH = 960
_MOST_MASK_FRAMES = 40
_NO_CLIP = "There is no clip yet; drop a video file or pick an example first."
_NOT_UNDERSTOOD = "The page sent something that the server does not understand; reload the page and try again."
_FAILED = "Something went wrong on the server. What you did is kept; try again, or reload the page."

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
    tracking.TrackingError,
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
    except (KeyError, TypeError, ValueError):
        logger.exception("a request was not understood")
        held = {**(held or {}), "error": _NOT_UNDERSTOOD, "task": None, "refused": True}
    except Exception:
        logger.exception("a request failed")
        held = {**(held or {}), "error": _FAILED, "task": None}
    yield _enveloped(held or {}, asked, done=True)


def open_upload(studio: Studio, upload: Path, name: str, model: str) -> Iterator[tuple[Message, str | None]]:
    """Take a clip in. Yields messages; the last comes with the new session's id."""
    first = picture_url(upload, 0, studio.sessions.limits, _FIRST_PICTURE_WIDTH)
    yield {"task": {"kind": "open", "text": f"Reading {name}", "done": 0, "picture": first}}, None
    session_id = None
    for progress in studio.sessions.create(upload, name=name, model=model):
        session_id = progress.session_id
        text = f"Reading {name} · frame {progress.frames_done}"
        yield {"task": {"kind": "open", "text": text, "done": progress.frames_done}}, None
    assert session_id is not None
    session = _change(studio, session_id, add_object)
    notices = " ".join(session.info.notices)
    message: Message = {
        "task": None,
        "clip": describe_clip(session),
        "objects": describe_objects(session.project),
        "layers": [],
        "status": notices or "The clip is ready. Click the thing you want to follow.",
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


def prompt(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """All that is said about one object on one frame, replacing what was said before: {object, frame, points, box}."""
    session = _open(studio, session_id)
    try:
        said = read_prompt(request, session)
    except RequestError:
        yield {"objects": describe_objects(session.project)}
        raise
    session = _change(studio, session.id, lambda project: with_prompt(project, said))
    where = (session.id, said.object_id, said.frame_index)
    step = tracking.forget_prompt if said.is_empty else tracking.segment
    for found in beats(lambda: iter((step(*where),))):
        if not found:
            yield {"status": "Waiting for the model …"}
            continue
        kept = {"objects": describe_objects(session.project)}
        if found[0] is None:
            yield {**kept, "masks": [{"object": where[1], "frame": where[2], "png": None, "visible": None}]}
        else:
            nothing = "Nothing was found there; click nearer to the middle of the object."
            yield {**kept, "masks": [describe_mask(found[0])], "status": "" if found[0].is_visible else nothing}


def objects(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Add, rename or remove an object: {action, object, name}."""
    session = _open(studio, session_id)
    action = request.get("action")
    if action == "add":
        project = _change(studio, session.id, add_object).project
        yield {"objects": describe_objects(project), "select": project.objects[-1].id}
        return
    object_id = int(request["object"])
    if action == "rename":
        yield {"objects": describe_objects(session.project)}  # an empty name is refused: the old one stands
        project = _change(studio, session.id, lambda old: rename(old, object_id, str(request["name"]))).project
        yield {"objects": describe_objects(project)}
    elif action == "remove":
        name = session.project.object(object_id).name
        project = _change(studio, session.id, lambda old: remove_object(old, object_id)).project
        session.masks.remove(object_id)
        session.tracked_before.remove(object_id)
        yield {
            "objects": describe_objects(project),
            "layers": [layer.to_json() for layer in project.layers],
            "status": f"{name} is removed.",
        }
    else:
        raise ValueError(f"no such action: {action!r}")


def look(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """A frame with its effects: {frame, version, layers?}; given layers are saved first."""
    session = _open(studio, session_id)
    if request.get("layers") is not None:
        try:
            layers = tuple(Layer.from_json(each) for each in request["layers"])
            session = _change(studio, session.id, lambda project: with_layers(project, layers))
        except (EffectError, ProjectError):
            yield {"layers": [layer.to_json() for layer in session.project.layers]}
            raise
    frame_index = _frame_index(request, session)
    jpeg = base64.b64encode(preview_jpeg(session, frame_index)).decode("ascii")
    yield {"composed": {"frame": frame_index, "jpeg": jpeg, "version": request.get("version")}}


def masks(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """The masks of some frames, for a page that missed them: {frames}."""
    session = _open(studio, session_id)
    found = []
    for frame_index in [int(each) for each in request["frames"]][:_MOST_MASK_FRAMES]:
        for each in session.project.objects:
            png = session.masks.overlay_png(each.id, frame_index, each.color)
            if png is not None:
                coded = base64.b64encode(png).decode("ascii")
                found.append({"object": each.id, "frame": frame_index, "png": coded, "visible": None})
    yield {"masks": found}


def track(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Follow all prompted objects through the clip, or from one frame on: {from: frame or null}."""
    session = _open(studio, session_id)
    start = request.get("from")
    passes = plan_tracking(session, None if start is None else int(start))
    total = sum(len(run.frames) for run in passes)
    done = 0
    yield {"task": _task("track", done, total), "status": "Tracking …"}
    for run in passes:
        for frames in beats(partial(tracking.propagate, session.id, run.start, run.stop, run.step, run.object_ids)):
            done += len(frames)
            yield _tracked(frames, done, total)
    yield {**_after_tracking(studio, session.id), "status": f"Done: {done} frames tracked.", "stale_from": None}


def stop_track(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `track`: what is done stays."""
    yield {**_after_tracking(studio, session_id), "status": "Tracking was stopped; what is done is kept."}


def render(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Write the clip with its effects as an mp4."""
    session = _open(studio, session_id)
    yield {"task": _task("render", 0, session.info.num_frames), "status": "Rendering …"}
    # A folder of its own for each: a cancelled render may still be ending when the next one begins.
    folder = session.output(secrets.token_hex(8))
    folder.mkdir()
    out = folder / output_name(session.info)
    for progress in beats(lambda: render_session(session, out)):
        studio.sessions.touch(session.id)
        if progress:
            now = progress[-1]
            yield {"task": _task("render", now.done, now.total, now.frames_per_second, now.seconds_left)}
        else:
            yield {}
    for older in folder.parent.iterdir():
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)
    yield {"task": None, "output": describe_output(out, session.info), "status": "The video is ready."}


def stop_render(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `render`."""
    yield {"task": None, "status": "Rendering was cancelled; nothing else has changed."}


def model(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Use another model from the next click on: {name}."""
    name = str(request["name"])
    choice = next((each for each in available_models() if each.name == name), None)
    if choice is None and name != studio.model.name:
        raise RequestError(f"There is no model {name}; pick one of the list.")
    title = choice.title if choice else Path(name).stem
    if session_id is not None:
        _change(studio, session_id, lambda project: _with_model(project, name))
    note = "" if choice is None or choice.is_here else f" {choice.note}"
    yield {"models": models_of(studio, name), "status": f"{title} answers from the next click on.{note}"}


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


def read_prompt(request: Request, session: Session) -> FramePrompt:
    """Check what the page says about an object on a frame; a click outside the picture is refused."""
    height, width = session.info.size
    points = [(float(x), float(y)) for x, y, _ in request.get("points") or ()]
    box = [float(edge) for edge in request["box"]] if request.get("box") else None
    if len(points) > _MOST_POINTS:
        raise RequestError(f"One frame takes at most {_MOST_POINTS} clicks; delete some of them.")
    for x, y in points:
        if not (0 <= x < width and 0 <= y < height):
            raise RequestError(f"That click is outside the picture of {width} × {height}; click inside it.")
    if box is not None and not _is_box(box, height, width):
        raise RequestError("That box is too small or outside the picture; drag it around the object.")
    object_id = int(request["object"])
    session.project.object(object_id)
    return FramePrompt(
        object_id=object_id,
        frame_index=_frame_index(request, session),
        points=tuple(points),
        labels=tuple(1 if label else 0 for _, _, label in request.get("points") or ()),
        box=(box[0], box[1], box[2], box[3]) if box else None,
    )


def _enveloped(message: Message, request: Request, *, done: bool) -> Message:
    return {**message, "id": next(_serial), "re": request.get("n"), "done": done}


def _is_box(box: list[float], height: int, width: int) -> bool:
    if len(box) != 4 or not all(math.isfinite(edge) for edge in box):
        return False
    x0, y0, x1, y1 = box
    return 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height


def _frame_index(request: Request, session: Session) -> int:
    index = int(request["frame"])
    if not 0 <= index < session.info.num_frames:
        raise RequestError(f"There is no frame {index}: the clip's frames are 0 to {session.info.num_frames - 1}.")
    return index


def _open(studio: Studio, session_id: str | None) -> Session:
    if session_id is None:
        raise RequestError(_NO_CLIP)
    return studio.sessions.open(session_id)


def _change(studio: Studio, session_id: str, change: Callable[[Project], Project]) -> Session:
    """Read, change and save a session's project; one at a time, so that no change overwrites another."""
    with _saving:
        changed = change(studio.sessions.open(session_id).project)
        studio.sessions.save(session_id, changed)
        return studio.sessions.open(session_id)


def _with_model(project: Project, name: str) -> Project:
    return Project(project.clip, name, project.objects, project.prompts, project.layers)


def _task(kind: str, done: int, total: int, rate: float = 0.0, left: float = 0.0) -> Message:
    return {"kind": kind, "done": done, "total": total, "rate": round(rate, 2), "left": round(left, 1)}


def _tracked(frames: list[TrackedFrame], done: int, total: int) -> Message:
    """What the page hears of some tracked frames; a sign of life where there are none."""
    if not frames:
        return {}
    rate = frames[-1].frames_per_second
    return {
        "masks": [describe_mask(mask) for frame in frames for mask in frame.masks],
        "task": _task("track", done, total, rate, (total - done) / max(rate, 1e-6)),
        "follow": frames[-1].frame_index,
    }


def _after_tracking(studio: Studio, session_id: str | None) -> Message:
    session = _open(studio, session_id)
    lanes = describe_lanes(session.masks, session.project.object_ids, session.info.num_frames)
    return {"task": None, "lanes": lanes, "tracked": any(lane.strip("0") for lane in lanes.values())}


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
