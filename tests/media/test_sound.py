"""Sound comes out where it was heard, whatever the file's clocks say; it is decoded apart, like pictures."""

from __future__ import annotations

import os
import signal
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from media import HOSTED, MediaError, VideoClip, VideoWriter
from media.decoder_process import DecoderProcess
from media.remote_sound import RemoteSound
from tests.media.clips import click_sound, ffmpeg, write_clip
from tests.media.processes import decoders
from tests.media.test_writing import onset, running_encoders

IN_SYNC = 0.02
"""Half of what is promised [s]."""


def copy(source: Path, target: Path) -> Path:
    """Write a clip again as a host does, unchanged."""
    with VideoClip.open(source, limits=HOSTED) as clip, VideoWriter(target, like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.picture, frame.time)
    return target


def begin_of(path: Path) -> float:
    """When the first picture is shown, by the file's own clock [s]."""
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
        return float(first.pts * first.time_base)


@pytest.fixture(scope="module")
def clicking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second into its two there is a click."""
    return write_clip(tmp_path_factory.mktemp("clicking") / "a.mp4", num_frames=50, sound=click_sound(0.5, 2))


@pytest.mark.parametrize("which", ["0:v", "1:v"], ids=["late sound", "late picture"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".mov"])
def test_offset_between_picture_and_sound_is_kept(suffix: str, which: str, clicking: Path, tmp_path: Path) -> None:
    """In a transport stream, too, whose tools count each track from its own beginning if one lets them."""
    sound = "1:a" if which == "0:v" else "0:a"
    source = tmp_path / f"a{suffix}"
    ffmpeg("-i", clicking, "-itsoffset", "0.7", "-i", clicking, "-map", which, "-map", sound, "-c", "copy", source)
    wanted = onset(source) - begin_of(source)
    assert wanted == pytest.approx(1.2 if which == "0:v" else -0.2, abs=IN_SYNC)
    result = copy(source, tmp_path / "b.mp4")
    assert onset(result) - begin_of(result) == pytest.approx(wanted, abs=IN_SYNC)


def test_clock_that_is_set_anew_takes_sound_and_picture_along(clicking: Path, tmp_path: Path) -> None:
    """Two recordings put one after the other: the second click comes two seconds after the first."""
    one = tmp_path / "one.ts"
    ffmpeg("-i", clicking, "-c", "copy", one)
    (tmp_path / "two.ts").write_bytes(one.read_bytes() * 2)
    with VideoClip.open(tmp_path / "two.ts") as clip:
        assert clip.num_frames == 100
    loud = loud_places(copy(tmp_path / "two.ts", tmp_path / "b.mp4"))
    ends = [place for place, following in pairwise(loud) if following - place > 0.1]
    assert ends == pytest.approx([2.0], abs=0.1)  # the first tone goes on to its recording's end
    assert loud[0] == pytest.approx(0.5, abs=0.05)
    assert next(place for place in loud if place > ends[0] + 0.1) == pytest.approx(2.5, abs=0.1)


def loud_places(path: Path) -> list[float]:
    """Every hundredth of a second of a file in which a sound is heard [s]."""
    raw = ffmpeg("-i", path, "-map", "0:a", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "8000",
                 "-f", "f32le", "-")  # fmt: skip
    wave = np.abs(np.frombuffer(raw, "<f4"))
    blocks = wave[: len(wave) // 80 * 80].reshape(-1, 80).max(axis=1)
    return [float(place) / 100 for place in np.flatnonzero(blocks > 0.1)]


def test_a_hole_in_the_sound_is_silence_and_what_follows_stays_in_place(tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    silent = write_clip(tmp_path / "silent.mp4", num_frames=50)
    tone = "sine=1000:r=48000:d=2,aselect='not(between(t,0.5,1.2))'"
    ffmpeg("-i", silent, "-f", "lavfi", "-i", tone, "-c:v", "copy", "-c:a", "pcm_s16le", source)
    loud = loud_places(copy(source, tmp_path / "b.mp4"))
    assert not [place for place in loud if 0.55 < place < 1.1]
    assert max(place for place in loud if place < 1) == pytest.approx(0.5, abs=0.04)
    assert min(place for place in loud if place > 1) == pytest.approx(1.2, abs=0.04)
    assert loud[-1] == pytest.approx(2, abs=0.04)


def test_sound_without_end_is_cut_and_said(tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "silent.mp4", num_frames=3)
    ffmpeg("-i", silent, "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=3600", "-c:v", "copy", "-c:a", "flac",
           tmp_path / "a.mkv")  # fmt: skip
    with VideoClip.open(tmp_path / "a.mkv", limits=HOSTED) as clip:
        assert "sound is longer" in clip.notices[0]
    with av.open(str(copy(tmp_path / "a.mkv", tmp_path / "b.mp4"))) as container:
        assert container.duration / av.time_base == pytest.approx(20, abs=0.1)


def test_of_several_tracks_the_one_that_players_choose_is_taken(clicking: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    ffmpeg("-i", clicking, *click_sound(1.5, 2), "-map", "0", "-map", "1:a", "-c:v", "copy", "-c:a", "libopus",
           "-disposition:a:0", "0", "-disposition:a:1", "default", source)  # fmt: skip
    assert onset(copy(source, tmp_path / "b.mp4")) == pytest.approx(1.5, abs=0.03)


def test_a_format_that_knows_no_sound_asks_for_none(clicking: Path) -> None:
    with VideoClip.open(clicking) as clip:
        sound = clip.sound()
        assert sound is not None
        assert (sound.rate, sound.layout) == (44100, "mono")
        samples = np.frombuffer(b"".join(sound.pieces()), "<f4")
        sound.close()
    assert np.flatnonzero(np.abs(samples) > 0.1)[0] / 44100 == pytest.approx(0.5, abs=0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="limits and signals are those of Linux")
def test_decoder_of_the_sound_killed_on_the_way_is_one_sentence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", num_frames=50, sound=click_sound(0.5, 15))

    def write_and_kill(clip: VideoClip) -> None:
        with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
            for frame in clip.frames():
                before = set(decoders())
                writer.write(frame.picture, frame.time)
                for decoder in set(decoders()) - before:  # the one that was started with the encoder
                    os.kill(decoder, signal.SIGKILL)

    with VideoClip.open(path) as clip, pytest.raises(MediaError, match="try again"):
        write_and_kill(clip)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4"]
    assert (decoders(), running_encoders()) == ([], set())
    copy(path, tmp_path / "b.mp4")


@pytest.mark.parametrize(
    ("name", "lie"),
    [("rate", 10**9), ("rate", "8000"), ("channels", 0), ("layout", "mono -i /etc/passwd"), ("layout", 5)],
)
def test_sound_that_cannot_be_is_not_believed(name: str, lie: object) -> None:
    process = DecoderProcess(HOSTED)
    told = {"rate": 8000, "layout": "mono", "channels": 1}
    RemoteSound(process, told, Fraction(20))
    with pytest.raises((ValueError, TypeError)):
        RemoteSound(process, {**told, name: lie}, Fraction(20))
    process.close()
