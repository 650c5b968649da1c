"""Clips are read in order, whole, upright, at their times, in their colours."""

from __future__ import annotations

import random
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import LOCAL, VideoClip, probe
from media.decoder_process import DecoderProcess
from tests.media.clips import X264, click_sound, corner_error, ffmpeg, picture, read_index, turned_clip, write_clip

B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-bf", "3", "-g", "10", "-threads", "1")


def indices(clip: VideoClip) -> list[int]:
    return [read_index(frame.pixels) for frame in clip.frames()]


def test_constant_rate_clip_is_read_in_order_with_its_times(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=30, fps="30000/1001", codec=B_FRAMES)) as clip:
        frames = list(clip.frames())
    assert [read_index(frame.pixels) for frame in frames] == list(range(30)) == [frame.index for frame in frames]
    assert [frame.time for frame in frames] == [Fraction(1001 * k, 30000) for k in range(30)]
    assert clip.fps == Fraction(30000, 1001)
    assert clip.duration == Fraction(30 * 1001, 30000)
    assert (clip.size, clip.num_frames, clip.has_audio, clip.notices) == ((96, 128), 30, False, ())
    assert max(corner_error(frame.pixels) for frame in frames) < 8


def test_two_threads_read_one_clip_that_was_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=20, codec=B_FRAMES)) as clip:
        orders: list[dict[str, Any]] = []
        say = DecoderProcess.say

        def overheard(self: DecoderProcess, order: dict[str, Any]) -> None:
            orders.append(order)
            say(self, order)

        monkeypatch.setattr(DecoderProcess, "say", overheard)
        with clip.again() as other, ThreadPoolExecutor(2) as threads:
            assert other.facts == clip.facts
            both = list(threads.map(lambda each: [read_index(each.frame(k).pixels) for k in range(20)], (clip, other)))
        assert both == [list(range(20))] * 2
        opened = [order for order in orders if "path" in order]
        assert opened
        assert all(order["known"] for order in opened)
        assert clip.frame(3).index == 3  # the other's end is not its own


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    uneven = "settb=1/600,setpts='round(if(lt(N,6),N/30,0.7+(N-6)/10)/TB)'"
    timing = ("-fps_mode", "passthrough", "-enc_time_base", "1/600", "-video_track_timescale", "600")
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=12, video_filter=uneven, options=timing)) as clip:
        wanted = [Fraction(k, 30) if k < 6 else Fraction(7, 10) + Fraction(k - 6, 10) for k in range(12)]
        assert list(clip.times) == wanted
        assert clip.facts.is_variable_rate
        assert indices(clip) == list(range(12))


@pytest.mark.parametrize(
    ("stored", "display"),
    [
        ("transpose=2", ("-display_rotation", "-90")),
        ("hflip,vflip", ("-display_rotation", "180")),
        ("transpose=1", ("-display_rotation", "90")),
        ("hflip", ("-display_hflip",)),
        ("vflip", ("-display_vflip",)),
        ("transpose=2,vflip", ("-display_rotation", "-90", "-display_hflip")),
    ],
)
def test_turned_and_mirrored_clips_are_upright(tmp_path: Path, stored: str, display: tuple[str, ...]) -> None:
    with VideoClip.open(turned_clip(tmp_path / "a.mp4", stored, display)) as clip:
        frame = clip.frame(5)
        assert clip.size == (96, 128) == frame.pixels.shape[:2]
        assert corner_error(frame.pixels) < 8
        assert read_index(frame.pixels) == 5


@pytest.mark.parametrize(("ratio", "width"), [("64/45", 182), ("1/2", 64), ("1/1", 128), ("1281/1280", 128)])
def test_pixels_that_are_not_square_become_square(tmp_path: Path, ratio: str, width: int) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4", video_filter=f"setsar={ratio}")) as clip:
        assert clip.size == (96, width)
        assert indices(clip) == list(range(12))
        assert corner_error(clip.frame(3).pixels) < 8


def test_picture_that_starts_late_stays_late(tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "silent.mp4")
    ffmpeg(*click_sound(0.5, 2), "-itsoffset", "1", "-i", silent, "-map", "1:v", "-map", "0:a", "-c:v", "copy",
           "-c:a", "aac", tmp_path / "late.mp4")  # fmt: skip
    with VideoClip.open(tmp_path / "late.mp4") as clip:
        assert clip.times[0] == 1
        assert clip.duration == 1 + Fraction(12, 25)
        assert clip.has_audio


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", B_FRAMES),
        ("a.ts", B_FRAMES),
        ("a.mkv", (*B_FRAMES, "-x264-params", "open-gop=1")),
        ("a.avi", B_FRAMES),
        ("a.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "10", "-b:v", "1M")),
        ("b.ts", ("-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-q:v", "3")),
        ("b.mpg", ("-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-q:v", "3")),
    ],
)
def test_any_frame_is_the_one_that_comes_in_order(tmp_path: Path, name: str, codec: tuple[str, ...]) -> None:
    with VideoClip.open(write_clip(tmp_path / name, num_frames=50, codec=codec)) as clip:
        in_order = list(clip.frames())
        assert [read_index(frame.pixels) for frame in in_order] == list(range(50))
        places = list(range(50)) + list(range(0, 50, 3))
        random.Random(0).shuffle(places)
        for index in places:
            frame = clip.frame(index)
            assert (frame.index, frame.time) == (index, in_order[index].time)
            np.testing.assert_array_equal(frame.pixels, in_order[index].pixels)
        for start, stop in ((0, 3), (17, 31), (49, 50), (20, 20)):
            assert [read_index(frame.pixels) for frame in clip.frames(start, stop)] == list(range(start, stop))


def test_frames_outside_the_clip_are_an_error(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4")) as clip:
        for index in (-1, 12):
            with pytest.raises(IndexError, match=f"Frame {index} was asked for"):
                clip.frame(index)
        with pytest.raises(IndexError, match="frames 0 to 12"):
            clip.frames(3, 13)


def test_memory_holds_only_a_few_frames(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=60)) as clip:
        seen = [weakref.ref(frame.pixels) for frame in clip.frames()]
    assert sum(pixels() is not None for pixels in seen) <= 1


def test_frames_can_be_read_side_by_side(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4")) as clip:
        pairs = [
            (read_index(one.pixels), read_index(other.pixels))
            for one, other in zip(clip.frames(), clip.frames(4), strict=False)
        ]
    assert pairs == [(k, k + 4) for k in range(8)]


def test_sound_with_a_cover_is_no_video_but_a_video_with_a_cover_is(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4")
    cover = tmp_path / "cover.png"
    ffmpeg("-i", video, "-frames:v", "1", "-f", "image2", "-update", "1", cover)
    ffmpeg("-i", cover, "-i", video, "-map", "0:v", "-map", "1:v", "-c:v", "copy", "-disposition:v:0", "attached_pic",
           tmp_path / "b.mp4")  # fmt: skip
    assert probe(tmp_path / "b.mp4").num_frames == 12


@pytest.mark.parametrize(
    ("matrix", "value_range", "pixel_format", "size", "is_tagged"),
    [
        ("bt709", "tv", "yuv420p", (96, 128), True),
        ("smpte170m", "tv", "yuv420p", (96, 128), True),
        ("bt709", "pc", "yuvj420p", (96, 128), True),
        ("bt709", "tv", "yuv444p", (96, 128), True),
        ("bt709", "tv", "yuv420p10le", (96, 128), True),
        ("bt709", "tv", "yuv420p", (720, 1280), False),
        ("smpte170m", "tv", "yuv420p", (96, 128), False),
    ],
)
def test_colours_are_those_that_were_stored(
    tmp_path: Path, matrix: str, value_range: str, pixel_format: str, size: tuple[int, int], is_tagged: bool
) -> None:
    raw = picture(5, *size).tobytes() * 2
    convert = f"scale=out_color_matrix={matrix}:out_range={value_range}:flags=accurate_rnd+full_chroma_int"
    known = f"color_primaries={matrix}:color_trc={matrix}"
    unknown = "colorspace=unknown:color_primaries=unknown:color_trc=unknown:range=unknown"
    tags = ("-colorspace", matrix, "-color_range", value_range) if is_tagged else ()
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[1]}x{size[0]}", "-r", "25", "-i", "pipe:0", "-vf",
           f"{convert},format={pixel_format},setparams={known if is_tagged else unknown}", *X264, *tags,
           tmp_path / "a.mp4", stdin=raw)  # fmt: skip
    with VideoClip.open(tmp_path / "a.mp4") as clip:
        assert corner_error(clip.frame(1).pixels) <= 4


def test_clip_that_is_too_long_is_cut_with_a_notice(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=50)
    by_frames = replace(LOCAL, max_frames=20)
    by_seconds = replace(LOCAL, max_seconds=Fraction(1))
    for limits, num_frames, words in ((by_frames, 20, "20 frames"), (by_seconds, 25, "1 seconds")):
        with VideoClip.open(path, limits=limits) as clip:
            assert clip.num_frames == num_frames
            assert clip.duration == Fraction(num_frames, 25)
            assert len(clip.notices) == 1
            assert words in clip.notices[0]
            assert indices(clip) == list(range(num_frames))
            assert read_index(clip.frame(num_frames - 1).pixels) == num_frames - 1


def test_clip_at_the_limit_is_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=25)
    facts = probe(path, replace(LOCAL, max_frames=25, max_seconds=Fraction(1)))
    assert (facts.num_frames, facts.is_trimmed, facts.notices) == (25, False, ())


def test_truncated_clip_gives_what_is_there(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", num_frames=40, options=("-movflags", "+faststart")).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    with VideoClip.open(tmp_path / "b.mp4") as clip:
        assert 0 < clip.num_frames < 40
        assert indices(clip) == list(range(clip.num_frames))
        assert any("ends too early" in notice for notice in clip.notices)
        assert read_index(clip.frame(clip.num_frames - 1).pixels) == clip.num_frames - 1


def test_damaged_packets_cost_only_their_own_frames(tmp_path: Path) -> None:
    codec = ("-c:v", "mpeg4", "-q:v", "3", "-g", "1")
    path = write_clip(tmp_path / "a.mp4", num_frames=40, codec=codec)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    generator = random.Random(3)
    for _ in range(4):
        place = generator.randrange(start, len(data) - 4000)
        data[place : place + 300] = bytes(300)
    path.write_bytes(bytes(data))
    with VideoClip.open(path) as clip:
        found = indices(clip)
        assert clip.num_frames == len(found) >= 30
        assert len(set(found) & set(range(40))) >= 30
        for index in (clip.num_frames - 1, 3, 17):
            assert clip.frame(index).index == index
