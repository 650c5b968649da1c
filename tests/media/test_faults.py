"""What goes wrong while writing ends in one sentence, with nothing half-written, and the next try works."""

from __future__ import annotations

import fcntl
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from media import MediaError, VideoClip, VideoWriter, choose_format
from media.part_file import PartFile, remove_abandoned_parts
from tests.media.clips import write_clip
from tests.media.test_writing import running_encoders, shown_times

ROOT = Path(__file__).parents[2]
NAMES = ["h264", "webm-alpha", "png", "webp", "gif"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("source") / "a.mp4", num_frames=12, size=(48, 64))


def write(clip: VideoClip, target: Path, name: str = "h264") -> None:
    """Write a clip with frames that no encoder can make small."""
    rng = np.random.default_rng(0)
    with VideoWriter(target, like=clip, format=choose_format(name)) as writer:
        for time_ in clip.times:
            writer.write(rng.integers(0, 256, (*clip.size, 3), np.uint8), time_)


def seconds_to_write(clip: VideoClip, target: Path) -> float:
    begun = time.monotonic()
    write(clip, target)
    return time.monotonic() - begun


def kill_after(seconds: float) -> threading.Thread:
    """Kill every encoder that runs so many seconds after one was seen."""

    def kill() -> None:
        until = time.monotonic() + 5
        while not running_encoders() and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(seconds)
        for encoder in running_encoders():
            with suppress(ProcessLookupError):
                os.kill(encoder, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.timeout(120)
def test_fifty_kills_of_the_encoder_at_any_moment(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.mp4"
    moments = random.Random(4)
    said = []
    with VideoClip.open(source) as clip:
        usual = min(seconds_to_write(clip, target) for _ in range(4))  # the least: a busy machine delays some
        for _ in range(50):
            target.write_bytes(b"from before")
            killer = kill_after(moments.uniform(0, usual))
            failure = written(clip, target)
            killer.join()
            if failure is None:
                assert len(shown_times(target)) == 12
            else:
                said.append(failure)
                assert target.read_bytes() == b"from before"
            assert [each.name for each in tmp_path.iterdir()] == ["b.mp4"]
            assert running_encoders() == set()
        assert written(clip, target) is None
    assert len(said) >= 10
    assert all("could not be encoded" in sentence for sentence in said)


def test_an_encoder_that_hangs_is_killed(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.encoder.SECONDS_STUCK", 1)
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)

    def write_and_stop(clip: VideoClip) -> None:
        with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
            for index in range(2000):  # more than the pipe holds
                writer.write(noise, Fraction(index, 25))
                if index == 3:
                    (running,) = running_encoders()
                    os.kill(running, signal.SIGSTOP)

    with VideoClip.open(source) as clip, pytest.raises(MediaError, match="could not be encoded"):
        write_and_stop(clip)
    assert running_encoders() == set()
    assert list(tmp_path.iterdir()) == []


def written(clip: VideoClip, target: Path) -> str | None:
    """Write a clip; what the error said, if there was one."""
    try:
        write(clip, target)
    except MediaError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_may_not_grow_further(source: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / f"b{choose_format(name).suffix}"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with VideoClip.open(source) as clip:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, before[1]))
        try:
            with pytest.raises(MediaError, match=r"grew larger|could not be encoded"):
                write(clip, target, name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(tmp_path.iterdir()) == []
        assert running_encoders() == set()
        write(clip, target, name)
    assert target.stat().st_size > 8000


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own; skips where that is not allowed."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk(source: Path, tmp_path: Path, name: str) -> None:
    with small_disk(tmp_path / "disk", 24) as disk, VideoClip.open(source) as clip:
        target = disk / f"b{choose_format(name).suffix}"
        with pytest.raises(MediaError, match="disk is full"):
            write(clip, target, name)
        assert list(disk.iterdir()) == []
        assert running_encoders() == set()


def test_a_folder_that_cannot_be_written(source: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100) as disk, VideoClip.open(source) as clip:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(MediaError, match="cannot be written; please choose another one"):
            VideoWriter(disk / "b.mp4", like=clip)


def test_a_name_that_cannot_be_a_file(source: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.mp4").mkdir()
    with VideoClip.open(source) as clip:
        with pytest.raises(MediaError, match="is a folder"):
            VideoWriter(tmp_path / "taken.mp4", like=clip)
        with pytest.raises(MediaError, match="too long"):
            VideoWriter(tmp_path / f"{'x' * 300}.mp4", like=clip)


def test_the_end_can_be_cancelled_too(source: Path, tmp_path: Path) -> None:
    with VideoClip.open(source) as clip:

        def write_and_cancel() -> None:
            with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
                for frame in clip.frames():
                    writer.write(frame.pixels, frame.time)
                for _ in writer.finishing():
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_and_cancel()
    assert list(tmp_path.iterdir()) == []
    assert running_encoders() == set()


KILLED = """
import sys, time
from fractions import Fraction
import numpy as np
from media import VideoClip, VideoWriter, choose_format
wanted = choose_format(sys.argv[3])
with VideoClip.open(sys.argv[1]) as clip, VideoWriter(sys.argv[2], like=clip, format=wanted) as writer:
    for index in range(100000):
        writer.write(np.random.randint(0, 256, (*clip.size, 3), np.uint8), Fraction(index, 25))
        if index == 10: print("writing", flush=True)
        time.sleep(0.01)
"""


@pytest.mark.parametrize("name", ["h264", "gif"])
def test_what_a_killed_program_leaves_is_cleaned_up_by_the_next(source: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / f"b{choose_format(name).suffix}"
    call = [sys.executable, "-c", KILLED, str(source), str(target), name]
    with subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"writing\n"
        live = {each.name for each in tmp_path.iterdir()}
        PartFile(tmp_path / "other").close()  # cleans up too, but leaves what is being written
        assert {each.name for each in tmp_path.iterdir()} == live
        program.kill()
    until = time.monotonic() + 20
    while any(str(tmp_path).encode() in command for command in commands_running()):
        assert time.monotonic() < until, "the encoder goes on without us"
        time.sleep(0.05)
    assert list(tmp_path.glob(".masklet-*.part"))
    assert not target.exists()
    with VideoClip.open(source) as clip:
        write(clip, target, name)
    assert [each.name for each in tmp_path.iterdir()] == [target.name]


def test_a_part_swept_away_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = fcntl.flock

    def late(handle: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        remove_abandoned_parts(tmp_path)  # as another writer does that begins at this moment
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with PartFile(tmp_path / "a") as part:
        part.path.read_bytes()
        PartFile(tmp_path / "b").close()
        part.commit()
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_part_that_is_looked_at_while_it_is_made_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = fcntl.flock
    looks: list[threading.Timer] = []

    def late(handle: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        looking = os.open(next(tmp_path.iterdir()), os.O_RDWR)
        lock(looking, fcntl.LOCK_EX)  # as another writer does that wonders whether it is abandoned
        looks.append(threading.Timer(0.05, os.close, [looking]))
        looks[0].start()
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with PartFile(tmp_path / "a") as part:
        looks[0].join()
        remove_abandoned_parts(tmp_path)
        part.commit()


def commands_running() -> list[bytes]:
    """The command lines of the encoders that run (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return [command for command in found if b"ffmpeg" in command]
