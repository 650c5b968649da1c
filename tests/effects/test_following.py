"""What goes with an object, lies behind it or takes its background's place."""

from __future__ import annotations

from pathlib import Path as FilePath

import numpy as np
import pytest
from PIL import Image

from effects import EffectError, Layer, compose
from effects.box import Box
from effects.effect import Effect
from effects.library import bounding_box
from effects.library.arrow import Arrow
from effects.library.background_picture import BackgroundPicture
from effects.library.background_video import BackgroundVideo
from effects.library.bounding_box import BoundingBox
from effects.library.cover import Cover
from effects.library.gradient import Gradient
from effects.library.label import Label
from effects.library.magnifier import Magnifier
from effects.library.sticker import Sticker
from effects.library.text_behind import TextBehind
from effects.path import Path, Sighting
from tests.effects.moving_clip import MovingClip

SIZE = (180, 320)


class ShakyClip(MovingClip):
    """The object walks evenly, but its track trembles."""

    def __init__(self, jitter: float = 3.0) -> None:
        super().__init__(SIZE, 40, step=(3.0, 0.0))
        random = np.random.default_rng(9)
        self.shake = random.normal(0, jitter, (self.num_frames, 2))

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        found: list[Sighting | None] = []
        for index, (dx, dy) in enumerate(self.shake):
            x, y = 80 + 3 * index + dx, 72 + dy
            found.append(Sighting(x - 25, y - 25, x + 25, y + 25, x, y, 2000))
        return Path(found)


def shown(clip: MovingClip, effect: Effect, index: int, *, target: object = (1,), **named: object) -> np.ndarray:
    layer = Layer(effect, target)  # type: ignore[arg-type]
    found = clip.masks(index)
    return compose(clip.pixels(index), found, [layer], frame_index=index, time=index / 25, clip=clip, **named)


def place_of_change(clip: MovingClip, effect: Effect, index: int) -> tuple[float, float]:
    """The middle (x, y) of what the effect changed."""
    changed = (shown(clip, effect, index) != clip.pixels(index)).any(axis=2)
    rows, columns = np.nonzero(changed)
    return (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2


@pytest.mark.parametrize("effect", [Sticker(smoothing=0.8), BoundingBox(smoothing=0.8), Arrow(smoothing=0.8, bounce=0)])
def test_what_follows_does_not_tremble_with_the_track(effect):
    places = np.array([place_of_change(ShakyClip(), effect, index) for index in range(6, 30)])
    assert np.abs(np.diff(places, 2, axis=0)).max() <= 1.5
    assert np.abs(np.diff(places[:, 0]) - 3).max() < 1.5  # and neither lags nor hurries


@pytest.mark.parametrize("effect", [Sticker(), Label(), Arrow(), BoundingBox(), Magnifier()])
def test_nothing_blinks_where_the_track_is_lost_for_a_moment(effect):
    clip = MovingClip(SIZE, 30, hidden=(10, 11, 18, 19, 20, 21, 22, 23, 24, 25))
    is_shown = [not np.array_equal(shown(clip, effect, index), clip.pixels(index)) for index in (9, 10, 11, 12, 20, 24)]
    assert is_shown == [True, True, True, True, False, False]


@pytest.mark.parametrize("style", ["corners", "box"])
def test_a_box_drawn_in_parts_is_the_box_drawn_at_once(style, monkeypatch):
    clip, effect = MovingClip(SIZE, 30), BoundingBox(style=style, width=5, radius=9)
    in_parts = shown(clip, effect, 9)
    frame = Box.of_frame(SIZE)
    monkeypatch.setattr(bounding_box, "_around", lambda shape: frame)
    monkeypatch.setattr(bounding_box, "_strips", lambda box, broad: [frame, frame])
    assert np.array_equal(in_parts, shown(clip, effect, 9))
    assert not np.array_equal(in_parts, clip.pixels(9))


def test_a_sticker_grows_with_its_object():
    areas = []
    for radius in (10, 30):
        mask = np.zeros(SIZE, bool)
        mask[90 - radius : 90 + radius, 160 - radius : 160 + radius] = True
        pixels = np.zeros((*SIZE, 3), np.uint8)
        areas.append((compose(pixels, {1: mask}, [Layer(Sticker(), (1,))]) > 0).any(axis=2).sum())
    assert areas[1] / areas[0] == pytest.approx(9, rel=0.1)


def test_a_label_says_the_object_s_name_and_stays_inside_the_frame():
    clip = MovingClip(SIZE, 40, step=(4.0, 0.0))
    rex, tom = (shown(clip, Label(), 8, names={1: name}) for name in ("Rex", "Tom"))
    assert not np.array_equal(rex, tom)
    assert np.array_equal(rex, shown(clip, Label(text="Rex"), 8, names={1: "Tom"}))
    for side in ("above", "below", "left", "right"):
        for index in (0, 20, 39):
            x, y = place_of_change(clip, Label(text="A long name", side=side), index)
            assert 0 < x < SIZE[1]
            assert 0 < y < SIZE[0]


def test_the_words_lie_behind_the_object():
    clip = MovingClip(SIZE, 4)
    effect = TextBehind(text="MMMMMM", size=1.0, color="#00ff00", across=0.5, down=0.5)
    result = shown(clip, effect, 0)
    is_green = (result == (0, 255, 0)).all(axis=2)
    assert is_green.mean() > 0.1
    core = np.hypot(*(np.indices(SIZE) - np.argwhere(clip.disc(0)).mean(axis=0)[:, None, None])) < 18
    assert np.array_equal(result[core], clip.pixels(0)[core])


def test_moving_words_move_by_the_time_alone():
    clip = MovingClip(SIZE, 30)
    for motion in ("drift left", "drift right", "rise", "zoom", "ticker"):
        effect = TextBehind(motion=motion, speed=0.5)
        assert not np.array_equal(shown(clip, effect, 2), shown(clip, effect, 14)), motion


def test_the_magnifier_shows_the_object_larger():
    clip = MovingClip(SIZE, 4)
    before = (np.abs(clip.pixels(0).astype(int) - (230, 60, 40)).max(axis=2) < 3).sum()
    after = (np.abs(shown(clip, Magnifier(size=0.6), 0).astype(int) - (230, 60, 40)).max(axis=2) < 3).sum()
    assert after > 2 * before


@pytest.fixture
def picture(tmp_path: FilePath) -> str:
    path = tmp_path / "wall.png"
    half_clear = np.full((30, 40, 4), (20, 240, 220, 255), np.uint8)
    half_clear[:, 20:, 3] = 0
    Image.fromarray(half_clear).save(path)
    return str(path)


def test_an_own_picture_is_shown_and_where_it_is_clear_it_shows_nothing(picture):
    clip = MovingClip(SIZE, 4)
    result = shown(clip, Sticker(file=picture, size=2), 0)
    wall = (np.abs(result.astype(int) - (20, 240, 220)).max(axis=2) < 3).sum()
    changed = (result != clip.pixels(0)).any(axis=2).sum()
    assert wall > 1000
    assert changed < 1.3 * wall  # its edges are soft
    behind = shown(clip, BackgroundPicture(file=picture, blur=0, fit="stretch"), 0)
    assert (behind[-20:, :100] == (20, 240, 220)).all()
    assert (behind[-20:, -100:] == 0).all()
    covered = shown(clip, Cover(file=picture, shading=0), 0)
    assert (covered != clip.pixels(0)).any(axis=2)[clip.disc(0)].mean() > 0.9


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_a_picture_that_cannot_be_read_is_said_in_a_sentence(tmp_path, content):
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    for effect in (Sticker(file=str(path)), BackgroundPicture(file=str(path)), Cover(file=str(path))):
        with pytest.raises(EffectError, match=r"x\.png") as caught:
            shown(MovingClip(SIZE, 4), effect, 0)
        assert str(tmp_path) not in str(caught.value)


class _Numbered:
    """A video of 4 frames, each of one grey."""

    num_frames, fps = 4, 10.0

    def pixels(self, index: int) -> np.ndarray:
        return np.full((9, 16, 3), 50 * index, np.uint8)


class _Showing(MovingClip):
    def video(self, path: str) -> _Numbered:
        return _Numbered()


@pytest.mark.parametrize(
    ("loop", "expected"),
    [("repeat", [0, 1, 2, 3, 0, 1, 2, 3, 0]), ("to and fro", [0, 1, 2, 3, 2, 1, 0, 1, 2])],
)
def test_a_background_video_keeps_its_own_speed_and_loops(loop, expected):
    clip = _Showing(SIZE, 40)
    layer = Layer(BackgroundVideo(file="v.mp4", loop=loop), (1,))
    seen = []
    for tick in range(9):
        result = compose(clip.pixels(0), clip.masks(0), [layer], time=tick / 10, clip=clip)
        seen.append(int(result[-1, -1, 0]) // 50)
    assert seen == expected


def test_a_slope_has_no_bands():
    clip = MovingClip(SIZE, 2)
    result = shown(clip, Gradient(first="#303030", second="#383838", angle=0), 0)[-30:].astype(int)
    columns = result[..., 0].mean(axis=0)
    assert np.abs(np.diff(columns)).max() < 0.6  # a band would step by a whole level at once
