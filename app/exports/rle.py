"""Masks as run lengths, in the compressed text that COCO's and SA-V's tools read.

Runs of outside and inside take turns, beginning outside, column by column. From the fourth run on the difference to
the run two before is written instead. Each number becomes characters of six bits from "0" on: five bits of the
number, the lowest first, and one bit that says that more follow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST_CHARACTERS = 7
"""Enough for 35 bits."""


def encode_rle(mask: NDArray[np.bool_]) -> str:
    """Give a mask (H, W) bool as compressed run lengths."""
    runs = run_lengths(mask)
    numbers = runs.copy()
    numbers[3:] -= runs[1:-2]
    written = np.zeros((len(numbers), _MOST_CHARACTERS), np.uint8)
    goes_on = np.ones(len(numbers), bool)
    for place in range(_MOST_CHARACTERS):
        bits = numbers & 31
        numbers = numbers >> 5
        more = np.where(bits & 16, numbers != -1, numbers != 0)
        written[goes_on, place] = (bits + 32 * more + 48)[goes_on]
        goes_on = goes_on & more
        if not goes_on.any():
            break
    return written[written > 0].tobytes().decode("ascii")


def run_lengths(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The lengths of the runs of a mask (H, W), column by column; the first is of outside and may be 0."""
    flat = np.ravel(mask, order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).astype(np.int64)
    return np.concatenate([[0], runs]) if flat[0] else runs
