"""The page's looks: gradio's theme brought in line with the editor's own style sheet."""

from __future__ import annotations

import gradio as gr

from app.editor.assets import read_asset

_FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")


def make_theme() -> gr.themes.Base:
    """The theme for what gradio draws itself, which is little: the upload and the page's ground."""
    return gr.themes.Base(primary_hue="teal", neutral_hue="zinc", font=_FONT, radius_size="lg").set(
        body_background_fill="#f5f5f3",
        body_background_fill_dark="#111214",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1a1b1f",
        block_border_width="0px",
        border_color_primary="#dcdcd8",
        border_color_primary_dark="#33353b",
    )


def page_style() -> str:
    """The style sheet of the whole page."""
    return read_asset("page.css", "editor.css", "timeline.css", "objects.css", "start.css")
