"""Making a picture smaller by the average of its blocks, weighted by alpha."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.blend import DENSE
from effects.box import Box, Size
from effects.effect import Alpha, Pixels

EXTENSION_CELL = 8
_MOST_SUMMED = 65535 // 255
"""So many bytes make a sum of 16 bits at most."""
_WHOLE = 240
"""The 1 of a mask in bytes: its quarters and sixteenths are whole numbers, so that halving rounds nothing."""
EXTENSION = 16
"""How far `extend` carries colours [px], in blocks of the size above."""


def sum_blocks(
    pixels: Pixels, alpha: Alpha, cell: int, full_beyond: Box | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Average `pixels·alpha` and `alpha` over blocks of `cell` × `cell` [px] from the first pixel on.

    The one divided by the other is each block's colour over the target alone. Blocks that reach over the border are
    filled up with weight 0.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) of one channel.
        alpha: (H, W) float32, 0 to 1, or a mask, uint8 of 0 or 1.
        cell: side of a block [px].
        full_beyond: outside this box alpha is 1, and nothing need be weighed; None: nothing is known.

    Returns:
        (h, w, 3), or as many channels as there were, and (h, w) float32 with h = ceil(H / cell), w = ceil(W / cell).
    """
    height, width = alpha.shape
    rows, columns = -(-height // cell), -(-width // cell)
    if full_beyond is None:
        return _weigh_blocks(pixels, alpha, cell)
    weighted = np.empty((rows, columns, *pixels.shape[2:]), np.float32)
    weight = np.ones((rows, columns), np.float32)
    down, right = height // cell, width // cell
    if down and right:
        weighted[:down, :right] = average_blocks(pixels[: down * cell, : right * cell], cell)
    box = Box(*(each // cell for each in full_beyond.snapped(cell))).clipped((rows, columns))
    for part in (box, Box(right, 0, columns, rows), Box(0, down, columns, rows)):
        if not part.is_empty:
            of_pixels = Box(*(each * cell for each in part)).slices
            weighted[part.slices], weight[part.slices] = _weigh_blocks(pixels[of_pixels], alpha[of_pixels], cell)
    return weighted, weight


def average_blocks(values: NDArray[Any], cell: int) -> NDArray[Any]:
    """Average blocks of `cell` × `cell` [px] of (H, W, …) uint8 or float32 with sides that are multiples of it."""
    if values.dtype == np.uint8 and cell.bit_count() > 1 and cell <= _MOST_SUMMED:
        return _average_bytes(values, cell)
    # OpenCV halves several times as fast as it shrinks by anything else; rounding twice in between does not show.
    for _ in range(2):
        if values.dtype == np.uint8 and cell % 2 == 0:
            half = values.shape[1] // 2, values.shape[0] // 2
            values, cell = np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA)), cell // 2
    averaged = np.asarray(values, np.float32)
    while cell % 2 == 0:
        half = averaged.shape[1] // 2, averaged.shape[0] // 2
        averaged, cell = np.asarray(cv2.resize(averaged, half, interpolation=cv2.INTER_LINEAR)), cell // 2
    if cell == 1:
        return averaged
    small = averaged.shape[1] // cell, averaged.shape[0] // cell
    return np.asarray(cv2.resize(averaged, small, interpolation=cv2.INTER_AREA))


def _average_bytes(values: NDArray[Any], cell: int, largest: int = 255) -> NDArray[Any]:
    """Whole rows are summed first, which nothing does faster, then what is left of each block's row, by a product."""
    height, width, channels = values.shape[0] // cell, values.shape[1] // cell, values.shape[2:]
    rows = values.reshape(height, cell, -1).sum(axis=1, dtype=np.min_scalar_type(largest * cell))
    # A product for each row of blocks: a large one numpy gives to threads that then spin for 25 ms.
    parted = rows.reshape(height, width, -1).astype(np.float32)
    sums = parted @ _by_channel(cell, channels[0] if channels else 1)  # whole numbers: the order does not matter
    return np.multiply(sums, np.float32(1 / cell**2), out=sums).reshape(height, width, *channels)


@lru_cache(maxsize=32)
def _by_channel(cell: int, channels: int) -> NDArray[Any]:
    """What sums `cell` neighbouring pixels by a product: (cell · channels, channels) float32."""
    return np.tile(np.eye(channels, dtype=np.float32), (cell, 1))


def _weigh_blocks(pixels: Pixels, alpha: Alpha, cell: int) -> tuple[NDArray[Any], NDArray[Any]]:
    alpha, pixels = fill_up(alpha, cell), fill_up(pixels, cell)
    if alpha.dtype != np.uint8:
        return average_blocks(weigh(pixels, alpha), cell), average_blocks(alpha, cell)
    weighted = average_blocks(np.asarray(cv2.copyTo(pixels, alpha)), cell)
    if cell.bit_count() > 1:
        return weighted, _average_bytes(alpha, cell, largest=1)
    return weighted, average_blocks(alpha * np.uint8(_WHOLE), cell) * np.float32(1 / _WHOLE)


def weigh(pixels: Pixels, alpha: Alpha) -> NDArray[Any]:
    """`pixels·alpha`, rounded: (H, W, …) uint8. Where alpha is 0 or 1, nearly everywhere, nothing is multiplied."""
    is_touched = alpha > 0
    is_soft = is_touched & (alpha < 1)
    num_soft = cv2.countNonZero(is_soft.view(np.uint8))
    if num_soft * DENSE > alpha.size:
        return np.asarray(cv2.multiply(pixels, _like(alpha, pixels), dtype=cv2.CV_8U))
    weighed = np.asarray(cv2.copyTo(pixels, is_touched.view(np.uint8)))
    if num_soft:
        where = np.flatnonzero(is_soft)
        flat = weighed.reshape(alpha.size, -1)
        flat[where] = np.rint(flat[where] * np.ascontiguousarray(alpha).reshape(-1, 1)[where])
    return weighed


def _like(alpha: Alpha, values: NDArray[Any]) -> Alpha:
    """Alpha in as many channels as the values have."""
    return alpha if values.ndim == 2 else cv2.merge([alpha] * values.shape[2])


def enlarge(cells: NDArray[Any], cell: int, size: Size) -> NDArray[Any]:
    """The other way of `sum_blocks`, smoothly: (h, w, …) blocks to a picture of `size` (height, width) [px]."""
    if cell == 1:
        return cells
    whole = cells.shape[1] * cell, cells.shape[0] * cell
    # OpenCV enlarges numbers of 16 bits in half the time that it takes for bytes.
    wide = cells.astype(np.uint16) if cells.dtype == np.uint8 else cells
    enlarged = cv2.resize(wide, whole, interpolation=cv2.INTER_LINEAR)[: size[0], : size[1]]
    return enlarged.astype(cells.dtype, copy=False)


def repeat_blocks(blocks: NDArray[Any], cell: int, size: Size, room: NDArray[Any] | None = None) -> NDArray[Any]:
    """The other way of `sum_blocks`, with hard edges: (h, w, …) blocks to a picture of `size` (height, width) [px].

    Args:
        blocks: uint8 or float32, of one channel or three.
        cell: side of a block [px].
        size: what lies beyond is cut off.
        room: where to put the picture; None: into a new array.
    """
    # Across first: whole rows are then copied, several times as fast as the other way about.
    wide = (blocks.shape[1] * cell, blocks.shape[0])
    rows = np.asarray(cv2.resize(blocks, wide, interpolation=cv2.INTER_NEAREST_EXACT))[:, : size[1]]
    made = np.empty((*size, *blocks.shape[2:]), blocks.dtype) if room is None else room
    down = size[0] // cell
    made[: down * cell].reshape(down, cell, *rows.shape[1:])[...] = rows[:down, None]
    made[down * cell :] = rows[down:]
    return made


def extend(pixels: Pixels, alpha: Alpha, full_beyond: Box | None = None) -> Pixels:
    """Carry the target's own colours over its edge, for effects that look at neighbouring pixels.

    What lay there is gone: a filter may then read up to `EXTENSION` [px] beyond the target without taking in what is
    none of its own. The window of such an effect is `box.grown(reach).snapped(EXTENSION_CELL)`.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) of one channel.
        alpha: (H, W) float32; the target is where it is not 0.
        full_beyond: outside this box alpha is 1; None: nothing is known.

    Returns:
        As `pixels`, which is returned itself where the target covers everything.
    """
    size = alpha.shape[0], alpha.shape[1]
    looked = Box(0, 0, size[1], size[0]) if full_beyond is None else full_beyond.clipped(size)
    if looked.is_empty:
        return pixels
    box = Box.around(alpha[looked.slices] <= 0).moved(looked.x0, looked.y0)
    if box.is_empty:
        return pixels
    near = box.snapped(EXTENSION_CELL).grown(EXTENSION).clipped(size).slices
    beyond = (alpha[near] <= 0).view(np.uint8)
    weighted, weight = sum_blocks(pixels[near], alpha[near], EXTENSION_CELL)
    weighted, weight = (cv2.blur(each, (5, 5), borderType=cv2.BORDER_CONSTANT) for each in (weighted, weight))
    cells = divide_by_weight(weighted, weight)
    # Whole cells, not smooth ones: at the window's border a smooth one would depend on where the border is.
    filled = repeat_blocks(cells, EXTENSION_CELL, (beyond.shape[0], beyond.shape[1]))
    extended = pixels.copy()
    extended[near] = cv2.copyTo(np.ascontiguousarray(filled), beyond, pixels[near].copy())
    return extended


def divide_by_weight(weighted: NDArray[Any], weight: Alpha) -> Pixels:
    """Colours from weighted sums, (h, w, …) uint8; black where there is no weight at all."""
    return cv2.convertScaleAbs(cv2.divide(weighted, _like(np.maximum(weight, 1e-8), weighted)))


def fill_up(values: np.ndarray, cell: int) -> np.ndarray:
    """Add zeros below and on the right until both sides are multiples of `cell`."""
    below, right = -values.shape[0] % cell, -values.shape[1] % cell
    if below == 0 and right == 0:
        return values
    return cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
