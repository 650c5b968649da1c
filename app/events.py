"""Connects the page's components to the handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from app.editor.channels import reply
from app.editor.frame_editor import FrameEditor
from app.handlers import editing, effects, exporting, opening, running
from app.handlers.envelope import Handler, Message, Request, Studio, answer
from app.handlers.line import Line, in_line
from app.panels.clip import ClipPanel
from app.projects.project import Project
from app.tracking import service

Update = dict[str, Any]

# Clicks answer while a clip is tracked or rendered for somebody else; the model itself is guarded by tracking.
_QUICK, _LONG = 8, 4
# Tracking and rendering fill the machine: so many run at once, everybody else waits in a line of ours, because
# gradio's own does not tell the page its place.
_AT_ONCE, _MOST_WAITING = 2, 40


def connect_events(studio: Studio, session: gr.State, editor: FrameEditor, clip: ClipPanel) -> None:
    """Wire every event of the page; must be called inside its `gr.Blocks`.

    Events of the editor use `trigger_mode="multiple"`: the page itself keeps one request in flight, and
    gradio's default would drop the quick ones.
    """
    settings: dict[str, Any] = {
        "show_progress": "hidden",
        "trigger_mode": "multiple",
        "api_visibility": "private",
    }
    quick: dict[str, Handler] = {
        "prompt": editing.prompt,
        "suggest": editing.suggest,
        "prepare": editing.prepare,
        "timeline": running.timeline,
        "asset": effects.asset,
        "thumbs": effects.thumbs,
        "looks": effects.looks,
        "cost": running.cost,
        "model": opening.model,
        "save": opening.save,
    }
    for channel, handler in quick.items():
        _listen(editor, channel, _answering(channel, handler, studio), [session], [editor], settings, _QUICK)
    line = Line(_AT_ONCE)
    for channel, handler, stopper in (
        ("track", in_line(running.track, line, "track"), running.stop_track),
        ("render", in_line(exporting.render, line, "render"), exporting.stop_render),
        ("playback", effects.playback, effects.stop_playback),
    ):
        long = _answering(channel, handler, studio)
        task = _listen(editor, channel, long, [session], [editor], settings, _MOST_WAITING)
        stop = f"stop_{channel}"
        on_stop = _answering(stop, stopper, studio)
        _listen(editor, stop, on_stop, [session], [editor], {**settings, "cancels": [task]}, _QUICK)

    _listen(editor, "resume", _resuming(studio), [session], [session, editor], settings, _QUICK)
    waiting = gr.State(None)  # a project whose clip is still to come
    _listen(editor, "project", _taking_project(studio), [], [waiting, editor], settings, _QUICK)
    opened = [session, editor, clip.upload, waiting]
    opens_anew = _listen(editor, "open", _opening_anew(studio), [session], opened, settings, _LONG)
    opens_upload = clip.upload.upload(
        _opening_upload(studio),
        [clip.upload, session, waiting],
        opened,
        concurrency_limit=_LONG,
        show_progress="hidden",
        api_visibility="private",
    )
    stopping = {**settings, "cancels": [opens_anew, opens_upload]}
    _listen(editor, "stop_open", _stopping_to_open(studio), [session], [editor, clip.upload], stopping, _QUICK)


def answering_now(studio: Studio) -> Callable[[Any], Message]:
    """The function of the server that answers requests on the channels in `DIRECT`."""
    handlers: dict[str, Handler] = {
        "objects": editing.objects,
        "history": editing.history,
        "marks": editing.marks,
        "look": effects.look,
        "masks": editing.masks,
        "layers": effects.layers,
        "estimate": exporting.estimate,
    }

    def answer_now(request: Any) -> Message:
        channel = request.get("channel") if isinstance(request, Mapping) else None
        handler = handlers.get(str(channel), _unknown)
        *_, message = answer(handler, studio, _named_session(request, None), request)
        return message

    return answer_now


def _unknown(_: Studio, __: str | None, request: Request) -> Iterator[Message]:
    raise ValueError(f"no such channel: {request.get('channel')!r}")
    yield {}


def forget_session(studio: Studio, session_id: str | None) -> None:
    """Delete a session that nobody edits any more, and what the model holds of it."""
    if session_id is not None:
        service.forget_session(session_id)
        studio.sessions.delete(session_id)


def _listen(
    editor: FrameEditor,
    channel: str,
    listener: Callable[..., Iterator[Any]],
    inputs: list[Any],
    outputs: list[Any],
    settings: dict[str, Any],
    limit: int,
) -> Any:
    return getattr(editor, f"ask_{channel}")(listener, inputs, outputs, concurrency_limit=limit, **settings)


def _named_session(request: object, known: str | None) -> str | None:
    """The session that the page names, else the one that gradio remembers for it.

    The page's word counts, because gradio forgets: at a reload, and when the server starts anew. The 128 random
    bits of a session's id are all that is needed to edit it.
    """
    named = request.get("session") if isinstance(request, Mapping) else None
    return named if isinstance(named, str) else known


def _answering(channel: str, handler: Handler, studio: Studio) -> Callable[..., Iterator[Update]]:
    def on_event(session_id: str | None, event: gr.EventData) -> Iterator[Update]:
        for message in answer(handler, studio, _named_session(event._data, session_id), event._data):
            yield reply(channel, message)

    return on_event


def _resuming(studio: Studio) -> Callable[..., Iterator[Any]]:
    def on_event(session_id: str | None, event: gr.EventData) -> Iterator[Any]:
        named = _named_session(event._data, session_id)
        for message in answer(opening.resume, studio, named, event._data):
            yield named if "clip" in message else gr.skip(), reply("resume", message)

    return on_event


def _taking_project(studio: Studio) -> Callable[..., Iterator[Any]]:
    """A project whose clip is still to come: it waits for the next upload of this page."""

    def on_event(event: gr.EventData) -> Iterator[Any]:
        taken: list[Project] = []

        def handler(_: Studio, __: str | None, request: Request) -> Iterator[Message]:
            taken.append(opening.read_project(studio, request["project"]))
            yield {"wanted": taken[0].clip}

        for message in answer(handler, studio, None, event._data):
            yield taken[0] if taken else gr.skip(), reply("project", message)

    return on_event


def _opening_anew(studio: Studio) -> Callable[..., Iterator[Any]]:
    """An example, or another part of the file that is open."""

    def on_event(session_id: str | None, event: gr.EventData) -> Iterator[Any]:
        request = event._data

        named = _named_session(request, session_id)

        def source() -> Iterator[opening.Opened]:
            if isinstance(request, Mapping) and "part" in request:
                return opening.open_part(studio, named, request["part"])
            path = opening.example_path(studio, request)
            return opening.open_files(studio, [path], None)

        yield from _open(studio, source, named, request)

    return on_event


def _opening_upload(studio: Studio) -> Callable[..., Iterator[Any]]:
    def on_event(uploads: list[str] | None, session_id: str | None, waiting: Project | None) -> Iterator[Any]:
        if uploads:
            files = [Path(upload) for upload in uploads]
            yield from _open(studio, lambda: opening.open_files(studio, files, waiting), session_id, {})

    return on_event


def _stopping_to_open(studio: Studio) -> Callable[..., Iterator[Any]]:
    """The upload field is emptied, as at the end of what was stopped."""
    answering = _answering("stop_open", opening.stop_opening, studio)

    def on_event(session_id: str | None, event: gr.EventData) -> Iterator[Any]:
        for update in answering(session_id, event):
            yield update, None

    return on_event


def _open(
    studio: Studio, source: Callable[[], Iterator[opening.Opened]], old_session: str | None, request: dict[str, Any]
) -> Iterator[Any]:
    """Open a clip and take over its session; the old one goes only once the new one stands.

    The upload field is emptied at the end, so that the same file can be chosen again.
    """
    results: list[opening.Opened] = []

    def handler(_: Studio, __: str | None, ___: Request) -> Iterator[Message]:
        for opened in source():
            results.append(opened)
            yield opened.message

    for message in answer(handler, studio, old_session, request):
        update = reply("open", message)
        if not message["done"]:
            yield gr.skip(), update, gr.skip(), gr.skip()
            continue
        new_session = results[-1].session_id if results else None
        waiting = results[-1].waiting if results else None
        yield new_session or gr.skip(), update, None, waiting
        if new_session:
            forget_session(studio, old_session)
