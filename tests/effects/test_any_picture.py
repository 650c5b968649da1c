"""The contract of every effect, on pictures, mattes and settings that nobody chose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from effects import EFFECTS, Drawing, Effect, Layer, Setting, Shot, compose, settings_of
from effects.box import Box
from effects.footage import Footage
from effects.path import Path, Sighting, join_sightings, sight

ALL = pytest.mark.parametrize("effect_class", EFFECTS.values(), ids=EFFECTS.keys())
NUM_FRAMES = 4
FOUR_K = (2160, 3840)


class AnyClip:
    """A few frames of noise with a matte each; on some the object has no mask."""

    fps = 25.0
    num_frames = NUM_FRAMES

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        random = np.random.default_rng(seed)
        self.frames = [random.integers(0, 256, (*size, 3), np.uint8) for _ in range(NUM_FRAMES)]
        soft = [random.random(size, np.float32) for _ in range(NUM_FRAMES)]
        level = random.random()
        self.mattes = [np.where(each < level, np.float32(0), each) for each in soft]
        self.is_absent = random.random(NUM_FRAMES) < 0.2
        for each in (*self.frames, *self.mattes):
            each.flags.writeable = False

    def pixels(self, index: int) -> np.ndarray:
        return self.frames[index]

    def masks(self, index: int) -> dict[int, np.ndarray]:
        return {} if self.is_absent[index] else {1: self.mattes[index]}

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        found: list[Sighting | None] = []
        for index in range(NUM_FRAMES):
            masks = self.masks(index)
            found.append(join_sightings(sight(masks[each]) for each in object_ids or (1,) if each in masks))
        return Path(found, (~self.is_absent).tolist())

    def camera_step(self, index: int) -> np.ndarray:
        return np.array([[1, 0, 2.5], [0, 1, -1], [0, 0, 1]])

    def video(self, path: str) -> AnyClip:
        return self


def values_of(known: Setting) -> st.SearchStrategy:
    """Any value of a setting, its ends more often than others."""
    if known.kind == "switch":
        return st.booleans()
    if known.kind == "choice":
        return st.sampled_from(known.choices)
    if known.kind == "color":
        return st.one_of(st.just("object"), st.integers(0, 0xFFFFFF).map("#{:06x}".format))
    if known.kind == "text":
        return st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=12)
    if known.kind == "file":
        return st.just("clip.mp4" if known.accepts == ("video",) else "")
    assert known.low is not None
    assert known.high is not None
    if known.kind == "integer":
        return st.sampled_from([int(known.low), int(known.high)]) | st.integers(int(known.low), int(known.high))
    return st.sampled_from([float(known.low), float(known.high)]) | st.floats(known.low, known.high)


def any_effect(data: st.DataObject, effect_class: type[Effect]) -> Effect:
    return effect_class(
        **{each.name: data.draw(values_of(each), label=each.name) for each in settings_of(effect_class)}
    )


@ALL
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_picture_matte_and_settings(effect_class, data):
    """Shape, type, untouched inputs, the same again; a layer that shows nothing leaves every bit."""
    effect = any_effect(data, effect_class)
    size = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)), label="size")
    clip = AnyClip(size, data.draw(st.integers(0, 2**16), label="seed"))
    index = data.draw(st.integers(0, NUM_FRAMES - 1), label="index")
    target = data.draw(st.sampled_from(["background", "everything", (1,)]), label="target")
    pixels, masks = clip.pixels(index), clip.masks(index)

    def composed(**placed: float) -> np.ndarray:
        layer = Layer(effect, target, **placed)
        return compose(pixels, masks, [layer], frame_index=index, time=index / 25, clip=clip)

    before = pixels.copy()
    result = composed()
    assert result.shape == pixels.shape
    assert result.dtype == np.uint8
    assert np.array_equal(result, composed())
    assert np.array_equal(pixels, before)
    assert np.array_equal(composed(opacity=0), pixels)


@ALL
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_an_effect_returns_is_finite_and_in_range(effect_class, data):
    """Alpha 1 everywhere, asked of the effect itself: `compose` could hide what is wrong."""
    effect = any_effect(data, effect_class)
    size = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)), label="size")
    clip = AnyClip(size, data.draw(st.integers(0, 2**16), label="seed"))
    alpha = np.ones(size, np.float32)
    footage = Footage(clip, (1,), lambda masks: alpha)
    drawn = effect.apply(Shot(clip.pixels(2), alpha, (9, 99, 200), 2, 0.08, footage=footage, name="Rex"))
    if not isinstance(drawn, Drawing | list):
        assert drawn.shape == (*size, 3)
        assert drawn.dtype == np.uint8
        return
    assert effect.draws_around
    for each in drawn if isinstance(drawn, list) else [drawn]:
        assert each.alpha.dtype == np.float32
        assert each.alpha.shape == each.pixels.shape[:2]
        assert np.isfinite(each.alpha).all()
        assert each.alpha.min(initial=0) >= 0
        assert each.alpha.max(initial=0) <= 1
        assert each.pixels.dtype == np.uint8


@ALL
def test_a_4k_frame_changes_near_its_object_alone(effect_class):
    pixels = np.full((*FOUR_K, 3), 90, np.uint8)
    pixels[::7, ::5] = (200, 60, 30)
    mask = np.zeros(FOUR_K, bool)
    mask[1000:1161, 1900:2077] = True
    target = "background" if effect_class.spares_target else (1,)
    masks = {1: ~mask} if effect_class.spares_target else {1: mask}
    effect = effect_class()
    result = compose(pixels, masks, [Layer(effect, target)])
    assert result.shape == pixels.shape
    if effect.window(Box.around(mask), FOUR_K).x0 > 200:
        assert np.array_equal(result[-200:, :200], pixels[-200:, :200])
