"""Colours of clips that are coded in many ways: decoded by us, encoded by us, and shown by another player."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from media import Pixels, VideoClip, VideoWriter
from tests.media.clips import color_difference, ffmpeg

CELL = 32
GENERATOR = np.random.default_rng(1)
PURE = np.diag([255] * 3)
PATCHES = np.concatenate([GENERATOR.integers(0, 256, (18, 3)), PURE, 255 - PURE]).astype(np.uint8)
"""24 colours, the six purest among them."""


class Coding(NamedTuple):
    """How a clip keeps its colours: FFmpeg's names."""

    matrix: str
    range: str
    pixels: str
    encoder: tuple[str, ...]
    tags: tuple[str, ...] = ()
    size: tuple[int, int] = (4 * CELL, 6 * CELL)


X264 = ("-c:v", "libx264", "-crf", "4", "-preset", "veryfast")
X265 = ("-c:v", "libx265", "-crf", "4", "-x265-params", "log-level=none:pools=none")
PRORES = ("-c:v", "prores_ks", "-profile:v", "3", "-qscale:v", "1")
HD = (720, 1280)


def tagged(matrix: str, primaries: str = "bt709", range: str = "tv") -> tuple[str, ...]:
    return ("-colorspace", matrix, "-color_primaries", primaries, "-color_trc", primaries, "-color_range", range)


CODINGS = {
    "bt709": Coding("bt709", "tv", "yuv420p", X264, tagged("bt709")),
    "bt601": Coding("bt601", "tv", "yuv420p", X264, tagged("smpte170m", "smpte170m")),
    "untagged, small": Coding("bt601", "tv", "yuv420p", X264),
    "untagged, HD": Coding("bt709", "tv", "yuv420p", X264, size=HD),
    "full range": Coding("bt709", "pc", "yuv420p", X264, tagged("bt709", range="pc")),
    "full range of bt601": Coding("bt601", "pc", "yuvj420p", X264, tagged("smpte170m", range="pc")),
    "4:4:4": Coding("bt709", "tv", "yuv444p", X264, tagged("bt709")),
    "10 bits 4:2:2": Coding("bt709", "tv", "yuv422p10le", PRORES, tagged("bt709")),
    "10 bits": Coding("bt709", "tv", "yuv420p10le", X265, tagged("bt709")),
    "matrix of bt2020": Coding("bt2020nc", "tv", "yuv420p10le", X265, tagged("bt2020nc")),
}


def drawn(size: tuple[int, int]) -> Pixels:
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[: 4 * CELL, : 6 * CELL] = PATCHES.reshape(4, 6, 3).repeat(CELL, 0).repeat(CELL, 1)
    return pixels


def patches_of(pixels: Pixels) -> np.ndarray:
    """The mean colour inside each patch (24, 3)."""
    cells = pixels[: 4 * CELL, : 6 * CELL].reshape(4, CELL, 6, CELL, 3)
    return cells[:, 8:-8, :, 8:-8].mean(axis=(1, 3)).reshape(24, 3)


def played(path: Path, size: tuple[int, int]) -> Pixels:
    """The second frame as ffmpeg shows it, which is what players aim at."""
    accurate = "select=eq(n\\,1),scale=flags=bicubic+accurate_rnd+full_chroma_int"
    raw = ffmpeg("-i", path, "-vf", accurate, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return np.frombuffer(raw, np.uint8).reshape(*size, 3)


@pytest.mark.parametrize("name", CODINGS)
def test_colours_come_out_as_they_were_drawn(name: str, tmp_path: Path) -> None:
    coding = CODINGS[name]
    height, width = coding.size
    convert = f"scale=out_color_matrix={coding.matrix}:out_range={coding.range}:flags=accurate_rnd+full_chroma_int"
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "pipe:0", "-vf", convert,
           "-pix_fmt", coding.pixels, *coding.encoder, *coding.tags, tmp_path / "a.mov",
           stdin=drawn(coding.size).tobytes() * 3)  # fmt: skip
    found = {}
    with VideoClip.open(tmp_path / "a.mov") as clip:
        for way in ("picture", "pixels"):  # untouched, and as an effect gets it
            with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
                for frame in clip.frames():
                    writer.write(getattr(frame, way), frame.time)
            found[way] = color_difference(patches_of(played(tmp_path / "b.mp4", coding.size)), PATCHES)
    assert all(mean <= 1.0 and worst <= 3.0 for mean, worst in found.values()), found
