"""A pack holds every frame as a JPEG of its own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from media import FramePack, MediaError, Pixels, VideoClip, write_frame_pack
from tests.media.clips import corner_error, read_index, write_clip


def decode(jpeg: bytes) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def test_every_frame_is_found_in_any_order(tmp_path: Path) -> None:
    seen: list[int] = []
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=20)) as clip:
        written = write_frame_pack(clip, tmp_path / "pack", on_frame=seen.append)
    pack = FramePack.open(tmp_path / "pack")
    assert pack == written
    assert (pack.num_frames, pack.size, seen) == (20, (96, 128), list(range(20)))
    for index in (19, 0, 7, 7, 12):
        pixels = decode(pack.jpeg(index))
        assert read_index(pixels) == index
        assert corner_error(pixels) < 12
    assert pack.path.read_bytes() == b"".join(pack.jpeg(index) for index in range(20))
    assert sorted(file.name for file in (tmp_path / "pack").iterdir()) == ["frames.json", "frames.pack"]
    for index in (-1, 20):
        with pytest.raises(IndexError, match=f"Frame {index}"):
            pack.jpeg(index)


def test_large_frames_are_shrunk(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=3, size=(240, 320))) as clip:
        pack = write_frame_pack(clip, tmp_path / "pack", longest_side=160)
    assert pack.size == (120, 160) == decode(pack.jpeg(2)).shape[:2]
    assert read_index(decode(pack.jpeg(2))) == 2


class CancelledError(Exception):
    """What a caller raises to stop."""


def test_cancelled_pack_leaves_nothing(tmp_path: Path) -> None:
    def cancel(index: int) -> None:
        if index == 3:
            raise CancelledError

    with VideoClip.open(write_clip(tmp_path / "a.mp4")) as clip, pytest.raises(CancelledError):
        write_frame_pack(clip, tmp_path / "pack", on_frame=cancel)
    assert list((tmp_path / "pack").iterdir()) == []
    with pytest.raises(MediaError, match="missing"):
        FramePack.open(tmp_path / "pack")


def test_pack_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4")) as clip:
        pack = write_frame_pack(clip, tmp_path / "pack")
    pack.path.write_bytes(pack.path.read_bytes()[:-5])
    with pytest.raises(MediaError, match="not whole"):
        FramePack.open(tmp_path / "pack")
