"""One contract for every effect: whoever adds a file is tested here without writing a test."""

import json
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import effects
from effects import (
    EFFECTS,
    LAYER_SETTINGS,
    Drawing,
    Effect,
    EffectError,
    Layer,
    Shot,
    compose,
    effect_from_json,
    settings_of,
)
from effects.blend import mix
from effects.box import Box
from effects.footage import Footage, StillClip
from tests.effects.moving_clip import MovingClip

ALL = pytest.mark.parametrize("effect_class", EFFECTS.values(), ids=EFFECTS.keys())
SIZES = [(1, 1), (1, 40), (33, 1), (7, 5), (61, 97), (24, 300), (90, 160)]
ROUNDING = 2  # grey levels: vectorised and scalar code round sums and places between pixels differently


def make_pixels(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def make_mask(size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    height, width = size
    cv2.ellipse(mask, (width // 2, height // 2), (max(width // 5, 1), max(height // 4, 1)), 20, 0, 360, 1, -1)
    return mask.astype(bool)


def extremes(effect_class: type[Effect]) -> list[Effect]:
    """The effect as it is by default and with each setting at each end of its range, or at each of its choices."""
    built = [effect_class()]
    for known in settings_of(effect_class):
        values: tuple = {
            "switch": (False, True),
            "color": ("#000000", "#ffffff", "object"),
            "choice": known.choices,
            "text": ("", "Ä long — line"),
            "file": ("",),
        }.get(known.kind, (known.low, known.high))
        built += [effect_class(**{known.name: value}) for value in values]
    return built


def apply_to(effect: Effect, shot: Shot) -> np.ndarray:
    """The effect's picture at full strength, drawn into the shot where it is a drawing."""
    drawn = effect.apply(shot)
    if not isinstance(drawn, Drawing | list):
        return drawn
    picture = shot.pixels.copy()
    for each in drawn if isinstance(drawn, list) else [drawn]:
        (height, width), (x, y) = each.alpha.shape, each.corner
        place = Box(x, y, x + width, y + height).clipped(shot.alpha.shape)
        if not place.is_empty:
            part = place.moved(-x, -y).slices
            picture[place.slices] = mix(picture[place.slices], each.pixels[part], each.alpha[part])
    return picture


def as_layers(effect: Effect, **placed) -> list[Layer]:
    return [Layer(effect, target, **placed) for target in ("background", "everything", (1,), (2, 1))]


def test_the_catalogue_holds_the_effects_of_the_package():
    assert {"blur", "pixelate", "cutout", "highlight", "spotlight", "outline", "desaturate"} <= set(EFFECTS)
    for name, effect_class in EFFECTS.items():
        assert effect_class.name == name
        assert Path(effects.__path__[0], "library", f"{name}.py").is_file()


@ALL
def test_every_setting_is_described_and_none_hides_a_setting_of_the_layer(effect_class):
    assert effect_class.summary().endswith(".")
    for known in settings_of(effect_class):
        assert known.label
        assert known.name not in LAYER_SETTINGS
        assert known.check(known.default) == known.default
        json.dumps(known.to_json())


@ALL
def test_effects_are_frozen(effect_class):
    effect = effect_class()
    for known in settings_of(effect_class):
        with pytest.raises(FrozenInstanceError):
            setattr(effect, known.name, known.default)


@ALL
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_size_and_type_are_kept_and_inputs_untouched(effect_class, size):
    pixels, masks = make_pixels(size), {1: make_mask(size), 2: np.ones(size, np.float32)}
    before = pixels.copy(), {each: mask.copy() for each, mask in masks.items()}
    for effect in extremes(effect_class):
        for layer in as_layers(effect):
            result = compose(pixels, masks, [layer], frame_index=3)
            assert result.shape == pixels.shape
            assert result.dtype == np.uint8
            assert not np.shares_memory(result, pixels)
    assert np.array_equal(pixels, before[0])
    assert all(np.array_equal(mask, before[1][each]) for each, mask in masks.items())


@ALL
def test_alpha_zero_is_bit_equal(effect_class):
    size = (61, 97)
    pixels, nothing, all_of_it = make_pixels(size), np.zeros(size, bool), np.ones(size, bool)
    for effect in extremes(effect_class):
        for layer in as_layers(effect, opacity=0):
            assert np.array_equal(compose(pixels, {1: make_mask(size)}, [layer]), pixels)
        assert np.array_equal(compose(pixels, {1: all_of_it}, [Layer(effect, "background")]), pixels)
        if not effect.spares_target:
            assert np.array_equal(compose(pixels, {1: nothing}, [Layer(effect, (1,))]), pixels)
            assert np.array_equal(compose(pixels, {}, [Layer(effect, (1,))]), pixels)


@ALL
def test_the_part_of_the_frame_without_alpha_is_bit_equal(effect_class):
    size = (90, 160)
    pixels, mask = make_pixels(size), make_mask(size)
    for effect in extremes(effect_class):
        target = "background" if effect.spares_target else (1,)
        result = compose(pixels, {1: mask}, [Layer(effect, target, feather=0)])
        untouched = mask if effect.spares_target else ~mask
        if effect.draws_around and not effect.spares_target:
            window = effect.window(Box.around(mask), size).clipped(size)
            untouched = np.ones(size, bool)
            untouched[window.slices] = False
        assert np.array_equal(result[untouched], pixels[untouched])


@ALL
def test_an_effect_seen_through_its_window_is_the_effect_on_the_whole_frame(effect_class):
    size = (242, 406)
    pixels, mask = make_pixels(size), np.zeros(size, bool)
    mask[40:80, 88:131] = True  # on the grid of some effects, beside that of others
    pixels[:, 120:] = 255  # a step near the target's edge, so that it matters what lies beyond
    pixels[:, :120] //= 8
    alpha = mask.astype(np.float32)
    footage = Footage(StillClip(pixels, {1: alpha}), (1,), lambda masks: masks[1])
    complete = Shot(pixels, alpha, (9, 99, 200), footage=footage)
    for effect in extremes(effect_class):
        window = effect.window(Box.around(alpha), size).clipped(size)
        corner = (window.x0, window.y0)
        seen = replace(complete, pixels=pixels[window.slices], alpha=alpha[window.slices], corner=corner)
        part = apply_to(effect, seen).astype(int)
        whole = apply_to(effect, complete).astype(int)
        where = np.ones(part.shape[:2], bool) if effect.draws_around else mask[window.slices]
        assert np.abs(part - whole[window.slices])[where].max() <= ROUNDING


@ALL
def test_an_effect_does_not_look_beyond_its_target(effect_class):
    """What bleeds over an edge is what gives a cheap effect away."""
    size = (90, 160)
    mask = make_mask(size)
    pixels = make_pixels(size)
    other = np.where(mask[..., None], pixels, 255 - pixels)
    for effect in extremes(effect_class):
        if effect.spares_target or effect.looks_around:
            continue
        seen = [compose(each, {1: mask}, [Layer(effect, (1,), feather=0)])[mask] for each in (pixels, other)]
        assert np.array_equal(*seen)


@ALL
def test_the_same_shot_gives_the_same_picture(effect_class):
    size = (61, 97)
    pixels, masks = make_pixels(size), {1: make_mask(size)}
    for effect in extremes(effect_class):
        for layer in as_layers(effect):
            first, second = (compose(pixels, masks, [layer], frame_index=5, time=0.2) for _ in range(2))
            assert np.array_equal(first, second)


@ALL
def test_what_an_effect_gives_away_it_does_not_keep(effect_class):
    """The next layer paints on the effect's own picture, which must not be one that the effect shows again."""
    size = (61, 97)
    pixels, masks = make_pixels(size), {1: make_mask(size)}
    alone = [Layer(effect_class(), "everything")]
    before = compose(pixels, masks, alone)
    compose(pixels, masks, [*alone, Layer(EFFECTS["solid"](), (1,))])
    assert np.array_equal(compose(pixels, masks, alone), before)


@ALL
def test_the_default_does_something_to_see(effect_class):
    clip = MovingClip()
    pixels = clip.pixels(12)
    result = compose(pixels, clip.masks(12), [Layer(effect_class(), (1,))], frame_index=12, time=0.48, clip=clip)
    assert np.abs(result.astype(int) - pixels).max() > 20


@ALL
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_json_brings_every_effect_back(effect_class, data):
    drawn = {each.name: data.draw(values_of(each), label=each.name) for each in settings_of(effect_class)}
    effect = effect_class(**drawn)
    assert effect_from_json(json.loads(json.dumps(effect.to_json()))) == effect
    assert effect_from_json({"name": effect_class.name}) == effect_class()


def values_of(known: effects.Setting) -> st.SearchStrategy:
    if known.kind == "switch":
        return st.booleans()
    if known.kind == "choice":
        return st.sampled_from(known.choices)
    if known.kind in ("text", "file"):
        return st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=20)
    if known.kind == "color":
        return st.one_of(st.just("object"), st.integers(0, 0xFFFFFF).map("#{:06X}".format))
    if known.kind == "integer":
        return st.integers(int(known.low), int(known.high))
    return st.floats(known.low, known.high)


@ALL
def test_what_no_setting_takes_is_refused(effect_class):
    with pytest.raises(EffectError, match='has no setting "sharpness"; ' + effect_class.name):
        effect_from_json({"name": effect_class.name, "sharpness": 1})
    for known in settings_of(effect_class):
        refused = (
            [None, [], "red", "#12345"] if known.kind not in ("text", "file") else [None, [], "two\nlines", "x" * 2000]
        )
        if known.kind in ("number", "integer"):
            refused += [known.low - 1, known.high + 1, float("nan"), float("inf"), True]
        for value in refused:
            with pytest.raises(EffectError, match=f"{effect_class.name}: {known.name} cannot be"):
                effect_class(**{known.name: value})


def test_an_unknown_effect_is_refused_with_the_known_ones():
    with pytest.raises(EffectError, match=r"the effects are .*blur, .*spotlight"):
        effect_from_json({"name": "blurr"})
    for nonsense in ("blur", {}, {"name": 3}, None):
        with pytest.raises(EffectError, match="an effect is written"):
            effect_from_json(nonsense)


NEW_EFFECT = '''
from dataclasses import dataclass

from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Invert(Effect):
    """Turns every colour into its opposite."""

    amount: float = setting(1.0, low=0, high=1, unit="%", label="How much")
    mode: str = setting("all", choices=("all", "red"))

    def apply(self, shot: Shot) -> Pixels:
        return 255 - shot.pixels
'''

SCRIPT = """
import json, numpy as np
from effects import EFFECTS, compose, describe_effects, parse_layer
layer = parse_layer("1 invert amount=0.5 mode=red opacity=1")
result = compose(np.zeros((4, 4, 3), np.uint8), {1: np.ones((4, 4), bool)}, [layer])
described = next(each for each in describe_effects() if each["name"] == "invert")
print(json.dumps([sorted(EFFECTS), layer.to_json()["effect"], described, int(result.min())]))
"""


def copy_package(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__")))


def test_a_new_file_is_all_that_a_new_effect_needs(tmp_path):
    package = copy_package(Path(effects.__path__[0]), tmp_path / "effects")
    (package / "library" / "invert.py").write_text(NEW_EFFECT)
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    names, effect, described, darkest = json.loads(ran.stdout)
    assert set(names) == {*EFFECTS, "invert"}
    assert effect == {"name": "invert", "amount": 0.5, "mode": "red"}
    assert described["summary"] == "Turns every colour into its opposite."
    assert [each["name"] for each in described["settings"]] == ["amount", "mode"]
    assert (
        described["settings"][0] | {"label": "How much", "unit": "%", "low": 0, "high": 1} == described["settings"][0]
    )
    assert described["settings"][1]["choices"] == ["all", "red"]
    assert darkest == 255


def test_the_effect_of_the_guide_passes_this_contract(tmp_path):
    """Also shows that the tests find a new effect by themselves."""
    root = Path(__file__).parents[2]
    guide = (root / "docs" / "adding_an_effect.md").read_text()
    package = copy_package(root / "effects", tmp_path / "effects")
    (package / "library" / "posterize.py").write_text(guide.split("```python\n")[1].split("```")[0])
    copy_package(Path(__file__).parent, tmp_path / "tests" / "effects")
    (tmp_path / "tests" / "__init__.py").touch()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "posterize", "tests/effects"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert int(ran.stdout.split(" passed")[0].split()[-1]) >= 15
