"""Reframing: the crop's size, a camera that neither jerks nor loses its object, and how it is written."""

import json
from itertools import pairwise

import numpy as np
import pytest

from effects import EffectError
from effects.path import Path, Sighting
from effects.reframe import ASPECTS, Reframe, parse_reframe

FRAME = (360, 640)


def walk(num_frames: int = 80, *, jitter: float = 0.0, absent: tuple[int, ...] = ()) -> Path:
    """A person of 40 × 120 px who walks to and fro."""
    random = np.random.default_rng(3)
    found = []
    for index in range(num_frames):
        x = 320 + 200 * np.sin(index / 25) + random.normal(0, jitter)
        y = 200 + random.normal(0, jitter)
        sighting = Sighting(x - 20, y - 60, x + 20, y + 60, x, y, 3000)
        found.append(None if index in absent else sighting)
    return Path(found)


@pytest.mark.parametrize(
    ("aspect", "frame", "size"),
    [
        ("9:16", (720, 1280), (720, 404)),
        ("1:1", (720, 1280), (720, 720)),
        ("16:9", (1280, 720), (404, 720)),
        ("as it is", (481, 853), (481, 853)),
        ("16:9", (720, 1280), (720, 1280)),
        ("9:16", (1, 1), (1, 1)),
        ("9:16", (5, 40), (5, 3)),
    ],
)
def test_the_result_is_as_large_as_its_aspect_allows(aspect, frame, size):
    found = Reframe((1,), aspect=aspect).size(frame)
    assert abs(found[0] - size[0]) <= 1
    assert abs(found[1] - size[1]) <= 1
    assert found[0] <= frame[0]
    assert found[1] <= frame[1]


@pytest.mark.parametrize("steadiness", [0.0, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("aspect", ["9:16", "1:1", "as it is"])
def test_the_camera_stays_in_the_frame_and_with_its_object(steadiness, aspect):
    path = walk(jitter=2.0)
    for view, seen in zip(
        Reframe((1,), aspect=aspect, zoom=1.3, steadiness=steadiness).views(path, FRAME, 25),
        path.sightings,
        strict=True,
    ):
        assert view.x - view.width / 2 + 1e-6 >= 0
        assert view.x + view.width / 2 <= FRAME[1] + 1e-6
        assert view.y + view.height / 2 <= FRAME[0] + 1e-6
        assert view.x - view.width / 2 <= seen.x0 + 8
        assert seen.x1 - 8 <= view.x + view.width / 2


def test_the_camera_moves_smoothly_though_the_track_jitters():
    views = Reframe((1,), steadiness=1.2).views(walk(jitter=5.0), FRAME, 25)
    x = np.array([each.x for each in views])
    track = np.array([each.x for each in walk(jitter=5.0).sightings])
    assert np.abs(np.diff(x, 2)).max() < 0.6
    assert np.abs(np.diff(track, 2)).max() > 10
    assert np.abs(x - np.clip(track, 102, 538)).mean() < 25  # it does not lag: it is where the object is


def test_while_the_object_is_away_the_camera_travels_to_where_it_comes_back():
    path = walk(absent=tuple(range(20, 50)))
    x = np.array([each.x for each in Reframe((1,)).views(path, FRAME, 25)])
    assert np.abs(np.diff(x)).max() < 12
    assert np.isfinite(x).all()
    middle = Reframe((1,)).views(Path([None] * 4), FRAME, 25)
    assert {(round(each.x, 6), round(each.y, 6)) for each in middle} == {(320, 180)}


def test_zooming_in_takes_its_time_and_fills_what_was_asked():
    reframe = Reframe((1,), aspect="as it is", fill=0.8, start=10, ease=20)
    views = reframe.views(walk(), FRAME, 25)
    heights = [each.height for each in views]
    assert heights[:10] == [360] * 10
    assert all(after <= before + 1e-6 for before, after in pairwise(heights[:31]))
    assert 120 / heights[60] == pytest.approx(0.8, abs=0.02)


def test_a_cut_shows_exactly_its_view():
    pixels = np.random.default_rng(0).integers(0, 256, (*FRAME, 3), np.uint8)
    reframe = Reframe((1,), aspect="1:1", steadiness=0)
    path = Path([Sighting(300, 100, 340, 220, 320, 160, 9)])
    cut = reframe.cut(pixels, reframe.views(path, FRAME, 25)[0])
    assert np.array_equal(cut, pixels[:, 140:500])
    whole = Reframe((1,), aspect="as it is")
    assert whole.cut(pixels, whole.views(path, FRAME, 25)[0]) is pixels
    with_alpha = np.dstack([pixels, pixels[..., :1]])
    assert reframe.cut(with_alpha, reframe.views(path, FRAME, 25)[0]).shape == (360, 360, 4)


def test_what_is_written_is_read_again():
    reframe = parse_reframe("1,3 aspect=4:5 zoom=1.5 steadiness=2 start=5 ease=10")
    assert reframe == Reframe((1, 3), aspect="4:5", zoom=1.5, steadiness=2, start=5, ease=10)
    assert Reframe.from_json(json.loads(json.dumps(reframe.to_json()))) == reframe
    assert parse_reframe("2 aspect='as it is'").aspect == "as it is"
    assert set(ASPECTS) >= {"9:16", "1:1"}


@pytest.mark.parametrize(
    "text", ["", "aspect=9:16", "1 aspect=2:7", "1 zoom=0.5", "1 speed=3", "one", "1 zoom", "1 'x"]
)
def test_what_is_no_reframing_is_refused_in_a_sentence(text):
    with pytest.raises(EffectError):
        parse_reframe(text)


@pytest.mark.parametrize("data", [None, {}, {"objects": []}, {"objects": ["1"]}, {"objects": [1], "angle": 3}])
def test_other_json_is_refused(data):
    with pytest.raises(EffectError):
        Reframe.from_json(data)
