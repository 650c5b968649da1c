"""A format that a clip can be written in: container, codec, quality by intent, and what it costs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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
    def muxer(self) -> str:
        """FFmpeg's name of the container; "zip" for numbered PNGs."""
        return self.suffix[1:]

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
