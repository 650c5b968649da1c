"""The formats that are offered, each with the encoder's options for its quality, and the choice among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from media.errors import MediaError
from media.format import Format

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
