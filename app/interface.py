"""Lays out the page."""

from __future__ import annotations

import gradio as gr

from app.editor.frame_editor import FrameEditor
from app.events import answering_now, connect_events
from app.handlers.envelope import Studio
from app.handlers.opening import models_of
from app.panels.clip import build_clip_panel, build_header, describe_examples
from app.panels.effects import build_effects_panel
from app.panels.export import build_export_panel
from app.panels.objects import build_objects_panel
from app.theme import make_theme, page_style

_SWEEP_SECONDS = 3600


def build_page(studio: Studio) -> gr.Blocks:
    """The whole page, wired; `launch` it with `theme.make_theme()` and `theme.page_style()`."""
    # Gradio's own copies of the uploads stay no longer than a session that nobody touches.
    keep_uploads = int(studio.sessions.idle_seconds)
    with gr.Blocks(
        title="Masklet Studio",
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(min(_SWEEP_SECONDS, keep_uploads), keep_uploads),
    ) as page:
        session = gr.State(
            None,
            time_to_live=studio.sessions.idle_seconds,
            # Not this session by its id: the person may have reloaded the page and be editing it from another one.
            delete_callback=lambda _: _forget_idle(studio),
        )
        header = build_header(models_of(studio, studio.model.name))
        clip = build_clip_panel(header, describe_examples(studio.examples))
        with gr.Row(elem_classes="ms-workspace"):
            with gr.Column(scale=5, min_width=320, elem_classes="ms-main"):
                editor = FrameEditor(elem_id="frame-editor", answer_now=answering_now(studio))
            with gr.Column(scale=2, min_width=300, elem_classes="ms-side"):
                build_objects_panel()
                build_effects_panel()
                build_export_panel()
        connect_events(studio, session, editor, clip)
    return page


def _forget_idle(studio: Studio) -> None:
    studio.sessions.expire()


def launch_page(studio: Studio, *, host: str = "127.0.0.1", port: int | None = None, share: bool = False) -> None:
    """Serve the page until it is stopped; gradio prints the address.

    Only the sessions' folder is open to the browser, and in it nothing can be found without a session's
    128 random bits, or a result's address, which does not tell them.
    """
    studio.sessions.root.mkdir(parents=True, exist_ok=True)
    # Gradio calls `delete_callback` only as states expire, which can be long before the folder they name is idle.
    studio.sessions.keep_expiring()
    page = build_page(studio)
    page.queue(max_size=64, api_open=False)
    page.launch(
        server_name=host,
        server_port=port,
        share=share,
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        max_file_size=studio.sessions.limits.max_bytes,
        allowed_paths=[str(studio.sessions.root)],
        theme=make_theme(),
        css=page_style(),
    )
