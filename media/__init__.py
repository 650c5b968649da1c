"""Reads and writes clips: upright, square pixels, true times, true colours, with their sound.

    with VideoClip.open("in.mov") as clip, VideoWriter("out.mp4", like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)

Sizes are (height, width) in pixels, times seconds as `Fraction` counted from the container's
start, pixels (H, W, 3) uint8 RGB.
"""

from media.clip_facts import ClipFacts, Size
from media.errors import MediaError
from media.formats import FORMATS, QUALITIES, Format, choose_format, format_names
from media.frame import Frame, Pixels
from media.frame_pack import FramePack, write_frame_pack
from media.limits import HOSTED, LOCAL, Limits
from media.probe import probe
from media.video_clip import VideoClip
from media.video_writer import VideoWriter

__all__ = [
    "FORMATS",
    "HOSTED",
    "LOCAL",
    "QUALITIES",
    "ClipFacts",
    "Format",
    "Frame",
    "FramePack",
    "Limits",
    "MediaError",
    "Pixels",
    "Size",
    "VideoClip",
    "VideoWriter",
    "choose_format",
    "format_names",
    "probe",
    "write_frame_pack",
]
