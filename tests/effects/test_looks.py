"""Looks: every one can be built, saved and seen, and a surprise is the same for the same seed."""

import json

import numpy as np
import pytest

from effects import EffectError, Layer, compose
from effects.looks import LOOKS, look, surprise

SIZE = (90, 160)


@pytest.fixture(scope="module")
def shot() -> tuple[np.ndarray, dict[int, np.ndarray]]:
    pixels = np.random.default_rng(3).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    masks = {each: np.zeros(SIZE, bool) for each in (1, 4)}
    masks[1][20:70, 30:60] = True
    masks[4][30:60, 100:130] = True
    return pixels, masks


def test_there_is_a_choice_of_looks():
    assert len(LOOKS) >= 12


@pytest.mark.parametrize("name", LOOKS)
def test_every_look_changes_the_picture_and_survives_json(name, shot):
    pixels, masks = shot
    layers = look(name, (1, 4))
    again = [Layer.from_json(json.loads(json.dumps(each.to_json()))) for each in layers]
    assert tuple(again) == layers
    changed = np.abs(compose(pixels, masks, layers).astype(int) - pixels).mean()
    assert changed > 1
    assert all(each.target in ("background", "everything", (1, 4)) for each in layers)


def test_without_objects_only_the_rest_is_changed():
    assert [each.target for each in look("Rush", ())] == ["background"]
    assert look("Green screen", ()) == ()


def test_an_unknown_look_is_refused_with_the_known_ones():
    with pytest.raises(EffectError, match="the looks are Portrait"):
        look("Portait", (1,))


def test_a_surprise_is_the_same_for_the_same_seed_and_another_for_others(shot):
    pixels, masks = shot
    stacks = [surprise(seed, (1, 4)) for seed in range(200)]
    assert stacks == [surprise(seed, (1, 4)) for seed in range(200)]
    assert len({repr(each) for each in stacks}) > 120
    assert all(stacks)
    for layers in stacks[:20]:
        assert np.abs(compose(pixels, masks, layers).astype(int) - pixels).mean() > 0.5
