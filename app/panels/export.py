"""The export panel: what leaves, how good and how big; then watch it, download it, pass it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from app.exports.catalogue import describe_kinds
from app.sessions.session import ClipInfo

# What a browser can show of itself; everything else is offered for download alone.
_SHOWN = {".mp4": "video", ".webm": "video", ".gif": "image", ".webp": "image"}


@dataclass(frozen=True)
class ExportPanel:
    """The components of this panel."""

    view: gr.HTML


def build_export_panel() -> ExportPanel:
    """Lay out the panel; must be called inside a `gr.Blocks`."""
    view = gr.HTML(
        html_template=read_asset("export.html"),
        js_on_load=read_script("progress.js", "export.js", "export_dialog.js"),
        apply_default_css=False,
        elem_id="export-panel",
        kinds=describe_kinds(),
    )
    return ExportPanel(view)


def describe_output(path: Path, kind: str, info: ClipInfo, frames: int) -> dict[str, Any]:
    """An exported file for the page: where it lies, what to call it, how to show it, and its facts.

    Args:
        frames: how many of the clip's a video holds.
    """
    return {
        "path": str(path),
        "name": path.name,
        "kind": kind,
        "shown": _SHOWN.get(path.suffix, "file"),
        "bytes": path.stat().st_size,
        "size": list(info.size),
        "seconds": info.duration * frames / info.num_frames,
        "has_sound": info.has_audio and kind == "video",
    }
