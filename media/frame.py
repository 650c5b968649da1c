"""One decoded picture of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""A picture: (H, W, 3) uint8, RGB, upright, square pixels."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a clip, as a person sees it.

    Attributes:
        index: its place in the clip, counted from 0.
        time: when it is shown, counted from the container's start [s].
        pixels: (H, W, 3) uint8 RGB, upright, square pixels.
    """

    index: int
    time: Fraction
    pixels: Pixels
