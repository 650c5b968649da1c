"""Layers: targets, order, mixing, and the words of the command line."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from effects import EFFECTS, EffectError, Layer, compose, object_color, parse_layer
from effects.blend import mix
from effects.library.blur import Blur
from effects.library.cutout import Cutout
from effects.library.desaturate import Desaturate
from effects.library.highlight import Highlight
from effects.library.outline import Outline
from effects.library.pixelate import Pixelate
from effects.library.spotlight import Spotlight

SIZE = (40, 60)
RED, GREEN = np.array([255, 0, 0]), np.array([0, 255, 0])


def box_mask(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def solid(color: str, target, **placed) -> Layer:
    """A layer that paints exactly one colour where it falls."""
    return Layer(Highlight(color=color, strength=1, outline=0), target, **{"feather": 0, **placed})


def test_targets(pixels):
    masks = {1: box_mask(5, 5, 20, 30), 3: box_mask(30, 10, 50, 35)}
    for target, where in [
        ((1,), masks[1]),
        ((1, 3), masks[1] | masks[3]),
        ("background", ~(masks[1] | masks[3])),
        ("everything", np.ones(SIZE, bool)),
        ((7,), np.zeros(SIZE, bool)),
    ]:
        result = compose(pixels, masks, [solid("#f00", target)])
        assert (result[where] == RED).all()
        assert np.array_equal(result[~where], pixels[~where])


def test_without_objects_all_is_background(pixels):
    assert (compose(pixels, {}, [solid("#f00", "background")]) == RED).all()


def test_without_layers_the_frame_is_copied(pixels):
    result = compose(pixels, {1: box_mask(0, 0, 9, 9)}, [])
    assert np.array_equal(result, pixels)
    assert not np.shares_memory(result, pixels)


def test_later_layers_lie_on_top(pixels):
    mask = box_mask(5, 5, 20, 30)
    red, green = solid("#f00", (1,)), solid("#0f0", "everything")
    assert (compose(pixels, {1: mask}, [red, green]) == GREEN).all()
    assert (compose(pixels, {1: mask}, [green, red])[mask] == RED).all()


def test_a_layer_sees_what_the_one_below_made(pixels):
    mask = np.ones(SIZE, bool)
    result = compose(pixels, {1: mask}, [solid("#f00", (1,)), Layer(Desaturate(), (1,))])
    assert (result == 76).all()  # the grey of pure red


def test_each_object_takes_its_own_effect(pixels):
    masks = {1: box_mask(5, 5, 20, 30), 2: box_mask(30, 10, 50, 35)}
    both = compose(pixels, masks, [Layer(Pixelate(), (1,)), Layer(Desaturate(), (2,)), solid("#00f", "background")])
    alone = [compose(pixels, masks, [layer]) for layer in (Layer(Pixelate(), (1,)), Layer(Desaturate(), (2,)))]
    assert np.array_equal(both[masks[1]], alone[0][masks[1]])
    assert np.array_equal(both[masks[2]], alone[1][masks[2]])
    assert (both[~(masks[1] | masks[2])] == (0, 0, 255)).all()


def test_each_object_takes_its_own_color(pixels):
    masks = {1: box_mask(5, 5, 20, 30), 2: box_mask(30, 10, 50, 35)}
    result = compose(pixels, masks, [solid("object", (1, 2))], colors={2: (1, 2, 3)})
    assert (result[masks[1]] == object_color(1)).all()
    assert (result[masks[2]] == (1, 2, 3)).all()


def test_where_objects_overlap_the_one_named_last_wins(pixels):
    masks = {1: box_mask(5, 5, 30, 30), 2: box_mask(20, 10, 50, 35)}
    shared = masks[1] & masks[2]
    colors = {1: (255, 0, 0), 2: (0, 255, 0)}
    assert (compose(pixels, masks, [solid("object", (1, 2))], colors=colors)[shared] == GREEN).all()
    assert (compose(pixels, masks, [solid("object", (2, 1))], colors=colors)[shared] == RED).all()


def test_opacity_is_the_share_of_the_effect():
    pixels = np.full((*SIZE, 3), 100, np.uint8)
    result = compose(pixels, {}, [Layer(Cutout(color="#ffffff"), "everything", opacity=0.2)])
    assert (result == 131).all()  # 100·0.8 + 255·0.2
    result = compose(pixels, {}, [solid("#fff", "everything", opacity=0.2)])
    assert (result == 131).all()


def test_start_and_stop(pixels):
    layer = solid("#f00", "everything", start=3, stop=5)
    shown = [bool((compose(pixels, {}, [layer], frame_index=index) == RED).all()) for index in range(7)]
    assert shown == [False, False, False, True, True, False, False]


@pytest.mark.parametrize("effect", [Spotlight(), Cutout()])
def test_spotlight_and_cutout_spare_the_objects_they_are_aimed_at(pixels, effect):
    masks = {1: box_mask(5, 5, 20, 30), 2: box_mask(30, 10, 50, 35), 3: box_mask(52, 2, 58, 12)}
    result = compose(pixels, masks, [Layer(effect, (1, 2), feather=0)])
    spared = masks[1] | masks[2]
    assert np.array_equal(result[spared], pixels[spared])
    assert (result[~spared] != pixels[~spared]).any(axis=-1).mean() > 0.9
    # Nothing flashes while the object is hidden: the rest, now everything, stays under the effect.
    hidden = compose(pixels, {1: np.zeros(SIZE, bool)}, [Layer(effect, (1,), feather=0)])
    assert np.array_equal(hidden, compose(pixels, {}, [Layer(effect, "everything", feather=0)]))
    # For all objects at once it is the same as the background.
    background = compose(pixels, masks, [Layer(effect, "background", feather=0)])
    assert np.array_equal(background, compose(pixels, masks, [Layer(effect, (1, 2, 3), feather=0)]))


def test_background_blur_takes_nothing_from_the_object():
    """White object on black: a plain Gaussian would leave a halo of several levels, ours leaves none."""
    pixels, mask = np.zeros((90, 120, 3), np.uint8), np.zeros((90, 120), bool)
    mask[30:60, 40:80] = True
    pixels[mask] = 255
    for strength in (0.05, 0.4, 1.0):
        result = compose(pixels, {1: mask}, [Layer(Blur(strength=strength), "background", feather=0)])
        assert np.array_equal(result, pixels)


def test_grow_moves_the_edge(pixels):
    mask = box_mask(20, 10, 40, 30)
    assert (compose(pixels, {1: mask}, [solid("#f00", (1,), grow=3)])[20, 17:43] == RED).all()
    assert np.array_equal(compose(pixels, {1: mask}, [solid("#f00", (1,), grow=3)])[20, :17], pixels[20, :17])
    grown = compose(pixels, {1: mask}, [solid("#f00", "background", grow=3)])
    assert np.array_equal(grown[13:27, 23:37], pixels[13:27, 23:37])
    assert (grown[:13] == RED).all()


def test_a_soft_mask_is_mixed_by_its_own_alpha():
    pixels, soft = np.zeros((*SIZE, 3), np.uint8), np.full(SIZE, 0.5, np.float32)
    result = compose(pixels, {1: soft}, [Layer(Cutout(color="#c80000"), "everything"), solid("#0000c8", (1,))])
    assert (result == (100, 0, 100)).all()


@pytest.mark.parametrize("number", [np.float16, np.float64])
def test_a_soft_mask_may_be_of_any_floats(pixels, number):
    soft = np.zeros(SIZE, np.float32)
    soft[5:30, 10:40] = 0.25
    layers = [Layer(Blur(), "background"), solid("#f00", (1,))]
    expected = compose(pixels, {1: soft}, layers)
    assert np.array_equal(compose(pixels, {1: soft.astype(number)}, layers), expected)
    with pytest.raises(EffectError, match="not within 0 to 1"):
        compose(pixels, {1: soft.astype(number) * 9}, layers)


@pytest.mark.parametrize("name", EFFECTS)
def test_a_hard_mask_gives_the_picture_of_the_matte_that_it_is(pixels, name):
    """A mask is worked on in bytes and laid on by one copy, a matte of floats that happen to be 0 and 1 is not."""
    mask = box_mask(7, 5, 41, 30) | box_mask(30, 25, 53, 37)
    for target in ((1,), "background", "everything"):
        for placed in ({}, {} if EFFECTS[name].covers_wholly else {"opacity": 0.4, "blend": "screen"}):
            layers = [Layer(EFFECTS[name](), target, feather=0, **placed)]
            hard, soft = (compose(pixels, {1: each}, layers) for each in (mask, mask.astype(np.float32)))
            assert np.array_equal(hard, soft)


def test_how_an_array_lies_in_memory_does_not_matter(pixels):
    mask = box_mask(15, 10, 45, 30)
    layers = [Layer(Blur(), "background", grow=2), Layer(Highlight(), (1,)), Layer(Pixelate(), (1,), grow=-3)]
    expected = compose(pixels, {1: mask}, layers)
    turned = np.asfortranarray(pixels)[..., ::-1][..., ::-1]
    for other in (np.asfortranarray(mask), np.repeat(mask, 2, axis=1)[:, ::2], mask.astype(np.float32).T.copy().T):
        assert np.array_equal(compose(turned, {1: other}, layers), expected)


def test_the_outline_touches_only_the_edge(pixels):
    mask = box_mask(15, 10, 45, 30)
    result = compose(pixels, {1: mask}, [Layer(Outline(width=4, color="#f00"), (1,), feather=0)])
    assert (result[20, [12, 13, 14]] == RED).all()
    assert np.array_equal(result[16:24, 20:40], pixels[16:24, 20:40])
    assert np.array_equal(result[:3], pixels[:3])


@settings(max_examples=40, deadline=None)
@given(
    below=arrays(np.uint8, (70, 3, 3)),
    above=arrays(np.uint8, (70, 3, 3)),
    alpha=arrays(np.float32, (70, 3), elements=st.sampled_from([0, 1]) | st.floats(0, 1, width=32)),
)
def test_mixing_is_exact(below, above, alpha):
    weight = alpha[..., None].astype(np.float64)
    exact = below * (1 - weight) + above * weight
    mixed = mix(below, above, alpha)
    assert np.abs(mixed - exact).max() <= 0.5 + 1e-4
    assert np.array_equal(mixed[alpha == 0], below[alpha == 0])
    assert np.array_equal(mixed[alpha == 1], above[alpha == 1])


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("background blur strength=0.7", Layer(Blur(strength=0.7), "background")),
        ("1 outline color=#ff0", Layer(Outline(color="#ffff00"), (1,))),
        ("1,3 highlight", Layer(Highlight(), (1, 3))),
        ("everything pixelate size=24", Layer(Pixelate(size=24), "everything")),
        (
            "  2   pixelate whole_blocks=yes opacity=.5 grow=-2 feather=6 start=3 stop=9 ",
            Layer(Pixelate(whole_blocks=True), (2,), grow=-2, feather=6, opacity=0.5, start=3, stop=9),
        ),
    ],
)
def test_parse(text, layer):
    assert parse_layer(text) == layer
    assert Layer.from_json(json.loads(json.dumps(layer.to_json()))) == layer


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "TARGET EFFECT setting=value"),
        ("blur", "TARGET EFFECT setting=value"),
        ("1 blurr", 'no effect "blurr"; the effects are .*blur, '),
        ("someone blur", "background, everything or object ids such as 1,3, not at 'someone'"),
        ("-1 blur", "object ids"),
        ("1,,2 blur", "object ids"),
        ("1,1 blur", "each object once"),
        ("² blur", "object ids"),
        ("1 blur strength", 'name=value, not "strength"'),
        ("1 blur strenght=1", r'no setting "strenght"; blur takes strength \(0 to 1\), every layer grow, feather'),
        ("1 blur strength=2", "blur: strength cannot be 2: it takes 0 to 1"),
        ("1 blur strength=nan", "strength cannot be"),
        ("1 blur strength=much", "blur: strength cannot be 'much': it takes 0 to 1"),
        ("1 blur strength=.1 strength=.2", "given twice"),
        ("1 pixelate size=2.5", "a whole number, 2 to 200 px"),
        ("1 pixelate whole_blocks=maybe", "yes or no"),
        ("1 outline color=yellow", "#rrggbb or object"),
        ("1 blur opacity=2", "opacity cannot be"),
        ("1 blur start=5 stop=5", "stops after it starts"),
    ],
)
def test_parse_errors_say_what_is_known(text, sentence):
    with pytest.raises(EffectError, match=sentence) as caught:
        parse_layer(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"target": "background"},
        {"target": "background", "effect": {"name": "blur"}, "blend": "dodge"},
        {"target": "background", "effect": {"name": "blur"}, "sharpness": 1},
        {"target": [], "effect": {"name": "blur"}},
        {"target": ["1"], "effect": {"name": "blur"}},
        {"target": [True], "effect": {"name": "blur"}},
        {"target": 1, "effect": {"name": "blur"}},
        {"target": "background", "effect": {"name": "blur"}, "opacity": "1"},
        {"target": "background", "effect": {"name": "blur"}, "start": None},
    ],
)
def test_layers_refuse_other_json(data):
    with pytest.raises(EffectError):
        Layer.from_json(data)


def test_what_is_no_frame_or_no_mask_of_it_is_refused(pixels):
    with pytest.raises(EffectError, match=r"mask of object 4 is of size \(3, 3\), the frame of \(40, 60\)"):
        compose(pixels, {4: np.zeros((3, 3), bool)}, [])
    for wild in (-3.0, 1.5, float("nan")):
        with pytest.raises(EffectError, match="soft mask of object 4 is not within 0 to 1"):
            compose(pixels, {4: np.full(SIZE, wild, np.float32)}, [])
    with pytest.raises(EffectError, match="uint8"):
        compose(pixels.astype(np.float32), {}, [])
