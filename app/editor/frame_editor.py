"""The click editor: a subclass of `gr.HTML` with plain HTML, CSS and JavaScript beside it, and no build step."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from app.editor.channels import CHANNELS, DIRECT, EVENT_NAMES, EVENTS


class FrameEditor(gr.HTML):
    """The stage: shows a frame with its masks and clicks, takes clicks, boxes and keys, scrubs and plays.

    It is also the page's one mouth: the other panels speak to the server through it, by the store in
    `studio.js`. The data of its events is the request, with its number `n`.
    """

    def __init__(self, *, answer_now: Callable[[Any], Any] | None = None, **kwargs: Any) -> None:
        """Build the editor.

        Args:
            answer_now: gives the message for a request `{channel, …}` on one of the channels in `DIRECT`.
            kwargs: as `gr.HTML` takes them, and the replies by their names.
        """
        # Gradio knows the events of a subclass by their names in its script, in quotes.
        events = json.dumps(EVENTS)
        scripts = read_script(
            *(
                "geometry.js",
                "timescale.js",
                "picture_cache.js",
                "frames.js",
                "mask_overlay.js",
                "masks.js",
                "composed_frames.js",
                "requests.js",
                "connection.js",
            ),
            "editor.js",  # what those below share
            *("stage.js", "timeline.js", "playback.js", "time_strip.js", "result.js", "prompts.js"),
            *(
                "pointer.js",
                "suggestions.js",
                "thumbnails.js",
                "keys.js",
                "focus.js",
                "compare.js",
                "controls.js",
                "messages.js",
                "session.js",
                "coach.js",
            ),
        )
        super().__init__(
            html_template=read_asset("editor.html"),
            js_on_load=f"const EVENTS = {events}, DIRECT = {json.dumps(DIRECT)};\n{scripts}",
            apply_default_css=False,
            server_functions=[answer_now] if answer_now else None,
            **{**dict.fromkeys(f"reply_{channel}" for channel in CHANNELS), **kwargs},
        )

    def __getattr__(self, name: str) -> Any:
        # For each message gradio asks some thirty times for what is not there, and would search the whole script for it
        # each time: more than half of what a message cost.
        if name not in EVENT_NAMES:
            raise AttributeError(f"A FrameEditor has no {name}.")
        return super().__getattr__(name)
