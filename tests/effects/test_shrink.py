"""Blocks: averaged over the target alone, and repeated to the picture's size."""

import numpy as np
import pytest

from effects.blend import lay_below, mix
from effects.shrink import average_blocks, divide_by_weight, repeat_blocks, sum_blocks
from tests.effects.test_catalogue import make_mask, make_pixels

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize("cell", [2, 3, 7, 8, 20, 49, 200])
@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_block_is_the_average_of_its_pixels(cell, channels, dtype):
    values = (RANDOM.random((2 * cell, 3 * cell, *channels)) * 255).astype(dtype)
    wanted = values.reshape(2, cell, 3, cell, *channels).mean(axis=(1, 3), dtype=float)
    assert np.abs(average_blocks(values, cell) - wanted).max() < 1


@pytest.mark.parametrize("cell", [1, 2, 3, 20, 49, 98, 200])
def test_a_part_of_a_picture_is_averaged_as_its_copy(cell):
    part = RANDOM.integers(0, 256, (3 * cell, 2 * cell + 5, 3), dtype=np.uint8)[cell:, : 2 * cell]
    assert np.array_equal(average_blocks(part, cell), average_blocks(part.copy(), cell))


@pytest.mark.parametrize("cell", [3, 6, 20, 49])
def test_a_block_of_which_one_pixel_is_the_target_has_its_colour(cell):
    pixels = RANDOM.integers(0, 256, (2 * cell, 3 * cell, 3), dtype=np.uint8)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[cell - 1 :: cell, ::cell] = 1
    colors = divide_by_weight(*sum_blocks(pixels, mask, cell))
    assert np.array_equal(colors, pixels[cell - 1 :: cell, ::cell])


@pytest.mark.parametrize("cell", [1, 2, 3, 20, 49, 98, 200])
@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("size", [(1, 1), (50, 199), (201, 403)])
def test_blocks_are_repeated_to_the_pixel(cell, channels, size):
    grid = -(-size[0] // cell), -(-size[1] // cell)
    blocks = RANDOM.integers(0, 256, (*grid, *channels), dtype=np.uint8)
    wanted = np.kron(blocks, np.ones((cell, cell, *(1 for _ in channels)), np.uint8))[: size[0], : size[1]]
    assert np.array_equal(repeat_blocks(blocks, cell, size), wanted)
    room = np.full((*size, *channels), 9, np.uint8)
    assert repeat_blocks(blocks, cell, size, room) is room
    assert np.array_equal(room, wanted)


@pytest.mark.parametrize("alpha", ["mask", "hard", "soft", "none", "whole"])
def test_what_was_below_is_put_back_as_if_it_had_been_mixed(alpha):
    size = (61, 97)
    below, made = make_pixels(size, 1), make_pixels(size, 2)
    matte = {
        "mask": make_mask(size).astype(np.uint8),
        "hard": make_mask(size).astype(np.float32),
        "soft": RANDOM.random(size, np.float32),
        "none": np.zeros(size, np.float32),
        "whole": np.ones(size, np.float32),
    }[alpha]
    wanted = mix(below, made, matte)
    frame = np.zeros((70, 110, 3), np.uint8)
    part = frame[4:65, 8:105]
    part[...] = made
    lay_below(part, below, matte)
    assert np.array_equal(part, wanted)
