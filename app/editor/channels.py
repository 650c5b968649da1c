"""How the page and the server speak: a request and its answers on one channel for each kind of work."""

from __future__ import annotations

from typing import Any

import gradio as gr

# Work that needs no model, no place in the queue and only one answer is asked for by a function of the server, whose
# answer is the message. Through the queue the same message would wait for some sixty milliseconds, and the page would
# compare all its properties, pictures and masks among them, with what they were.
DIRECT = ("objects", "history", "marks", "look", "masks", "layers", "estimate")

# Any other request goes out as the event `ask_<channel>` of the editor, and the answers come back in its property
# `reply_<channel>`. Apart, because two updates of one property at once would leave only the later one.
CHANNELS = (
    "open",
    "stop_open",
    "resume",
    "project",
    "prompt",
    "suggest",
    "prepare",
    "timeline",
    "asset",
    "thumbs",
    "looks",
    "playback",
    "stop_playback",
    "track",
    "stop_track",
    "render",
    "stop_render",
    "cost",
    "model",
    "save",
)

EVENTS = {channel: f"ask_{channel}" for channel in CHANNELS}
EVENT_NAMES = frozenset(EVENTS.values())


def reply(channel: str, message: dict[str, Any]) -> dict[str, Any]:
    """The update of the editor that carries one message to the page; its other properties stay."""
    update: dict[str, Any] = {f"reply_{channel}": message}
    return gr.update(**update)
