"""What cannot be taken is refused with one sentence for a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from media import HOSTED, LOCAL, Limits, MediaError, VideoClip, probe
from media.clip_facts import Size
from tests.media.clips import click_sound, ffmpeg, write_clip


def refusal(path: Path, limits: Limits = LOCAL) -> str:
    """The sentence with which a file is refused; it must be short and name no folder of this machine."""
    with pytest.raises(MediaError) as caught:
        VideoClip.open(path, limits=limits)
    sentence = str(caught.value)
    assert str(path.parent) not in sentence
    assert 10 < len(sentence) <= 200
    return sentence


@pytest.mark.parametrize(
    "content",
    [
        b"hello, this is text\n" * 50,
        bytes(range(256)) * 64,
        b"#EXTM3U\n#EXTINF:10.0,\nneighbour.mp4\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile neighbour.mp4\n",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'></svg>",
    ],
    ids=["text", "bytes", "playlist", "concat script", "svg"],
)
def test_what_is_no_video_is_refused_and_opens_no_neighbour(tmp_path: Path, content: bytes) -> None:
    write_clip(tmp_path / "neighbour.mp4")
    (tmp_path / "a.mp4").write_bytes(content)
    assert "not a video" in refusal(tmp_path / "a.mp4")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert "empty" in refusal(tmp_path / "a.mp4")


def test_missing_file(tmp_path: Path) -> None:
    assert "no file or folder named 'a.mp4'" in refusal(tmp_path / "a.mp4")


def test_sound_without_picture(tmp_path: Path) -> None:
    ffmpeg(*click_sound(0.1, 1), "-c:a", "aac", tmp_path / "a.mp4")
    assert "no moving picture" in refusal(tmp_path / "a.mp4")


def test_still_picture_in_disguise(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", "-f", "image2", "-c:v", "png", "-update", "1",
           tmp_path / "a.mp4")  # fmt: skip
    assert "not a video" in refusal(tmp_path / "a.mp4")


def test_header_without_frames(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", options=("-movflags", "frag_keyframe+empty_moov"))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moof") - 4])
    assert "no picture that can be decoded" in refusal(path)


def test_sizes_over_and_under_the_limits(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=2)
    assert "128×96" in refusal(path, replace(LOCAL, max_coded_pixels=10_000))
    assert "at least 100" in refusal(path, replace(LOCAL, min_side=100))
    assert "at most 0 MB" in refusal(path, replace(LOCAL, max_bytes=100))
    strip = write_clip(tmp_path / "b.mp4", num_frames=2, video_filter="scale=400:32")
    assert "8 times" in refusal(strip)


def test_what_was_scaled_down_to_the_limits_is_within_them() -> None:
    """Also where rounding to even numbers makes a picture narrower that was almost too narrow before."""
    sizes = [Size(height, width) for height in range(513, 900, 20) for width in range(7 * height, 8 * height + 1, 8)]
    scaled = {size: HOSTED.fit(size) for size in [*sizes, Size(833, 6664)]}
    assert all(HOSTED.fit(size) == size for size in scaled.values())
    assert all(abs(size.width / size.height - got.width / got.height) < 0.05 for size, got in scaled.items())


def test_square_pixels_are_held_against_the_limits(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=2, video_filter="setsar=70/1")
    assert "8960×96" in refusal(path)


def test_name_is_never_taken_for_an_address_or_a_pattern(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "a.mp4", num_frames=3).read_bytes()
    for name in ("concat:a.mp4", "-b.mp4", "c_%03d.mp4", "d\ne.mp4", "f 'quoted\".mp4", "ünï 视频.mp4", "no_suffix"):
        (tmp_path / name).write_bytes(data)
        assert probe(tmp_path / name).num_frames == 3
