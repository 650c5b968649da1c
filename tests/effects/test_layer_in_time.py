"""Layers over time and over each other: fades, keyframes, blend modes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effects import EffectError, Layer, compose, parse_layer
from effects.blend import BLENDS, blend
from effects.keyframes import Keyframe, value_at
from effects.library.blur import Blur
from effects.library.highlight import Highlight
from effects.library.pixelate import Pixelate

SIZE = (20, 30)


def everything(frame_index: int, layer: Layer, below: int = 0) -> int:
    """The red of one pixel under a layer on a frame of one grey."""
    pixels = np.full((*SIZE, 3), below, np.uint8)
    return int(compose(pixels, {1: np.ones(SIZE, bool)}, [layer], frame_index=frame_index)[5, 5, 0])


def white(**placed) -> Layer:
    return Layer(Highlight(color="#ffffff", strength=1, outline=0), "everything", feather=0, **placed)


def test_a_fade_comes_and_goes_evenly():
    layer = white(start=10, stop=20, fade_in=4, fade_out=4)
    seen = [everything(index, layer) for index in range(8, 22)]
    assert seen == [0, 0, 51, 102, 153, 204, 255, 255, 204, 153, 102, 51, 0, 0]


def test_without_a_stop_the_clip_s_end_is_faded_to():
    layer = white(fade_out=4)
    assert layer.at(9, num_frames=10).opacity == pytest.approx(0.2)
    assert layer.at(4, num_frames=10) == layer
    assert layer.at(9) == layer  # how long the clip is was not said


def test_keyframes_move_settings_of_the_effect_and_of_the_layer():
    layer = parse_layer("1 pixelate size@0=10 size@10=20:ease size@20=40 opacity@5=0 opacity@10=1 grow@3=2")
    assert [layer.at(index).effect.size for index in (7, 10, 15, 20, 99)] == [17, 20, 30, 40, 40]
    assert layer.at(12).effect.size == round(20 + 20 * (0.2**2 * (3 - 0.4)))
    assert layer.at(5) is None
    assert layer.at(8).opacity == pytest.approx(0.6)
    assert layer.at(8).grow == 2
    assert layer.at(8).keyframes == {}
    assert Layer.from_json(json.loads(json.dumps(layer.to_json()))) == layer


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1), st.sampled_from(["linear", "ease"])), min_size=1))
def test_a_moving_number_stays_between_its_keyframes_and_meets_them(drawn):
    moves = sorted({frame: Keyframe(frame, value, easing) for frame, value, easing in drawn}.values())
    for each in moves:
        assert value_at(moves, each.frame) == each.value
    values = [value_at(moves, index) for index in range(55)]
    assert min(each.value for each in moves) <= min(values)
    assert max(values) <= max(each.value for each in moves)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 blur strength@0=2", "strength cannot be 2: it takes 0 to 1"),
        ("1 blur strength@x=1", "strength@FRAME=VALUE"),
        ("1 blur strength@1=1:bounce", "strength@FRAME=VALUE:ease"),
        ("1 blur strength@1=.1 strength@1=.2", "name each frame once"),
        ("1 blur start@3=1", 'keyframes cannot move "start" of blur; they move strength, grow, feather, opacity'),
        ("1 outline color@3=#fff", "color takes no keyframes"),
        ("1 blur blend=dodge", "blend cannot be 'dodge': it takes normal, screen"),
        ("1 blur 'strength=1", "a quote is opened but not closed"),
    ],
)
def test_what_cannot_move_is_refused(text, sentence):
    with pytest.raises(EffectError, match=sentence):
        parse_layer(text)


@pytest.mark.parametrize(
    "moves", [[], 3, {"strength": 3}, {"strength": []}, {"strength": [[0]]}, {"strength": [[-1, 0]]}]
)
def test_keyframes_of_another_form_are_refused(moves):
    with pytest.raises(EffectError):
        Layer.from_json({"target": "background", "effect": {"name": "blur"}, "keyframes": moves})


def test_no_more_keyframes_are_taken_than_a_long_clip_has_frames():
    moves = {"strength": [[frame, 0.5] for frame in range(10_001)]}
    with pytest.raises(EffectError, match="at most 10000 keyframes, not 10001"):
        Layer.from_json({"target": "background", "effect": {"name": "blur"}, "keyframes": moves})


def test_projects_written_before_still_open():
    old = {"target": [1], "effect": {"name": "blur", "strength": 0.7}, "grow": 1.0, "feather": 2.0, "opacity": 0.5}
    layer = Layer.from_json(old | {"start": 0, "stop": None})
    assert layer == Layer(Blur(strength=0.7), (1,), grow=1, feather=2, opacity=0.5)
    assert (layer.blend, layer.fade_in, layer.fade_out, layer.keyframes) == ("normal", 0, 0, {})


def exact_blend(below: np.ndarray, above: np.ndarray, mode: str) -> np.ndarray:
    b, a = below / 255, above / 255
    return (
        255
        * {
            "normal": lambda: a,
            "screen": lambda: 1 - (1 - b) * (1 - a),
            "multiply": lambda: b * a,
            "overlay": lambda: np.where(below < 128, 2 * b * a, 1 - 2 * (1 - b) * (1 - a)),
            "soft_light": lambda: (1 - 2 * a) * b**2 + 2 * a * b,
        }[mode]()
    )


@pytest.mark.parametrize("mode", BLENDS)
def test_blend_modes_follow_their_formulas_for_every_pair_of_values(mode):
    below, above = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    pictures = [np.dstack([each] * 3) for each in (below, above)]
    result = blend(*pictures, mode)
    assert result.dtype == np.uint8
    assert np.abs(result - exact_blend(*pictures, mode)).max() <= 1


@pytest.mark.parametrize("mode", BLENDS)
def test_a_blended_line_changes_only_where_it_is_drawn(mode):
    pixels = np.random.default_rng(3).integers(0, 256, (60, 80, 3), np.uint8)
    mask = np.zeros((60, 80), bool)
    mask[20:40, 20:60] = True
    layer = Layer(Highlight(color="#808000", outline=2, strength=0), (1,), blend=mode)
    result = compose(pixels, {1: mask}, [layer])
    changed = (result != pixels).any(axis=-1)
    assert changed[20, 30]
    assert not changed[25:35, 25:55].any()
    assert not changed[:14].any()


def test_blend_and_opacity_work_together():
    assert everything(0, white(blend="multiply"), below=100) == 100
    assert everything(0, white(blend="screen"), below=100) == 255
    assert everything(0, white(blend="screen", opacity=0.5), below=101) == 178
    assert everything(0, Layer(Pixelate(), "everything", blend="multiply"), below=100) == 39
