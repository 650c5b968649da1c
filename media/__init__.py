"""Reads and writes clips: upright, square pixels, true times, true colours, with their sound.

    with VideoClip.open("in.mov") as clip, VideoWriter("out.mp4", like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.picture, frame.time)

Sizes are (height, width) in pixels, times seconds as `Fraction` counted from the container's
start, pixels (H, W, 3) uint8 RGB; what is only handed on may stay in its `Planes`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from media.clip_facts import ClipFacts, Size
    from media.errors import MediaError
    from media.format import QUALITIES, Format
    from media.formats import FORMATS, choose_format, format_names
    from media.frame import Frame, Picture, Pixels
    from media.frame_pack import FramePack, FramePackWriter, write_frame_pack
    from media.limits import HOSTED, LOCAL, Limits
    from media.planes import Planes
    from media.video_clip import VideoClip, probe
    from media.video_writer import VideoWriter

# Loaded when first asked for: the process that decodes a clip lives in this package too, is started for
# every clip, and needs neither OpenCV nor the writer.
_HOMES = {
    "FORMATS": "formats",
    "HOSTED": "limits",
    "LOCAL": "limits",
    "QUALITIES": "format",
    "ClipFacts": "clip_facts",
    "Format": "format",
    "Frame": "frame",
    "FramePack": "frame_pack",
    "FramePackWriter": "frame_pack",
    "Limits": "limits",
    "MediaError": "errors",
    "Picture": "frame",
    "Pixels": "frame",
    "Planes": "planes",
    "Size": "clip_facts",
    "VideoClip": "video_clip",
    "VideoWriter": "video_writer",
    "choose_format": "formats",
    "format_names": "formats",
    "probe": "video_clip",
    "write_frame_pack": "frame_pack",
}

__all__ = [
    "FORMATS",
    "HOSTED",
    "LOCAL",
    "QUALITIES",
    "ClipFacts",
    "Format",
    "Frame",
    "FramePack",
    "FramePackWriter",
    "Limits",
    "MediaError",
    "Picture",
    "Pixels",
    "Planes",
    "Size",
    "VideoClip",
    "VideoWriter",
    "choose_format",
    "format_names",
    "probe",
    "write_frame_pack",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
