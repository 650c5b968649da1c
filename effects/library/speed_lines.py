"""Speed lines: streaks behind an object that moves, as comics draw them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import plain
from effects.box import Box, Size
from effects.camera import moved_points
from effects.canvas import NOTHING
from effects.effect import Alpha, Drawing, Effect, Shot, setting

_TICK = 2
"""For how many frames one set of streaks stays: they flicker, but not so fast that they blur."""


@dataclass(frozen=True)
class SpeedLines(Effect):
    """Draws streaks behind the object along its way, the longer the faster it moves."""

    draws_around: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    count: int = setting(18, low=1, high=80)
    length: float = setting(1.0, low=0.1, high=4)
    width: float = setting(5.0, low=1, high=30, unit="px")
    color: str = setting("#ffffff")
    smoothing: float = setting(0.5, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        """Each streak begins at the object's rear edge and ends in a point; a new set is drawn every other frame."""
        moved = self._velocity(shot)
        place = shot.place(self.smoothing)
        if place is None or moved is None:
            return NOTHING
        speed = math.hypot(*moved)
        size = math.sqrt(max(place.width * place.height, 1.0))
        # Relative to the object: a third of its size in a second is a walk, three times its size a sprint.
        strength = min(1.0, speed * shot.footage.fps / size / 1.5)
        if strength < 0.08:
            return NOTHING
        way = np.array(moved) / speed
        reach = self.length * size * (0.35 + 0.9 * strength)
        streaks = self._streaks(shot, np.array(place.middle), way, reach, size)
        low, high = streaks.min(axis=(0, 1)) - self.width - 1, streaks.max(axis=(0, 1)) + self.width + 1
        box = Box(int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1).clipped(shot.alpha.shape)
        if box.is_empty:
            return NOTHING
        drawn = _draw(streaks - (box.x0 + 0.5, box.y0 + 0.5), box.size, self.width)
        alpha = drawn * np.float32(0.9 * strength) * (1 - shot.alpha[box.slices])
        return Drawing(plain(shot.paint(self.color), box.size), alpha, (box.x0, box.y0))

    def _velocity(self, shot: Shot) -> tuple[float, float] | None:
        """How far the object moves over the ground in a frame (x, y) [px], from its smoothed path around this one."""
        path = shot.footage.path(self.smoothing)
        last = shot.footage.num_frames - 1
        first, second = max(shot.index - 2, 0), min(shot.index + 2, last)
        before, after = path.at(first), path.at(second)
        if before is None or after is None or second <= first:
            return None
        ground = moved_points(shot.footage.camera(first, second), np.array([(before.x, before.y)]))[0]
        return (after.x - ground[0]) / (second - first), (after.y - ground[1]) / (second - first)

    def _streaks(self, shot: Shot, middle: np.ndarray, way: np.ndarray, reach: float, size: float) -> np.ndarray:
        """(N, 2, 2): where each streak begins and ends (x, y) [px of the frame]."""
        random = np.random.default_rng((shot.index // _TICK, self.count))
        side = np.array((-way[1], way[0]))
        rear = _rear_edge(shot.alpha, middle, way, side, size)
        across = (np.arange(self.count) + random.uniform(0.1, 0.9, self.count)) / self.count - 0.5
        starts = rear[np.minimum(((across + 0.5) * len(rear)).astype(int), len(rear) - 1)]
        begin = starts - random.uniform(0.02, 0.3, self.count) * size
        long = reach * random.uniform(0.35, 1.0, self.count)
        width = _spread(shot.alpha, side)
        origin = middle + side * (across * width)[:, None]
        return np.stack([origin + way * begin[:, None], origin + way * (begin - long)[:, None]], axis=1)


def _spread(alpha: Alpha, side: np.ndarray) -> float:
    """How wide the object is across its way [px]."""
    box = Box.around(alpha)
    return float(abs(side[0]) * (box.x1 - box.x0) + abs(side[1]) * (box.y1 - box.y0)) * 0.9


def _rear_edge(alpha: Alpha, middle: np.ndarray, way: np.ndarray, side: np.ndarray, size: float) -> np.ndarray:
    """(24,): how far behind the middle the object ends, on lines along its way from one flank to the other [px]."""
    rows, columns = np.nonzero(alpha[::4, ::4] > 0.5)
    points = np.stack([columns * 4 + 2, rows * 4 + 2], axis=1) - middle
    along, across = points @ way, points @ side
    bins = 24
    width = max(_spread(alpha, side), 1.0)
    which = np.clip(((across / width + 0.5) * bins).astype(int), 0, bins - 1)
    rear = np.full(bins, np.inf)
    np.minimum.at(rear, which, along)
    known = np.isfinite(rear)
    if not known.any():
        return np.full(bins, -size / 2)
    return np.interp(np.arange(bins), np.flatnonzero(known), rear[known])


def _draw(streaks: np.ndarray, size: Size, width: float) -> Alpha:
    """Thin triangles that fade along their length, (H, W) float32."""
    mask = np.zeros(size, np.uint8)
    for begin, end in streaks:
        along = end - begin
        length = math.hypot(*along)
        if length < 1:
            continue
        side = np.array((-along[1], along[0])) * (width / 2 / length)
        shape = np.stack([begin + side, begin - side, end])
        cv2.fillPoly(mask, [np.round(shape * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask * np.float32(1 / 255)
