"""A folder of numbered images is a clip."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media import LOCAL, MediaError, VideoClip, VideoWriter
from tests.media.clips import corner_error, picture, read_index


def write_images(folder: Path, names: list[str]) -> Path:
    for index, name in enumerate(names):
        Image.fromarray(picture(index)).save(folder / name, quality=95)
    return folder


def test_images_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_images(tmp_path, ["take2_1.png", "take2_2.jpg", "take2_9.JPG", "take2_10.jpeg", "take2_100.png"])
    (tmp_path / "notes1.txt").write_text("no image")
    (tmp_path / "cover.png").write_bytes(b"without a number")
    with VideoClip.open(tmp_path) as clip:
        assert [read_index(frame.pixels) for frame in clip.frames()] == [0, 1, 2, 3, 4]
        assert clip.times == tuple(Fraction(k, 24) for k in range(5))
        assert (clip.fps, clip.size, clip.has_audio) == (24, (96, 128), False)
        assert read_index(clip.frame(3).pixels) == 3
        assert read_index(clip.frame(1).pixels) == 1


def test_rate_can_be_given_and_the_clip_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    write_images(folder, [f"{k:05d}.jpg" for k in range(6)])
    with VideoClip.open(folder, image_fps=10) as clip, VideoWriter(tmp_path / "out.mp4", like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)
    with VideoClip.open(tmp_path / "out.mp4") as result:
        assert result.times == tuple(Fraction(k, 10) for k in range(6))
        assert [read_index(frame.pixels) for frame in result.frames()] == list(range(6))


def test_photo_that_lies_on_its_side_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(np.rot90(picture(5)).copy()).save(tmp_path / "0.jpg", exif=exif, quality=95)
    with VideoClip.open(tmp_path) as clip:
        assert clip.size == (96, 128)
        assert corner_error(clip.frame(0).pixels) < 8


def test_long_folder_is_cut_with_a_notice(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{k}.png" for k in range(5)])
    with VideoClip.open(tmp_path, limits=replace(LOCAL, max_frames=3)) as clip:
        assert clip.num_frames == 3
        assert "3 frames" in clip.notices[0]


def test_folders_that_are_no_clip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no numbered JPEG, PNG or WebP"):
        VideoClip.open(tmp_path)
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "2.png").write_bytes(b"nonsense")
    with pytest.raises(MediaError, match=r"2\.png is not a JPEG, PNG, WebP or AVIF"):
        VideoClip.open(tmp_path)
    Image.fromarray(picture(2, 48, 64)).save(tmp_path / "2.png")
    with pytest.raises(MediaError, match=r"2\.png has 64×48"):
        VideoClip.open(tmp_path)


def test_an_error_ends_the_reading_at_once(tmp_path: Path) -> None:
    """Waiting for the rest of frames that will not come would take as long as a decoder may be silent."""
    write_images(tmp_path, ["0.png", "1.png"])
    data = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(data[: len(data) // 2])
    with VideoClip.open(tmp_path, limits=replace(LOCAL, max_silence=20)) as clip:
        begin = time.monotonic()
        with pytest.raises(MediaError, match="damaged"):
            list(clip.frames())
        assert time.monotonic() - begin < 15


def test_damaged_image_is_named(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png", "2.png"])
    data = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(data[: len(data) // 2])
    with VideoClip.open(tmp_path) as clip:
        with pytest.raises(MediaError, match=r"1\.png is damaged"):
            list(clip.frames())
        clip.frame(0)
        with pytest.raises(MediaError, match=r"1\.png is damaged"):
            clip.frame(1)
        assert read_index(clip.frame(2).pixels) == 2
