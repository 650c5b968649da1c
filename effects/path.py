"""The path of an object: where it is on each frame and how large, as tracked or smoothed without lag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box

BRIDGED = 5
"""An object that is away for up to so many frames is taken to have gone on moving [frames]."""
_LEAST_SMOOTHING = 0.1
"""A Gaussian so narrow sees no other frame [frames]."""


class Sighting(NamedTuple):
    """Where an object is on one frame [px of the frame], fractions allowed.

    Attributes:
        x0, y0, x1, y1: its box.
        x, y: its centre of mass.
        area: how many pixels it covers.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    x: float
    y: float
    area: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        """The middle (x, y) of the box."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


def sight(mask: NDArray[Any]) -> Sighting | None:
    """Measure a mask (H, W) of any number type; None where it is 0 everywhere."""
    box = Box.around(mask)
    if box.is_empty:
        return None
    part = mask[box.slices]
    inside = (part if part.dtype == bool else part > 0).view(np.uint8)
    of_rows, of_columns = (cv2.reduce(inside, along, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for along in (1, 0))
    area = float(of_rows.sum())
    x = float(of_columns @ (np.arange(box.x0, box.x1) + 0.5)) / area
    y = float(of_rows @ (np.arange(box.y0, box.y1) + 0.5)) / area
    return Sighting(*box, x, y, area)


def join_sightings(sightings: Iterable[Sighting | None]) -> Sighting | None:
    """Several objects taken as one; None where none of them is seen."""
    seen = [each for each in sightings if each is not None]
    if not seen:
        return None
    area = sum(each.area for each in seen)
    return Sighting(
        min(each.x0 for each in seen),
        min(each.y0 for each in seen),
        max(each.x1 for each in seen),
        max(each.y1 for each in seen),
        sum(each.x * each.area for each in seen) / area,
        sum(each.y * each.area for each in seen) / area,
        area,
    )


@dataclass(frozen=True, eq=False)
class Path:
    """Where something is on each frame of a clip.

    Attributes:
        sightings: one a frame, None where it is absent.
        tracked: on which frames it was looked for at all; None: on all of them.
    """

    sightings: Sequence[Sighting | None]
    tracked: Sequence[bool] | None = None
    _smoothed: dict[float, Path] = field(default_factory=dict, repr=False)

    def at(self, frame_index: int) -> Sighting | None:
        """Where it is on a frame; beyond the clip's ends as on its first or last frame."""
        return self.sightings[min(max(frame_index, 0), len(self.sightings) - 1)]

    def was_tracked(self, frame_index: int) -> bool:
        """Whether anybody looked for it on that frame: an absence then means that it was not there."""
        return self.tracked is None or self.tracked[frame_index]

    def smoothed(self, frames: float) -> Path:
        """The path without its jitter, without lag, and without the gaps of some frames in which the track was lost.

        Each number is read off a straight line fitted to the frames before and after, the nearer ones counting more.
        A line and not an average: what moves evenly is then left where it is, also at the clip's ends.

        Args:
            frames: the standard deviation of the Gaussian that says how much a frame counts [frames].
        """
        if frames < _LEAST_SMOOTHING:
            return self
        if frames not in self._smoothed:
            self._smoothed[frames] = Path(_smooth(self.sightings, frames), self.tracked)
        return self._smoothed[frames]


def _smooth(sightings: Sequence[Sighting | None], sigma: float) -> list[Sighting | None]:
    present = np.array([each is not None for each in sightings])
    if not present.any():
        return list(sightings)
    where = np.flatnonzero(present)
    # What is away for long may come back anywhere: it begins a new run. A short gap belongs to the run around it.
    numbers = np.cumsum(np.diff(where, prepend=where[0]) > BRIDGED + 1)
    before = np.searchsorted(where, np.arange(len(sightings)), side="right") - 1
    after = np.searchsorted(where, np.arange(len(sightings)), side="left")
    is_within = (before >= 0) & (after < len(where))
    run = np.where(is_within, numbers[before.clip(0)], -1)
    is_within &= run == numbers[after.clip(0, len(where) - 1)]
    values = np.zeros((len(sightings), 7))
    values[where] = [each for each in sightings if each is not None]
    fitted = fit_lines(values, present, run, sigma)
    return [Sighting(*row) if seen else None for row, seen in zip(fitted.tolist(), is_within.tolist(), strict=True)]


def fit_lines(values: NDArray[Any], present: NDArray[Any], run: NDArray[Any], sigma: float) -> NDArray[Any]:
    """Weighted linear regression around each frame: the line's value there.

    Args:
        values: (T, N), one row a frame.
        present: (T,) bool; other rows are not read.
        run: (T,) frames of different runs do not see each other.
        sigma: standard deviation of the weights [frames].
    """
    num_frames = len(values)
    reach = min(int(np.ceil(3 * sigma)), num_frames - 1)
    sums = np.zeros((3, num_frames, 1))  # of weights, weights·offset, weights·offset²
    totals = np.zeros((2, *values.shape))  # of weights·value, weights·offset·value
    for offset in range(-reach, reach + 1):
        here = slice(max(0, -offset), num_frames - max(0, offset))
        there = slice(max(0, offset), num_frames - max(0, -offset))
        counts = (present[there] & (run[there] == run[here]))[:, None]
        weight = np.exp(-0.5 * (offset / sigma) ** 2) * counts
        for power in range(3):
            sums[power, here] += weight * offset**power
        for power in range(2):
            totals[power, here] += weight * offset**power * values[there]
    spread = sums[0] * sums[2] - sums[1] ** 2
    line = (sums[2] * totals[0] - sums[1] * totals[1]) / np.where(spread > 1e-9, spread, 1)
    mean = totals[0] / np.maximum(sums[0], 1e-12)
    return np.where(spread > 1e-9, line, mean)
