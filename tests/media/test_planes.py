"""A frame that nothing is drawn on goes from clip to file in its planes, bit for bit; all others become RGB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from media import Format, MediaError, Planes, VideoClip, VideoWriter, choose_format
from media.decoder_process import DecoderProcess
from media.limits import LOCAL
from media.messages import FRAME, Header
from tests.media.clips import ffmpeg, write_clip

EXACT = replace(choose_format("h264"), options=("-preset", "veryfast", "-qp", "0"))
"""H.264 that brings back every value of the planes that it was given."""

SIZE = (98, 130)
NOISE = "noise=alls=60:allf=t"


def stored(path: Path, size: tuple[int, int] = SIZE) -> np.ndarray:
    """The planes of each frame by another reader, ffmpeg: (T, H·3/2, W) uint8."""
    raw = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-fps_mode", "passthrough", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, size[0] * 3 // 2, size[1])


def test_untouched_frames_come_out_bit_for_bit(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", size=SIZE, video_filter=NOISE)
    with VideoClip.open(path) as clip, VideoWriter(tmp_path / "b.mp4", like=clip, format=EXACT) as writer:
        for frame in clip.frames():
            writer.write(frame.picture, frame.time)
    assert np.array_equal(stored(tmp_path / "b.mp4"), stored(path))


def test_both_ways_to_write_a_frame_look_the_same(tmp_path: Path) -> None:
    """Beside frames that were drawn on, those that were not must not stand out."""
    path = write_clip(tmp_path / "a.mp4", size=SIZE)
    with VideoClip.open(path) as clip, VideoWriter(tmp_path / "b.mp4", like=clip, format=EXACT) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)
    difference = stored(tmp_path / "b.mp4").astype(int) - stored(path)
    assert abs(difference.mean()) < 1.5
    assert np.sqrt((difference.astype(float) ** 2).mean()) < 2


@pytest.mark.parametrize(
    ("options", "is_in_planes"),
    [
        ({"size": (98, 130)}, True),
        ({"options": ("-pix_fmt", "yuvj420p", "-color_range", "pc")}, False),
        ({"options": ("-colorspace", "smpte170m")}, False),
        ({"options": ("-pix_fmt", "yuv444p")}, False),
        ({"video_filter": "setsar=2/1"}, False),
        ({"size": (97, 128), "codec": ("-c:v", "ffv1")}, False),
    ],
    ids=["as H.264 has it", "full range", "bt601", "4:4:4", "oblong pixels", "odd size"],
)
def test_only_what_needs_no_conversion_stays_in_planes(
    tmp_path: Path, options: dict[str, object], is_in_planes: bool
) -> None:
    suffix = ".mkv" if "codec" in options else ".mp4"
    path = write_clip(tmp_path / f"a{suffix}", num_frames=2, **options)  # type: ignore[arg-type]
    with VideoClip.open(path) as clip:
        frame = clip.frame(1)
        assert isinstance(frame.picture, Planes) == is_in_planes
        assert frame.pixels.shape == (*clip.size, 3)
        assert frame.pixels.flags.c_contiguous
        assert frame.pixels is frame.pixels  # made once


@pytest.mark.parametrize("name", ["prores", "gif", "png"])
def test_formats_of_other_pixels_take_planes_too(tmp_path: Path, name: str) -> None:
    target: Format = choose_format(name)
    path = write_clip(tmp_path / "a.mp4", num_frames=3)
    written = []
    with VideoClip.open(path) as clip:
        for way in ("picture", "pixels"):
            out = tmp_path / f"{way}{target.suffix}"
            with VideoWriter(out, like=clip, format=target) as writer:
                for frame in clip.frames():
                    writer.write(getattr(frame, way), frame.time)
            written.append(out.stat().st_size)
    assert written[0] == written[1]


def test_planes_of_another_size_are_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=2)
    wrong = Planes(np.zeros((72, 64), np.uint8))
    with VideoClip.open(path) as clip, VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
        with pytest.raises(ValueError, match=r"shape \(48, 64, 3\)"):
            writer.write(wrong, clip.times[0])
        writer.write(clip.frame(0).picture, clip.times[0])


@pytest.mark.parametrize(("height", "width"), [(3, 4), (4, 3), (0, 0)])
def test_planes_that_cannot_be_are_not_believed(height: int, width: int) -> None:
    process = DecoderProcess(LOCAL)
    with pytest.raises(MediaError, match="try again"):
        process.picture(Header(FRAME, height * width * 3 // 2, 0, height, width))
    assert process.is_closed
