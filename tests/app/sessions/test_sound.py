"""The sound that the page plays along: its time 0 is the clip's, whole or a part of a longer file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.sessions.session import Session
from app.sessions.sound import make_sound
from app.sessions.store import Sessions

RATE, SECONDS = 16000, 3
BEEP = (2.0, 2.5)  # [s]: where in the file the only sound is


def make_clip_with_a_beep(path: Path) -> Path:
    """Three seconds; the picture is dark, and bright while the beep is heard."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=RATE)
        for index in range(10 * SECONDS):
            is_bright = BEEP[0] <= index / 10 < BEEP[1]
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 220 if is_bright else 30, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        at = np.arange(RATE * SECONDS) / RATE
        tone = np.where((at >= BEEP[0]) & (at < BEEP[1]), np.sin(2 * np.pi * 440 * at), 0).astype(np.float32)[None]
        audio = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        audio.sample_rate, audio.pts = RATE, 0
        container.mux(sound.encode(audio))
        container.mux(sound.encode(None))
    return path


def take_in(sessions: Sessions, path: Path, start: float, stop: float | None) -> Session:
    *_, last = sessions.create(path, start=start, stop=stop)
    assert last.session_id is not None
    return sessions.open(last.session_id)


def heard(path: Path) -> tuple[float, float]:
    """When the beep begins and ends in a sound file [s]."""
    pieces, begin = [], None
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            begin = frame.time if begin is None else begin
            pieces.append(np.abs(frame.to_ndarray()).max(axis=0))
            rate = frame.sample_rate
    loud = np.flatnonzero(np.concatenate(pieces) > 0.3) / rate + (begin or 0.0)
    return float(loud.min()), float(loud.max())


@pytest.mark.parametrize(("start", "stop"), [(0.0, None), (1.5, None), (1.7, 2.9)])
def test_the_sound_is_heard_where_the_picture_belongs_to_it(
    sessions: Sessions, tmp_path: Path, start: float, stop: float | None
) -> None:
    session = take_in(sessions, make_clip_with_a_beep(tmp_path / "beep.mp4"), start, stop)
    sound = make_sound(session)
    assert sound is not None
    with session.open_clip() as clip:
        bright = [float(frame.time) for frame in clip.frames() if frame.pixels.mean() > 120]
    begin, end = heard(sound)
    assert begin == pytest.approx(bright[0], abs=0.06)
    assert end == pytest.approx(bright[-1] + 0.1, abs=0.06)
    assert bright[0] - session.times[0] == pytest.approx(BEEP[0] - start, abs=0.101)
