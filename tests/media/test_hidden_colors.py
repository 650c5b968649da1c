"""What lies under full transparency is gone, and what is visible stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from media.hidden_colors import REACH, without_hidden_colors


@pytest.mark.parametrize("goes_on", [False, True])
def test_only_hidden_pixels_change(goes_on: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 4), np.uint8)
    pixels[..., 3] = 0
    pixels[10:20, 30:55, 3] = 1
    before = pixels.copy()
    found = without_hidden_colors(pixels, goes_on=goes_on)
    assert np.array_equal(pixels, before)
    assert np.array_equal(found[..., 3], pixels[..., 3])
    assert np.array_equal(found[10:20, 30:55], pixels[10:20, 30:55])
    assert not found[: 10 - REACH, :, :3].any()
    assert not found[:, : 30 - REACH, :3].any()
    assert found[8, 40, :3].any() == goes_on


def test_the_colour_of_an_edge_goes_on() -> None:
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[...] = (0, 0, 255, 0)
    pixels[10:20, 30:] = (200, 100, 50, 255)
    found = without_hidden_colors(pixels, goes_on=True)
    assert found[10 - REACH, 45].tolist() == [200, 100, 50, 0]
    assert found[15, 30 - REACH].tolist() == [200, 100, 50, 0]
    assert found[15, 30 - REACH - 1].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("alpha", [0, 255])
def test_all_or_nothing_hidden(alpha: int) -> None:
    pixels = np.full((8, 9, 4), 77, np.uint8)
    pixels[..., 3] = alpha
    found = without_hidden_colors(pixels, goes_on=True)
    assert np.array_equal(found, pixels if alpha else np.zeros_like(pixels))
