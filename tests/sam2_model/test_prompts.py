"""Prompts are checked when built."""

from __future__ import annotations

import numpy as np
import pytest

from sam2_model import Prompt, PromptError


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "empty"),
        ({"points": ((1, 2),)}, "1 points came with 0 labels"),
        ({"points": ((1, 2),), "labels": (2,)}, "only 1 .* and 0"),
        ({"points": ((float("nan"), 2),), "labels": (1,)}, "not finite"),
        ({"box": (5, 5, 5, 9)}, "is empty"),
        ({"mask": np.zeros((3, 3), np.uint8)}, "bool"),
        ({"mask": np.zeros((3, 3), bool), "points": ((1, 1),), "labels": (1,)}, "alone"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(fields: dict[str, object], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        Prompt(**fields)


def test_a_further_click_keeps_the_earlier_ones() -> None:
    first = Prompt(points=((1, 2),), labels=(1,), box=(0, 0, 4, 4))
    second = first.with_point(3, 4, 0)
    assert second.points == ((1, 2), (3, 4))
    assert second.labels == (1, 0)
    assert second.box == first.box
    assert first.points == ((1, 2),)


def test_a_click_on_a_mask_prompt_replaces_the_mask() -> None:
    assert Prompt(mask=np.ones((3, 3), bool)).with_point(1, 1).mask is None
