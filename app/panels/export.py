"""The export panel: render, watch, download."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from app.sessions import ClipInfo


@dataclass(frozen=True)
class ExportPanel:
    """The components of this panel."""

    view: gr.HTML


def build_export_panel() -> ExportPanel:
    """Lay out the panel; must be called inside a `gr.Blocks`."""
    view = gr.HTML(
        html_template=read_asset("export.html"),
        js_on_load=read_script("progress.js", "export.js"),
        apply_default_css=False,
        elem_id="export-panel",
    )
    return ExportPanel(view)


def output_name(info: ClipInfo) -> str:
    """What a rendered file is called: the browser saves it under this name, so it says which clip it is."""
    stem = re.sub(r"[^\w .()-]", "_", Path(info.name).stem)[:80].strip(" .") or "clip"
    return f"{stem}-masklet.mp4"


def describe_output(path: Path, info: ClipInfo) -> dict[str, Any]:
    """A rendered file for the page: where it lies, what to call it, and its facts in words."""
    height, width = info.size
    sound = "with sound" if info.has_audio else "no sound"
    facts = f"{width} × {height} · {info.duration:.1f} s · {path.stat().st_size / 1e6:.1f} MB · {sound}"
    return {"path": str(path), "name": path.name, "facts": facts}
