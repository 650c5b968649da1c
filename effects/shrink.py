"""Making a picture smaller by the average of its blocks, weighted by alpha."""

from __future__ import annotations

from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box, Size
from effects.effect import Alpha, Pixels

STRIP = 64
"""About how many rows are done at a time, see `effects.blend`."""


TILE = 192
"""Columns done at a time: most tiles lie wholly inside or outside the target, and there nothing need be weighed."""

EXTENSION_CELL = 8
EXTENSION = 16
"""How far `extend` carries colours [px], in blocks of the size above."""


def sum_blocks(pixels: Pixels, alpha: Alpha, cell: int) -> tuple[NDArray[Any], Alpha]:
    """Average `pixels·alpha` and `alpha` over blocks of `cell` × `cell` [px] from the first pixel on.

    The one divided by the other is each block's colour over the target alone. Blocks that reach over the border are
    filled up with weight 0.

    Returns:
        (h, w, 3) and (h, w) float32 with h = ceil(H / cell), w = ceil(W / cell).
    """
    height, width = alpha.shape
    rows, columns = -(-height // cell), -(-width // cell)
    weighted = np.empty((rows, columns, 3), np.float32)
    weight = np.empty((rows, columns), np.float32)
    tall, wide = max(1, STRIP // cell), max(1, TILE // cell)
    for top, left in product(range(0, rows, tall), range(0, columns, wide)):
        cells = slice(top, top + tall), slice(left, left + wide)
        tile = slice(top * cell, (top + tall) * cell), slice(left * cell, (left + wide) * cell)
        part_alpha = _fill_up(alpha[tile], cell)
        small = (part_alpha.shape[1] // cell, part_alpha.shape[0] // cell)
        lowest, highest, _, _ = cv2.minMaxLoc(part_alpha)
        if lowest == highest == 1:
            weight[cells], weighted[cells] = 1, cv2.resize(pixels[tile], small, interpolation=cv2.INTER_AREA)
        elif highest == 0:
            weight[cells] = weighted[cells] = 0
        else:
            part = cv2.multiply(_fill_up(pixels[tile], cell), cv2.merge([part_alpha] * 3), dtype=cv2.CV_32F)
            weight[cells] = cv2.resize(part_alpha, small, interpolation=cv2.INTER_AREA)
            weighted[cells] = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
    return weighted, weight


def enlarge(cells: NDArray[Any], cell: int, size: Size) -> NDArray[Any]:
    """The other way of `sum_blocks`, smoothly: (h, w, …) blocks to a picture of `size` (height, width) [px]."""
    if cell == 1:
        return cells
    whole = cells.shape[1] * cell, cells.shape[0] * cell
    return cv2.resize(cells, whole, interpolation=cv2.INTER_LINEAR)[: size[0], : size[1]]


def extend(pixels: Pixels, alpha: Alpha) -> Pixels:
    """Carry the target's own colours over its edge, for effects that look at neighbouring pixels.

    What lay there is gone: a filter may then read up to `EXTENSION` [px] beyond the target without taking in what is
    none of its own. The window of such an effect is `box.grown(reach).snapped(EXTENSION_CELL)`.

    Args:
        pixels: (H, W, 3) uint8.
        alpha: (H, W) float32; the target is where it is not 0.

    Returns:
        (H, W, 3) uint8; `pixels` itself where the target covers everything.
    """
    beyond = (alpha <= 0).view(np.uint8)
    box = Box.around(beyond)
    if box.is_empty:
        return pixels
    near = box.snapped(EXTENSION_CELL).grown(EXTENSION).clipped((alpha.shape[0], alpha.shape[1])).slices
    weighted, weight = sum_blocks(pixels[near], alpha[near], EXTENSION_CELL)
    weighted, weight = (cv2.blur(each, (5, 5), borderType=cv2.BORDER_CONSTANT) for each in (weighted, weight))
    cells = divide_by_weight(weighted, weight)
    size = cells.shape[1] * EXTENSION_CELL, cells.shape[0] * EXTENSION_CELL
    # Whole cells, not smooth ones: at the window's border a smooth one would depend on where the border is.
    filled = cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST)
    extended = pixels.copy()
    height, width = beyond[near].shape
    extended[near] = cv2.copyTo(filled[:height, :width], beyond[near], pixels[near].copy())
    return extended


def divide_by_weight(weighted: NDArray[Any], weight: Alpha) -> Pixels:
    """Colours from weighted sums, (h, w, 3) uint8; black where there is no weight at all."""
    return cv2.convertScaleAbs(cv2.divide(weighted, cv2.merge([np.maximum(weight, 1e-8)] * 3)))


def _fill_up(values: np.ndarray, cell: int) -> np.ndarray:
    below, right = -values.shape[0] % cell, -values.shape[1] % cell
    if below == 0 and right == 0:
        return values
    return cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
