"""The formats a clip can be written in: container, codec, quality by intent, and whether there is transparency."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

from media.errors import MediaError

Quality = Literal["share", "high", "lossless"]

QUALITIES: Mapping[Quality, str] = {
    "share": "Small: good to send.",
    "high": "Looks like the clip it is made from.",
    "lossless": "Every pixel exactly as it was rendered: large, for editing programs.",
}
"""What a person wants of a file, and what it means."""


@dataclass(frozen=True)
class Format:
    """One way to write a clip; `choose_format` finds it by name and quality.

    Attributes:
        name: what the command line calls it.
        label: what the page calls it.
        description: what it is good for, in one sentence.
        suffix: of the file's name.
        muxer: FFmpeg's name of the container; "zip" for numbered PNGs.
        encoder: FFmpeg's name of the video encoder; "" for numbered PNGs.
        pixels: FFmpeg's name of the pixels that go to the encoder.
        options: of the encoder, chosen for `quality`.
        sound: the audio encoder with its options; empty where there is no sound.
        quality: what the file is for.
        has_alpha: whether frames may have a fourth channel.
        bits_per_pixel: what the encoder needs of an ordinary clip, about; the size is estimated from it.
        longest_side: a larger picture is scaled down to it [px]; None: never.
        most_fps: frames that come closer are left out [frames a second]; None: never.
    """

    name: str
    label: str
    description: str
    suffix: str
    muxer: str
    encoder: str
    pixels: str
    options: tuple[str, ...]
    sound: tuple[str, ...] = ()
    quality: Quality = "high"
    has_alpha: bool = False
    bits_per_pixel: float = 1.0
    longest_side: int | None = None
    most_fps: int | None = None

    @property
    def wants_even_sides(self) -> bool:
        """Whether an odd width or height must grow by a pixel."""
        return self.encoder in ("libx264", "libx265", "libsvtav1")

    @property
    def is_video(self) -> bool:
        """Whether the file has a clock of its own, with sound; else it begins at its first frame."""
        return self.muxer in ("mp4", "mov", "webm")

    @property
    def is_available(self) -> bool:
        """Whether the ffmpeg that is installed has its encoder."""
        return not self.encoder or self.encoder in _encoders()

    def picture_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The (height, width) [px] that a picture of `size` has in the file: its own, or scaled down."""
        if self.longest_side is None or max(size) <= self.longest_side:
            return size
        scale = self.longest_side / max(size)
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The (height, width) [px] of the file: `picture_size`, grown by a pixel where sides must be even."""
        height, width = self.picture_size(size)
        if self.wants_even_sides:
            height, width = height + height % 2, width + width % 2
        return height, width

    def estimate(self, size: tuple[int, int], num_frames: int, seconds: float) -> int:
        """About how large a file will be [bytes]; within a factor of three for most clips."""
        height, width = self.size(size)
        if self.most_fps is not None:
            num_frames = min(num_frames, max(1, round(seconds * self.most_fps)))
        sound = 16_000 * seconds if self.sound else 0
        return round(height * width * num_frames * self.bits_per_pixel / 8 + sound)


_AAC = ("-c:a", "aac", "-b:a", "128k")
_OPUS = ("-c:a", "libopus", "-b:a", "128k", "-af", "aformat=channel_layouts=7.1|5.1|quad|stereo|mono")
_PCM = ("-c:a", "pcm_s16le")


def _vp9(crf: int) -> tuple[str, ...]:
    return ("-crf", str(crf), "-b:v", "0", "-deadline", "good", "-cpu-used", "5", "-row-mt", "1")


H264 = Format(
    "h264",
    "MP4 (H.264)",
    "Plays everywhere: phones, browsers, messengers.",
    ".mp4",
    "mp4",
    "libx264",
    "yuv420p",
    ("-profile:v", "high", "-preset", "veryfast", "-crf", "18"),
    _AAC,
    bits_per_pixel=0.3,
)
_H265 = Format(
    "h265",
    "MP4 (H.265)",
    "Smaller than H.264 at the same look; plays on phones, television sets and in editing programs.",
    ".mp4",
    "mp4",
    "libx265",
    "yuv420p",
    ("-preset", "fast", "-crf", "21", "-tag:v", "hvc1"),
    _AAC,
    bits_per_pixel=0.2,
)
_VP9 = Format(
    "vp9",
    "WebM (VP9)",
    "For web pages; free of patents.",
    ".webm",
    "webm",
    "libvpx-vp9",
    "yuv420p",
    _vp9(24),
    _OPUS,
    bits_per_pixel=0.3,
)
_AV1 = Format(
    "av1",
    "MP4 (AV1)",
    "The smallest; plays in the browsers and devices of recent years.",
    ".mp4",
    "mp4",
    "libsvtav1",
    "yuv420p",
    ("-preset", "9", "-crf", "26"),
    _AAC,
    bits_per_pixel=0.25,
)
_VP9_ALPHA = Format(
    "webm-alpha",
    "WebM (VP9 with alpha)",
    "For web pages and OBS: a small video with soft transparency.",
    ".webm",
    "webm",
    "libvpx-vp9",
    "yuva420p",
    (*_vp9(24), "-auto-alt-ref", "0"),  # with alternate frames libvpx loses alpha
    _OPUS,
    has_alpha=True,
    bits_per_pixel=0.4,
)
_PRORES = Format(
    "prores",
    "MOV (ProRes 4444)",
    "For editing programs: full colour and exact transparency; very large.",
    ".mov",
    "mov",
    "prores_ks",
    "yuva444p10le",
    ("-profile:v", "4444", "-alpha_bits", "16", "-vendor", "apl0"),
    _PCM,
    has_alpha=True,
    bits_per_pixel=6.0,
)
_PNG = Format(
    "png",
    "PNG images (ZIP)",
    "One exact picture a frame, for any compositing program; very large, without sound.",
    ".zip",
    "zip",
    "",
    "rgba",
    (),
    quality="lossless",
    has_alpha=True,
    bits_per_pixel=10.0,
)
_WEBP = Format(
    "webp",
    "Animated WebP",
    "A moving picture with soft transparency, for chats and pages; at most 720 pixels and 25 frames a second.",
    ".webp",
    "webp",
    "libwebp_anim",
    "bgra",
    ("-quality", "80", "-loop", "0"),
    has_alpha=True,
    bits_per_pixel=0.7,
    longest_side=720,
    most_fps=25,
)
_GIF = Format(
    "gif",
    "Animated GIF",
    "Moves everywhere, with 256 colours and hard edges; at most 480 pixels and 15 frames a second.",
    ".gif",
    "gif",
    "gif",
    "bgra",
    (),
    has_alpha=True,
    bits_per_pixel=4.0,
    longest_side=480,
    most_fps=15,
)

FORMATS: tuple[Format, ...] = (
    H264,
    replace(H264, quality="share", options=("-profile:v", "high", "-preset", "fast", "-crf", "26"), bits_per_pixel=0.1),
    replace(
        H264,
        quality="lossless",
        encoder="libx264rgb",  # the only way back to the very pixels: 4:2:0 would halve the colours
        pixels="rgb24",
        options=("-preset", "veryfast", "-qp", "0"),
        bits_per_pixel=9.0,
    ),
    _H265,
    replace(_H265, quality="share", options=("-preset", "fast", "-crf", "28", "-tag:v", "hvc1"), bits_per_pixel=0.07),
    _VP9,
    replace(_VP9, quality="share", options=_vp9(36), bits_per_pixel=0.12),
    _AV1,
    replace(_AV1, quality="share", options=("-preset", "9", "-crf", "40"), bits_per_pixel=0.08),
    _VP9_ALPHA,
    _PRORES,
    _PNG,
    _WEBP,
    _GIF,
)
"""Every format in every quality in which it is offered."""


def format_names(*, has_alpha: bool | None = None) -> tuple[str, ...]:
    """The formats that can be written here, each named once; with `has_alpha` only those with or without it."""
    wanted = (each for each in FORMATS if has_alpha is None or each.has_alpha == has_alpha)
    return tuple(dict.fromkeys(each.name for each in wanted if each.is_available))


def choose_format(name: str, quality: str | None = None) -> Format:
    """Find a format.

    Args:
        name: one of `format_names()`.
        quality: one of `QUALITIES` in which it is offered; None: "high", or the only one there is.

    Raises:
        MediaError: there is none of that name, or not in that quality.
    """
    offered = [each for each in FORMATS if each.name == name and each.is_available]
    if not offered:
        raise MediaError(f"There is no format {name!r} here; please choose one of {', '.join(format_names())}.")
    for each in offered:
        if quality is None or each.quality == quality:
            return each
    known = ", ".join(each.quality for each in offered)
    raise MediaError(f"{offered[0].label} is not offered in the quality {quality!r}; please choose one of {known}.")


def format_of_suffix(path: Path) -> str:
    """The name of the format that a file's name asks for.

    Raises:
        MediaError: no format has that suffix.
    """
    names = {".mp4": "h264", ".webm": "vp9", ".mov": "prores", ".zip": "png", ".webp": "webp", ".gif": "gif"}
    if path.suffix.lower() not in names:
        raise MediaError(
            f"{path.name!r} names no format that can be written; please end the name with one of {', '.join(names)}."
        )
    return names[path.suffix.lower()]


@cache
def _encoders() -> frozenset[str]:
    """The encoders of the ffmpeg that is installed."""
    try:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-encoders"]
        listed = subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise MediaError("The encoder (ffmpeg) cannot be started; please install imageio-ffmpeg again.") from error
    rows = (line.split() for line in listed.stdout.splitlines())
    return frozenset(row[1] for row in rows if len(row) > 1 and len(row[0]) == 6)
