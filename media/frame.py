"""One decoded picture of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from media.planes import Planes

Pixels = NDArray[np.uint8]
"""A picture: (H, W, 3) uint8, RGB, upright, square pixels."""

Picture = Pixels | Planes
"""A picture in RGB, or still in the planes in which its clip keeps it."""


def pixels_of(picture: Picture) -> Pixels:
    """A picture in RGB: (H, W, 3) uint8."""
    return picture.pixels() if isinstance(picture, Planes) else picture


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a clip, as a person sees it.

    Attributes:
        index: its place in the clip, counted from 0.
        time: when it is shown, counted from the container's start [s].
        picture: as it came: in planes where the clip keeps it so, which cost half and are written again as they are.
    """

    index: int
    time: Fraction
    picture: Picture

    @cached_property
    def pixels(self) -> Pixels:
        """(H, W, 3) uint8 RGB, upright, square pixels; made of planes once, when first asked for."""
        return pixels_of(self.picture)
