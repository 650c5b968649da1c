"""A box of whole pixels: the part of a frame that a layer has to compute."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""(height, width) [px]."""


_STEP = 48
"""Rows looked at together [px]."""


class Box(NamedTuple):
    """Columns x0 to x1 and rows y0 to y1, the ends excluded [px]."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def around(cls, alpha: NDArray[Any]) -> Box:
        """The smallest box outside which `alpha` (H, W), of any number type, is 0; empty where it is 0 everywhere."""
        inside: NDArray[Any] = np.ascontiguousarray(alpha if alpha.dtype == bool else alpha > 0)
        if not inside.any():
            return cls(0, 0, 0, 0)
        # From either end NumPy stops where something is found; then columns are looked for in these rows alone.
        top, bottom = int(inside.argmax()) // inside.shape[1], inside.shape[0]
        while not inside[max(bottom - _STEP, top) : bottom].any():
            bottom -= _STEP
        start = max(bottom - _STEP, top)
        bottom = start + int(np.flatnonzero(inside[start:bottom].any(axis=1))[-1]) + 1
        columns = np.flatnonzero(inside[top:bottom].any(axis=0))
        return cls(int(columns[0]), top, int(columns[-1]) + 1, bottom)

    @classmethod
    def of_frame(cls, size: Size) -> Box:
        """All of a frame of `size` (height, width)."""
        return cls(0, 0, size[1], size[0])

    @property
    def is_empty(self) -> bool:
        return self.x0 >= self.x1 or self.y0 >= self.y1

    @property
    def size(self) -> Size:
        return self.y1 - self.y0, self.x1 - self.x0

    @property
    def corner(self) -> tuple[int, int]:
        """(x, y) of the first pixel [px]."""
        return self.x0, self.y0

    @property
    def slices(self) -> tuple[slice, slice]:
        """What cuts the box out of an (H, W, …) array."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def grown(self, margin: int) -> Box:
        """The box with `margin` [px] more on each side; an empty one stays empty."""
        if self.is_empty:
            return self
        return Box(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)

    def moved(self, x: int, y: int) -> Box:
        """The box further to the right and down [px]."""
        return Box(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    def snapped(self, cell: int) -> Box:
        """The smallest box around this one with its sides on a grid of `cell` [px] from the frame's corner."""
        return Box(
            self.x0 // cell * cell, self.y0 // cell * cell, -(-self.x1 // cell) * cell, -(-self.y1 // cell) * cell
        )

    def clipped(self, size: Size) -> Box:
        """The part of the box that lies in a frame of `size` (height, width)."""
        return Box(max(self.x0, 0), max(self.y0, 0), min(self.x1, size[1]), min(self.y1, size[0]))

    def intersected(self, other: Box) -> Box:
        """The part that lies in both boxes; empty where none does."""
        return Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))
