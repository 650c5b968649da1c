"""What the user says about one object on one frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


class PromptError(ValueError):
    """A prompt that cannot be used; the message is one sentence for the person who gave it."""


@dataclass(frozen=True, eq=False)
class Prompt:
    """Clicks, a box or a mask for one object on one frame, checked when built.

    Attributes:
        points: clicks (x, y) in pixels of the original frame, in the order they were made.
        labels: one a click; 1 says "this belongs to the object", 0 says "this does not".
        box: x0, y0, x1, y1 in pixels of the original frame, or None.
        mask: (H, W) bool of the original frame's size, or None; taken as the truth, so it stands alone.

    Raises:
        PromptError: nothing is given, labels do not match, a box is empty, a mask comes with clicks.
    """

    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if len(self.points) != len(self.labels):
            raise PromptError(
                f"{len(self.points)} points came with {len(self.labels)} labels; one label a point is wanted."
            )
        if any(label not in (0, 1) for label in self.labels):
            raise PromptError(f"Labels are {self.labels}; only 1 (part of the object) and 0 (not part) are known.")
        numbers = [value for point in self.points for value in point] + list(self.box or ())
        if not all(math.isfinite(value) for value in numbers):
            raise PromptError("A point or box holds a number that is not finite; pixel coordinates are wanted.")
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise PromptError(f"The box {self.box} is empty; x0 < x1 and y0 < y1 are wanted.")
        if self.mask is not None:
            if self.points or self.box is not None:
                raise PromptError(
                    "A mask came together with clicks or a box; give the mask alone, then click to correct it."
                )
            if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
                raise PromptError(
                    f"The mask is {self.mask.dtype} {self.mask.shape}; a bool (height, width) array is wanted."
                )
        elif not self.points and self.box is None:
            raise PromptError("The prompt is empty; give a point, a box or a mask.")

    def with_point(self, x: float, y: float, label: int = 1) -> Prompt:
        """The same prompt with one more click at (x, y) [px]; a mask is left behind, since clicks correct it."""
        return replace(self, points=(*self.points, (x, y)), labels=(*self.labels, label), mask=None)

    def check_inside(self, size: tuple[int, int]) -> None:
        """Refuse what lies outside a frame.

        Args:
            size: (height, width) of the frame [px].

        Raises:
            PromptError: a click or the whole box lies outside, or the mask has another size.
        """
        height, width = size
        for x, y in self.points:
            if not (0 <= x <= width and 0 <= y <= height):
                raise PromptError(f"The click at ({x:g}, {y:g}) lies outside the frame of {width}×{height} pixels.")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                raise PromptError(f"The box {self.box} lies outside the frame of {width}×{height} pixels.")
        if self.mask is not None and self.mask.shape != (height, width):
            came = f"{self.mask.shape[1]}×{self.mask.shape[0]}"
            raise PromptError(f"The mask has {came} pixels, the frame {width}×{height}; give it the frame's size.")
