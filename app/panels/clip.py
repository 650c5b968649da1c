"""The start of the page: the place to drop a clip, the examples, and the head with the clip's name and the model."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio_client.utils import is_http_url_like
from PIL import Image

from app.editor.assets import read_asset, read_script, read_words
from app.sessions.session import Session
from app.tracking.models import ModelChoice
from media.errors import MediaError
from media.limits import LOCAL, Limits
from media.video_clip import VideoClip

_EXAMPLE_WIDTH = 320
_VIDEO_TYPES = [
    *(".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".gif", ".3gp", ".mpg", ".mpeg", ".vob"),
    *(".ts", ".mts", ".m2ts", ".ogv", ".flv", ".wmv"),
    *(".webp", ".png", ".jpg", ".jpeg", ".avif", ".heic"),  # animated or still, or a photo that holds a video
]


class Upload(gr.File):
    """Takes files that were uploaded, and no address: gradio would fetch it, however large and for whomever."""

    is_template = True  # to the browser it is a gr.File

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        if is_http_url_like(str(url_or_file_path)):
            raise gr.Error("Addresses are not opened here; please download the clip and choose its file.")
        return await super().async_move_resource_to_block_cache(url_or_file_path)


@dataclass(frozen=True)
class ClipPanel:
    """The components of the page's start and head."""

    header: gr.HTML
    upload: gr.File
    start: gr.HTML


def build_header(models: dict[str, Any]) -> gr.HTML:
    """Lay out the head of the page; `models` as `describe_models` gives them."""
    return gr.HTML(
        html_template=read_asset("header.html"),
        js_on_load=read_script("header.js"),
        apply_default_css=False,
        elem_id="page-header",
        models=models,
        words=read_words(),
    )


def build_clip_panel(header: gr.HTML, examples: list[dict[str, str]]) -> ClipPanel:
    """Lay out the start of the page; `examples` as `describe_examples` gives them."""
    with gr.Column(elem_id="start", elem_classes="ms-start"):
        gr.HTML(html_template=read_asset("welcome.html"), js_on_load=read_script(), apply_default_css=False)
        # A file, not gr.Video: that one would run ffmpeg on the upload before we have looked at it.
        upload = Upload(
            label="Clip",
            show_label=False,
            file_count="multiple",  # a project file and its clip may come together
            file_types=[*_VIDEO_TYPES, ".json", ".zip"],
            elem_id="upload",
            height=190,
            container=False,
        )
        start = gr.HTML(
            html_template=read_asset("start.html"),
            js_on_load=read_script("start.js"),
            apply_default_css=False,
            elem_id="start-panel",
            examples=examples,
        )
    return ClipPanel(header, upload, start)


def describe_clip(session: Session) -> dict[str, Any]:
    """The clip for the page: its facts, and where the JPEGs for scrubbing lie."""
    info, frames = session.info, session.frames
    whole, end = info.file_duration, info.start + info.duration
    # A last frame's length is a guess; a difference below half a second is nothing that was cut.
    is_part = whole is not None and (info.start > 0 or whole > end + 0.5)
    return {
        "name": info.name,
        "size": list(info.size),
        "frames": info.num_frames,
        "fps": info.fps,
        "times": session.times,
        "has_audio": info.has_audio,
        "model": session.project.model,
        "part": {"start": info.start, "stop": end, "whole": whole} if is_part else None,
        "pack": {"path": str(frames.path), "offsets": list(frames.offsets)},
    }


def describe_models(choices: tuple[ModelChoice, ...], current: str, reason: str) -> dict[str, Any]:
    """The models for the page's menu; a checkpoint given by its path is listed under its file's name."""
    listed = [{"name": each.name, "title": each.title, "here": each.is_here, "note": each.note} for each in choices]
    if current not in {each.name for each in choices}:
        listed.insert(0, {"name": current, "title": Path(current).stem, "here": True, "note": "Your own checkpoint."})
    return {"current": current, "reason": reason, "choices": listed}


def describe_examples(folder: Path) -> list[dict[str, str]]:
    """The example clips of a folder, each with a small picture of its start; unreadable ones are left out."""
    found = []
    for path in sorted(folder.glob("*.mp4")):
        try:
            picture = picture_url(path, 8, LOCAL, _EXAMPLE_WIDTH)
        except MediaError:
            continue
        found.append({"name": path.stem, "title": path.stem.replace("_", " ").capitalize(), "picture": picture})
    return found


def picture_url(path: Path, frame_index: int, limits: Limits, longest_side: int) -> str:
    """One frame of a clip (its last one, if it is shorter) as a small JPEG in a data address.

    Raises:
        MediaError: the clip is refused.
    """
    with VideoClip.open(path, limits=limits) as clip:
        image = Image.fromarray(clip.frame(min(frame_index, clip.num_frames - 1)).pixels)
    image.thumbnail((longest_side, longest_side))
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
