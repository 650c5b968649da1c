from __future__ import annotations

import base64
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.sessions.scenes import cuts_of, find_cuts, make_timeline, read_timeline
from app.sessions.session import Session
from app.sessions.sound import make_sound
from app.sessions.store import Sessions
from tests.app.made_clips import NUM_FRAMES


def make_two_scenes(path: Path) -> Path:
    """Ten frames of a red picture with something that moves, then ten of a blue one."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(20):
            pixels = np.full((240, 320, 3), (200, 40, 40) if index < 10 else (30, 60, 180), np.uint8)
            pixels[80:140, 8 * index : 8 * index + 60] = 255
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_cut_is_found_where_it_is_and_the_film_has_its_pictures(sessions: Sessions, tmp_path: Path) -> None:
    *_, last = sessions.create(make_two_scenes(tmp_path / "two.mp4"))
    session = sessions.open(last.session_id or "")
    assert read_timeline(session) is None
    assert list(make_timeline(session))[-1] == 1
    assert cuts_of(session) == (10,)
    film = (read_timeline(session) or {})["strip"]
    assert film["frames"] == list(range(20))
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(film["picture"]), np.uint8), cv2.IMREAD_COLOR)
    width = picture.shape[1] // 20
    assert picture[2, 2 * width, 2] > 120
    assert picture[2, 15 * width, 0] > 120


@pytest.mark.parametrize(
    ("changes", "cuts"),
    [
        ([0, 2, 3, 60, 2, 3], [3]),
        ([0, 30, 32, 31, 30, 33], []),  # everything moves, nothing cuts
        ([0, 1, 1, 12, 1, 1], []),
        ([0], []),
        ([0, 80], [1]),
    ],
)
def test_motion_is_no_cut(changes: list[float], cuts: list[int]) -> None:
    assert find_cuts(changes) == cuts


def test_sound_is_as_long_as_the_clip_and_a_silent_clip_has_none(
    session: Session, sessions: Sessions, tmp_path: Path
) -> None:
    path = make_sound(session)
    assert path is not None
    with av.open(str(path)) as container:
        seconds = sum(frame.samples for frame in container.decode(audio=0)) / 16000
    assert seconds == pytest.approx(NUM_FRAMES / 10, abs=0.2)
    *_, last = sessions.create(make_two_scenes(tmp_path / "silent.mp4"))
    assert make_sound(sessions.open(last.session_id or "")) is None
