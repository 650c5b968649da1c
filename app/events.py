"""Connects the page's components to the handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app import tracking
from app.editor.channels import reply
from app.editor.frame_editor import FrameEditor
from app.handlers import editing, effects, exporting, opening, running
from app.handlers.envelope import Handler, Message, Request, Studio, answer
from app.panels.clip import ClipPanel

Update = dict[str, Any]

# Clicks answer while a clip is tracked or rendered for somebody else; the model itself is guarded by tracking.
_QUICK, _LONG = 8, 4


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
    for channel, handler in {
        "prompt": editing.prompt,
        "objects": editing.objects,
        "history": editing.history,
        "look": effects.look,
        "layers": effects.layers,
        "thumbs": effects.thumbs,
        "looks": effects.looks,
        "estimate": exporting.estimate,
        "masks": editing.masks,
        "model": opening.model,
    }.items():
        _listen(editor, channel, _answering(channel, handler, studio), [session], [editor], settings, _QUICK)
    for channel, handler, stopper in (
        ("track", running.track, running.stop_track),
        ("render", exporting.render, exporting.stop_render),
        ("playback", effects.playback, effects.stop_playback),
    ):
        task = _listen(editor, channel, _answering(channel, handler, studio), [session], [editor], settings, _LONG)
        stop = f"stop_{channel}"
        on_stop = _answering(stop, stopper, studio)
        _listen(editor, stop, on_stop, [session], [editor], {**settings, "cancels": [task]}, _QUICK)

    opened = [session, editor, clip.upload]
    _listen(editor, "open", _opening_example(studio), [session], opened, settings, _LONG)
    clip.upload.upload(
        _opening_upload(studio),
        [clip.upload, session],
        opened,
        concurrency_limit=_LONG,
        show_progress="hidden",
        api_visibility="private",
    )


def forget_session(studio: Studio, session_id: str | None) -> None:
    """Delete a session that nobody edits any more, and what the model holds of it."""
    if session_id is not None:
        tracking.forget_session(session_id)
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


def _answering(channel: str, handler: Handler, studio: Studio) -> Callable[..., Iterator[Update]]:
    def on_event(session_id: str | None, event: gr.EventData) -> Iterator[Update]:
        for message in answer(handler, studio, session_id, event._data):
            yield reply(channel, message)

    return on_event


def _opening_example(studio: Studio) -> Callable[..., Iterator[Any]]:
    def on_event(session_id: str | None, event: gr.EventData) -> Iterator[Any]:
        request = event._data

        def source() -> tuple[Path, str]:
            path = opening.example_path(studio, request)
            return path, path.name

        yield from _open(studio, source, session_id, request)

    return on_event


def _opening_upload(studio: Studio) -> Callable[..., Iterator[Any]]:
    def on_event(upload: str | None, session_id: str | None) -> Iterator[Any]:
        if upload is not None:
            yield from _open(studio, lambda: (Path(upload), Path(upload).name), session_id, {})

    return on_event


def _open(
    studio: Studio, source: Callable[[], tuple[Path, str]], old_session: str | None, request: dict[str, Any]
) -> Iterator[Any]:
    """Open a clip and take over its session; the old one goes only once the new one stands.

    The upload field is emptied at the end, so that the same file can be chosen again.
    """
    new_session: list[str] = []

    def handler(_: Studio, __: str | None, ___: Request) -> Iterator[Message]:
        path, name = source()
        for message, session_id in opening.open_upload(studio, path, name, studio.model.name):
            if session_id is not None:
                new_session.append(session_id)
            yield message

    for message in answer(handler, studio, old_session, request):
        update = reply("open", message)
        if message["done"]:
            yield new_session[0] if new_session else gr.skip(), update, None
        else:
            yield gr.skip(), update, gr.skip()
    if new_session:
        forget_session(studio, old_session)
