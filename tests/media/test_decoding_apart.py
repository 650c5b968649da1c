"""Strangers' files are decoded by a process of their own: it can do nothing else, and its end is only a sentence."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from media import HOSTED, LOCAL, MediaError, VideoClip
from media.decoder_process import DecoderProcess
from media.facts_json import facts_from_json, facts_to_json
from media.messages import FRAME, Header
from tests.media.clips import picture, read_index, write_clip
from tests.media.processes import decoders

KILLS = 50

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits and signals are those of Linux")


@pytest.fixture(scope="module")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "a.mp4", num_frames=60, size=(240, 320))


@linux
def test_decoder_killed_at_any_moment_is_one_sentence_and_the_next_try_works(clip_path: Path) -> None:
    """Kill at seeded moments while opening and while reading; sometimes it was quicker than we."""
    generator = random.Random(5)
    before = sorted(path.name for path in clip_path.parent.iterdir())
    sentences = []
    with VideoClip.open(clip_path) as clip:
        for _ in range(KILLS):
            index = generator.randrange(60)
            try:
                frames = clip.frames(index)
                next(frames)
                (decoder,) = decoders()
                threading.Timer(generator.uniform(0, 0.02), os.kill, (decoder, signal.SIGKILL)).start()
                assert [read_index(frame.pixels) for frame in frames] == list(range(index + 1, 60))
            except MediaError as error:
                sentences.append(str(error))
                assert read_index(clip.frame(index).pixels) == index
            for thread in threading.enumerate():
                if isinstance(thread, threading.Timer):
                    thread.join()
    assert len(sentences) > KILLS // 5
    assert all("try again" in sentence for sentence in sentences)
    assert decoders() == []
    assert sorted(path.name for path in clip_path.parent.iterdir()) == before


@linux
def test_decoder_killed_while_opening(clip_path: Path) -> None:
    def kill() -> None:
        while not (alive := decoders()):
            time.sleep(0.001)
        os.kill(alive[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(MediaError, match="try again"):
        VideoClip.open(clip_path)
    killer.join()
    with VideoClip.open(clip_path) as clip:
        assert clip.num_frames == 60
    assert decoders() == []


@linux
def test_too_little_memory_is_a_sentence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=3, size=(2160, 3840))
    with pytest.raises(MediaError, match="memory"):
        VideoClip.open(path, limits=replace(LOCAL, max_memory=150 * 2**20))
    with pytest.raises(MediaError, match=r"memory|no picture|failed"):  # it ran out somewhere inside the codec
        VideoClip.open(path, limits=replace(LOCAL, max_memory=200 * 2**20))
    with VideoClip.open(path, limits=HOSTED) as clip:
        assert clip.num_frames == 3
    assert decoders() == []


@linux
def test_decoder_that_is_silent_is_stopped(clip_path: Path) -> None:
    with VideoClip.open(clip_path, limits=replace(LOCAL, max_silence=5)) as clip:
        frames = clip.frames()
        next(frames)
        (decoder,) = decoders()
        os.kill(decoder, signal.SIGSTOP)
        with pytest.raises(MediaError, match="took too long"):
            list(frames)
        assert read_index(clip.frame(7).pixels) == 7
    assert decoders() == []


def test_opening_that_takes_too_long_is_stopped(clip_path: Path) -> None:
    with pytest.raises(MediaError, match="took too long"):
        VideoClip.open(clip_path, limits=replace(LOCAL, max_open_seconds=0))


@linux
@pytest.mark.parametrize("kind", ["mp4", "png", "zip"])
def test_it_can_open_no_file_no_socket_and_write_nothing(kind: str, clip_path: Path, tmp_path: Path) -> None:
    """What a file that takes the decoder over could try, tried by the decoder's own means."""
    path = clip_path
    if kind != "mp4":
        path = tmp_path / f"a.{kind}"
        cv2.imwrite(str(tmp_path / "0.png"), picture(0))
        path.write_bytes((tmp_path / "0.png").read_bytes())
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "0.png", "0.png")
    attempt = f"""
import io, json, os, resource, socket, sys
from fractions import Fraction
from pathlib import Path
from media.clip_facts import Part
from media.guards import limit_resources
from media.limits import LOCAL
from media.sources import Opening

limit_resources(LOCAL.max_memory)
written = open({str(tmp_path / "written")!r}, "wb", buffering=0)
opened = Opening(Path({str(path)!r}), LOCAL, Part(), Fraction(24), lambda: None, None, None).run()
outcomes = {{"frames": opened.facts.num_frames}}
for name, attempt in (
    ("file", lambda: open("/etc/hostname")),
    ("socket", lambda: socket.socket()),
    ("program", lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", "1"], {{}}) and os.pipe()),
    ("write", lambda: written.write(b"x")),
    ("more files", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))),
):
    try:
        attempt()
        outcomes[name] = "done"
    except OSError as error:
        outcomes[name] = error.errno
    except ValueError as error:  # what Python says of a limit that may not be raised
        outcomes[name] = str(error)
print(json.dumps(outcomes))
"""
    done = subprocess.run(
        [sys.executable, "-c", attempt], capture_output=True, cwd=Path(__file__).parents[2], check=True
    )
    outcomes = json.loads(done.stdout)
    assert outcomes.pop("frames") == (60 if kind == "mp4" else 1)
    assert "done" not in outcomes.values(), outcomes
    assert (tmp_path / "written").read_bytes() == b""


@linux
def test_decoder_of_which_nothing_is_asked_ends_and_another_takes_its_place(clip_path: Path) -> None:
    """So that none outlives the session it served, wherever its clip is still kept."""
    with VideoClip.open(clip_path, limits=replace(LOCAL, max_idle=5)) as clip:
        frames = clip.frames()
        next(frames)  # a pass under way is not idle, however slow its reader is
        assert read_index(clip.frame(7).pixels) == 7
        _, idle = sorted(decoders())
        until = time.monotonic() + 60
        while time.monotonic() < until and Path(f"/proc/{idle}/cmdline").read_bytes():
            time.sleep(0.1)
        assert not Path(f"/proc/{idle}/cmdline").read_bytes()  # it has ended; we have not looked yet
        assert read_index(clip.frame(9).pixels) == 9
        assert [read_index(frame.pixels) for frame in frames] == list(range(1, 60))


@linux
def test_a_reader_that_takes_long_over_the_last_frames_gets_them_all(tmp_path: Path) -> None:
    """The decoder has sent them and ended; a large network may take minutes for them."""
    small = write_clip(tmp_path / "small.mp4", num_frames=6, size=(32, 64))  # so small that they all fit into a pipe
    with VideoClip.open(small, limits=replace(LOCAL, max_idle=1)) as clip:
        seen = []
        for frame in clip.frames():
            seen.append(frame.index)
            if frame.index == 3:
                time.sleep(2.5)
    assert seen == list(range(6))


def test_no_secret_reaches_it(clip_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "a secret")
    with VideoClip.open(clip_path):
        for decoder in decoders():
            assert b"a secret" not in Path(f"/proc/{decoder}/environ").read_bytes()


@linux
def test_clips_that_nobody_closes_leave_no_process(clip_path: Path) -> None:
    clip = VideoClip.open(clip_path)
    frames = clip.frames()
    next(frames)
    clip.frame(30)
    assert len(decoders()) == 2
    del clip, frames
    gc.collect()
    assert decoders() == []


@linux
def test_it_ends_with_the_program_that_started_it(clip_path: Path) -> None:
    program = (
        "import os, signal, sys; from media import VideoClip; from tests.media.processes import decoders\n"
        f"clip = VideoClip.open({str(clip_path)!r}); frames = clip.frames(); next(frames)\n"
        "print(*decoders(), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=root, check=False)
    decoder = Path(f"/proc/{int(done.stdout)}")
    for _ in range(100):
        if not decoder.exists() or "media.decoder_child" not in (decoder / "cmdline").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the decoder lives on")


def test_frames_are_decoded_only_a_few_ahead(tmp_path: Path) -> None:
    """A reader that stops holds the decoder up: what is sent and not read stays within the pipe and two frames."""
    with VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=200, size=(48, 64))) as clip:
        frames = clip.frames()
        for _ in range(3):
            next(frames)
        (decoder,) = decoders() or [0]
        if not decoder:
            pytest.skip("no way to look at the process here")
        time.sleep(0.3)
        before = Path(f"/proc/{decoder}/stat").read_text().rpartition(")")[2].split()[11]
        time.sleep(0.3)
        assert Path(f"/proc/{decoder}/stat").read_text().rpartition(")")[2].split()[11] == before
        assert [frame.index for frame in frames] == list(range(3, 200))


def test_facts_that_cannot_be_true_are_not_believed(clip_path: Path) -> None:
    with VideoClip.open(clip_path) as clip:
        told = json.loads(json.dumps(facts_to_json(clip.facts)))
        assert facts_from_json(told, LOCAL) == clip.facts
    for name, lie in (
        ("size", [10**9, 10**9]),
        ("size", [-5, 40]),
        ("times", []),
        ("times", [[0, 1], [0, 1]]),
        ("times", [[0, 0]]),
        ("times", [["0", 1]]),
        ("duration", [-1, 1]),
        ("duration", [10**400, 1]),
        ("codec", 5),
    ):
        with pytest.raises((ValueError, TypeError, ZeroDivisionError, MediaError)):
            facts_from_json({**told, name: lie}, LOCAL)


def test_picture_of_another_size_than_told_is_not_believed(clip_path: Path) -> None:
    process = DecoderProcess(LOCAL)
    with pytest.raises(MediaError, match="failed"):
        process.picture(Header(FRAME, 3 * 10**10, 0, 10**5, 10**5))
    assert process.is_closed


def test_index_makes_opening_immediate_and_is_only_for_the_same_file(clip_path: Path, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    seen: list[int] = []
    with VideoClip.open(clip_path, index=index, on_picture=lambda place, _: seen.append(place)) as clip:
        facts = clip.facts
        frame = clip.frame(33)
    assert seen == list(range(60))
    with VideoClip.open(clip_path, index=index) as clip:
        assert decoders() == [] or sys.platform != "linux"  # nothing was decoded
        assert clip.facts == facts
        np.testing.assert_array_equal(clip.frame(33).pixels, frame.pixels)
    other = write_clip(tmp_path / "b.mp4", num_frames=5)
    with VideoClip.open(other, index=index) as clip:
        assert clip.num_frames == 5
    index.write_text("{")
    with VideoClip.open(other, index=index) as clip:
        assert clip.num_frames == 5
