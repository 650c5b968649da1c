"""What is written has the times, the colours, the size and the sound of its source, or is not there at all."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media import LOCAL, MediaError, VideoClip, VideoWriter, choose_format
from tests.media.clips import (
    click_sound,
    color_difference,
    ffmpeg,
    picture,
    read_index,
    write_clip,
)

UNEVEN = {
    "video_filter": "settb=1/600,setpts='round(if(lt(N,12),N/30,0.9+(N-12)/7)/TB)'",
    "options": ("-fps_mode", "passthrough", "-enc_time_base", "1/600", "-video_track_timescale", "600"),
}


def copy(source: Path, target: Path) -> Path:
    """Write a clip again, unchanged."""
    with VideoClip.open(source) as clip, VideoWriter(target, like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)
    return target


def shown_times(path: Path) -> list[float]:
    """When each frame is shown [s], by another reader than ours: ffmpeg's own."""
    told = ffmpeg("-copyts", "-i", path, "-map", "0:v", "-f", "framecrc", "-fps_mode", "passthrough", "-enc_time_base",
                  "1:90000", "-").decode()  # fmt: skip
    return [int(line.split(",")[2]) / 90000 for line in told.splitlines() if not line.startswith("#")]


def onset(path: Path) -> float:
    """When the sound of a file begins [s]: its first sample above a tenth of full scale."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(np.float32)).max(axis=0)
            samples /= 2**15 if frame.format.name.startswith("s16") else 1
            loud = np.flatnonzero(samples > 0.1)
            if loud.size:
                return float(frame.pts * frame.time_base) + float(loud[0]) / frame.sample_rate
    raise AssertionError("The file is silent.")


@pytest.mark.parametrize("fps", ["25", "30000/1001", "120"])
def test_constant_rate_comes_back_to_the_tick(tmp_path: Path, fps: str) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=30, fps=fps)
    with VideoClip.open(source) as clip, VideoClip.open(copy(source, tmp_path / "b.mp4")) as result:
        assert result.times == clip.times
        assert result.duration == clip.duration
        assert [read_index(frame.pixels) for frame in result.frames()] == list(range(30))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_uneven_times_come_back_within_a_millisecond(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=24, **UNEVEN)
    wanted = [k / 30 if k < 12 else 0.9 + (k - 12) / 7 for k in range(24)]
    found = shown_times(copy(source, tmp_path / "b.mp4"))
    assert found == pytest.approx(wanted, abs=0.001)
    with VideoClip.open(tmp_path / "b.mp4") as result:
        assert [read_index(frame.pixels) for frame in result.frames()] == list(range(24))


@pytest.mark.parametrize("format", ["h264", "h265", "av1", "vp9"])
@pytest.mark.parametrize(
    ("fps", "video_filter"),
    [("25", "settb=1/1000,setpts=N*N*90"), ("25", "settb=1/1000,setpts=2000-(9-N)*(9-N)*20"), ("1/3", "null")],
    ids=["ever slower", "ever faster", "three seconds each"],
)
def test_the_file_is_as_long_as_its_clip(tmp_path: Path, fps: str, video_filter: str, format: str) -> None:
    """Also where frames come ever slower, or the last one is shown for long: as the tracks themselves say it."""
    timing = ("-fps_mode", "passthrough", "-enc_time_base", "1/1000", "-video_track_timescale", "1000")
    source = write_clip(tmp_path / "a.mp4", num_frames=8, fps=fps, video_filter=video_filter, options=timing)
    result = tmp_path / f"b{choose_format(format).suffix}"
    with VideoClip.open(source) as clip:
        with VideoWriter(result, like=clip, format=choose_format(format)) as writer:
            for frame in clip.frames():
                writer.write(frame.picture, frame.time)
        with av.open(str(result)) as container:
            stream = container.streams.video[0]
            track = stream.duration * stream.time_base if stream.duration else None
            assert container.duration / av.time_base == pytest.approx(float(clip.duration), abs=0.002)
            assert track is None or float(track) == pytest.approx(float(clip.duration), abs=0.002)


@pytest.mark.parametrize("late", [0.0, 0.4, 1.0])
def test_sound_stays_in_sync(tmp_path: Path, late: float) -> None:
    silent = write_clip(tmp_path / "silent.mp4", **UNEVEN, num_frames=24)
    source = tmp_path / "a.mp4"
    ffmpeg(*click_sound(0.5, 2), "-itsoffset", str(late), "-i", silent, "-map", "1:v", "-map", "0:a", "-c:v", "copy",
           "-c:a", "aac", source)  # fmt: skip
    result = copy(source, tmp_path / "b.mp4")
    assert shown_times(result) == pytest.approx(shown_times(source), abs=0.001)
    assert shown_times(result)[0] == pytest.approx(late, abs=0.001)
    assert onset(result) == pytest.approx(onset(source), abs=0.005)
    assert onset(result) == pytest.approx(0.5, abs=0.03)


def test_sound_is_carried_over_from_other_codecs_and_is_aac(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", num_frames=25, sound=click_sound(0.5, 1), options=("-c:a", "pcm_s16le"))
    result = copy(source, tmp_path / "b.mp4")
    with av.open(str(result)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
    assert onset(result) == pytest.approx(0.5, abs=0.005)


def test_sound_of_a_clip_that_was_cut_is_cut_with_it(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=50, sound=click_sound(0.1, 2))
    limits = replace(LOCAL, max_seconds=Fraction(1))
    with VideoClip.open(source, limits=limits) as clip, VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert container.duration / av.time_base == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", ["h264", "vp9", "gif", "png"])
def test_a_stretch_of_a_clip_begins_at_nought_and_ends_with_its_last_frame(tmp_path: Path, name: str) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=24, **UNEVEN)
    target = tmp_path / f"b{choose_format(name).suffix}"
    with VideoClip.open(source) as clip:
        with VideoWriter(target, like=clip, format=choose_format(name), frames=range(11, 16)) as writer:
            for frame in clip.frames(11, 16):
                writer.write(frame.picture, frame.time)
        wanted = [float(clip.times[index] - clip.times[11]) for index in range(11, 17)]
        with VideoClip.open(target) as written:
            assert [read_index(frame.pixels) for frame in written.frames()] == list(range(11, 16))
            if name != "png":  # numbered pictures have no times
                tolerance = 0.006 if name == "gif" else 0.001
                assert [float(each) for each in written.times] == pytest.approx(wanted[:-1], abs=tolerance)
                assert float(written.duration) == pytest.approx(wanted[-1], abs=tolerance)


@pytest.mark.parametrize(("frames", "hears_at"), [(range(5, 25), 0.3), (range(20), 0.5), (range(15, 25), 0.0)])
def test_a_stretch_of_a_clip_has_the_sound_of_its_own_time(tmp_path: Path, frames: range, hears_at: float) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=50, fps="25", sound=click_sound(0.5, 2))
    target = tmp_path / "b.mp4"
    with VideoClip.open(source) as clip, VideoWriter(target, like=clip, frames=frames) as writer:
        for frame in clip.frames(frames.start, frames.stop):
            writer.write(frame.picture, frame.time)
    assert onset(target) == pytest.approx(hears_at, abs=0.03)
    with av.open(str(target)) as container:
        assert container.duration / av.time_base == pytest.approx(len(frames) / 25, abs=0.03)


@pytest.mark.parametrize("size", [(96, 128), (720, 1280)])
def test_colours_survive_decode_encode_and_play(tmp_path: Path, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    wanted = np.concatenate(
        [rng.integers(0, 256, (18, 3)), [[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.diag([255] * 3) ^ 255]
    )
    wanted = wanted.astype(np.uint8)
    cell = 16
    patches = wanted.reshape(4, 6, 3).repeat(cell, axis=0).repeat(cell, axis=1)
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[: 4 * cell, : 6 * cell] = patches
    write_clip(tmp_path / "like.mp4", num_frames=2, size=size)
    with VideoClip.open(tmp_path / "like.mp4") as clip, VideoWriter(tmp_path / "a.mp4", like=clip) as writer:
        for frame in clip.frames():
            writer.write(pixels, frame.time)

    def measured(shown: np.ndarray) -> np.ndarray:
        cells = shown[: 4 * cell, : 6 * cell].reshape(4, cell, 6, cell, 3)[:, 4:-4, :, 4:-4]
        return cells.mean(axis=(1, 3)).reshape(24, 3)

    accurate = "scale=flags=bicubic+accurate_rnd+full_chroma_int"
    play = ("-frames:v", "1", "-vf", accurate, "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    played = ffmpeg("-i", tmp_path / "a.mp4", *play)
    mean, largest = color_difference(measured(np.frombuffer(played, np.uint8).reshape(*size, 3)), wanted)
    assert (mean <= 1.0, largest <= 3.0) == (True, True), (mean, largest)
    copy(tmp_path / "a.mp4", tmp_path / "b.mp4")
    with VideoClip.open(tmp_path / "b.mp4") as clip:
        mean, largest = color_difference(measured(clip.frame(1).pixels), wanted)
    assert (mean <= 1.5, largest <= 3.5) == (True, True), (mean, largest)
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"


def test_index_stands_before_the_pictures(tmp_path: Path) -> None:
    data = copy(write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("size", [(97, 129), (96, 129), (97, 128)])
def test_odd_size_grows_by_one_and_keeps_its_content(tmp_path: Path, size: tuple[int, int]) -> None:
    codec = ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-crf", "20", "-b:v", "0")
    source = write_clip(tmp_path / "a.webm", size=size, codec=codec)
    with VideoClip.open(source) as clip, VideoClip.open(copy(source, tmp_path / "b.mp4")) as result:
        assert clip.size == size
        assert result.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
        before, after = clip.frame(5).pixels, result.frame(5).pixels
        assert np.abs(after[: size[0], : size[1]].astype(int) - before).mean() < 2
        if size[1] % 2:
            assert np.abs(after[:, -1].astype(int) - after[:, -2]).mean() < 2


def test_size_type_and_order_of_frames_are_checked(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mp4")) as clip:

        def write(*frames: tuple[np.ndarray, Fraction]) -> None:
            with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
                for pixels, at in frames:
                    writer.write(pixels, at)

        good = picture(0)
        with pytest.raises(ValueError, match=r"shape \(95, 128, 3\)"):
            write((good[1:], Fraction(0)))
        with pytest.raises(ValueError, match="float32"):
            write((good.astype(np.float32), Fraction(0)))
        with pytest.raises(ValueError, match="after the one before"):
            write((good, Fraction(1)), (good, Fraction(1)))
        with pytest.raises(MediaError, match="No frame was written"):
            write()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4"]


def running_encoders() -> set[int]:
    """Our children that are ffmpeg and still run (Linux)."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # a process that has just ended
            name, _, rest = status.read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if int(parent) == os.getpid() and state != "Z" and name.startswith("ffmpeg"):
                found.add(int(status.parent.name))
    return found


class CancelledError(Exception):
    """What a caller raises to stop."""


def wait_for_part(folder: Path) -> None:
    """Until ffmpeg has begun to write: else a file left behind could not be seen."""
    until = time.monotonic() + 20
    while not any(part.stat().st_size for part in folder.glob(".masklet-*.part")):
        assert time.monotonic() < until, "no part was begun"
        time.sleep(0.01)


@pytest.mark.parametrize("written", [0, 1, 20])
def test_cancelled_writer_leaves_no_file_and_no_process(tmp_path: Path, written: int) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=25, sound=click_sound(0, 1))
    begun = time.monotonic()
    with VideoClip.open(source) as clip:

        def write_and_cancel() -> None:
            with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
                for frame in clip.frames(0, written):
                    writer.write(frame.pixels, frame.time)
                assert len(running_encoders()) == min(written, 1)
                if written == 20:
                    wait_for_part(tmp_path)
                raise CancelledError

        with pytest.raises(CancelledError):
            write_and_cancel()
    assert time.monotonic() - begun < 30
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
    assert running_encoders() == set()


def test_killed_encoder_leaves_nothing_and_the_next_try_works(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", size=(240, 320), num_frames=40)
    (tmp_path / "b.mp4").write_bytes(b"from before")

    def write_and_kill(clip: VideoClip) -> None:
        with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
            for frame in clip.frames():
                writer.write(frame.pixels, frame.time)
                if frame.index == 20:
                    wait_for_part(tmp_path)
                    (encoder,) = running_encoders()
                    os.kill(encoder, signal.SIGKILL)

    with VideoClip.open(source) as clip, pytest.raises(MediaError, match="could not be encoded"):
        write_and_kill(clip)
    assert running_encoders() == set()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]
    assert (tmp_path / "b.mp4").read_bytes() == b"from before"
    assert len(shown_times(copy(source, tmp_path / "b.mp4"))) == 40


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    with VideoClip.open(source) as clip:
        with pytest.raises(MediaError, match="does not exist"):
            VideoWriter(tmp_path / "nowhere" / "b.mp4", like=clip)
        with pytest.raises(MediaError, match="cannot replace the clip"):
            VideoWriter(source, like=clip)
