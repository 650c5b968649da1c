"""Effects: the stack of layers, one composed frame, thumbnails, and the whole clip played before it is rendered."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from app.assets import ASSETS, keep_asset
from app.handlers.envelope import Message, Request, Studio, change_project, open_session, read_frame_index
from app.heartbeat import beats
from app.projects.changes import with_layers
from app.projects.history import Step
from app.projects.project import ProjectError
from app.rendering.preview import PlaybackChunk, kept_box, playback_chunks, preview_jpeg, thumbnails
from app.sessions.session import Session
from effects.catalogue import EFFECTS
from effects.layer import Layer
from effects.looks import LOOKS, surprise
from effects.looks import look as look_layers
from effects.setting import EffectError

_SMALLEST_SIDE, _LARGEST_SIDE = 240, 1280


def layers(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Save the stack: {layers}. One step of undo each."""
    session = open_session(studio, session_id)
    try:
        stack = _read_layers(request, session)
        change_project(studio, session.id, lambda project: with_layers(project, stack), _layers_step(stack))
    except (EffectError, ProjectError):
        yield {"layers": [layer.to_json() for layer in session.project.layers]}
        raise
    yield {}


def asset(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Keep a picture or a video for an effect to show: {name, content in base64}; answers the name to show it by."""
    session = open_session(studio, session_id)
    content = base64.b64decode(str(request["content"]), validate=True)
    name, folder = str(request["name"]), session.folder / ASSETS
    for kept in beats(lambda: iter((keep_asset(name, content, folder, session.limits),))):
        yield {"asset": kept[0]} if kept else {}


def look(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """A frame under a stack that need not be saved: {frame, layers, side, version}; whole, and which part is kept."""
    session = open_session(studio, session_id)
    frame_index = read_frame_index(request, session)
    try:
        stack = _read_layers(request, session)
    except (EffectError, ProjectError):
        yield {"layers": [layer.to_json() for layer in session.project.layers]}
        raise
    side = min(max(int(request.get("side") or _LARGEST_SIDE), _SMALLEST_SIDE), _LARGEST_SIDE)
    jpeg = preview_jpeg(session, frame_index, stack, longest_side=side)
    kept = kept_box(session, frame_index, longest_side=side)
    yield {"composed": {"frame": frame_index, "jpeg": _text(jpeg), "version": request.get("version"), "kept": kept}}


def thumbs(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """This frame under every effect aimed at `target`, or under every look: {frame, target or looks, version}."""
    session = open_session(studio, session_id)
    frame_index = read_frame_index(request, session)
    if request.get("looks"):
        kind, objects = "looks", _read_objects(request)
        stacks = [("", ()), *((name, look_layers(name, objects)) for name in LOOKS)]
    else:
        kind, target = "effects", _read_target(request)
        stacks = [(name, (Layer(effect(), target),)) for name, effect in EFFECTS.items()]
    for found in beats(lambda: thumbnails(session, frame_index, stacks)):
        pictures = {name: _text(jpeg) for name, jpeg in found}
        yield {"thumbs": {"kind": kind, "version": request.get("version"), "pictures": pictures}}


def looks(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Put on a look in place of the stack, or one by chance: {look or seed, objects}; an empty name takes all off."""
    session = open_session(studio, session_id)
    objects = _read_objects(request)
    if "seed" in request:
        stack = surprise(int(request["seed"]), objects)
    else:
        stack = look_layers(str(request["look"]), objects) if request["look"] else ()
    project = change_project(studio, session.id, lambda old: with_layers(old, stack), Step("layers")).project
    yield {"layers": [layer.to_json() for layer in project.layers]}


def playback(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """The whole clip under the stack at a low resolution, from a frame on: {from, layers, version}."""
    session = open_session(studio, session_id)
    stack = _read_layers(request, session)
    start = int(request.get("from") or 0)
    for chunks in beats(lambda: playback_chunks(session, stack, start)):
        studio.sessions.touch(session.id)
        described = [_describe(each) for each in chunks]
        is_cut = session.project.reframe is not None
        yield {"playback": {"version": request.get("version"), "chunks": described, "isCut": is_cut}}


def stop_playback(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `playback`, because the look has changed."""
    yield {}


def _layers_step(stack: tuple[Layer, ...]) -> Step:
    """A step of its own, unless only values change: a slider on its way is one step."""
    kinds = [(layer.target, type(layer.effect).__name__) for layer in stack]
    return Step("layers", merge=repr(kinds))


def _read_layers(request: Request, session: Session) -> tuple[Layer, ...]:
    """The request's layers; those of the project where it brings none."""
    if request.get("layers") is None:
        return session.project.layers
    stack = tuple(Layer.from_json(each) for each in request["layers"])
    with_layers(session.project, stack)  # an object that is gone is refused here
    return stack


def _read_objects(request: Request) -> tuple[int, ...]:
    return tuple(int(each) for each in request.get("objects") or ())


def _read_target(request: Request) -> Any:
    target = request.get("target", "background")
    return tuple(int(each) for each in target) if isinstance(target, list) else str(target)


def _describe(chunk: PlaybackChunk) -> dict[str, object]:
    return {"first": chunk.first, "path": str(chunk.path), "offsets": list(chunk.offsets)}


def _text(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")
