"""Motion path: the line along which the object moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from effects.blend import plain
from effects.box import Box
from effects.camera import STILL, moved_points
from effects.canvas import NOTHING, draw_line
from effects.effect import Drawing, Effect, Shot, setting
from effects.path import BRIDGED

_STEPS = 12
"""Into how many pieces the line is cut to taper and fade."""


@dataclass(frozen=True)
class MotionPath(Effect):
    """Draws the way that the object has come as a line that tapers off, and the way ahead if you like."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    seconds: float = setting(2.0, low=0.1, high=30, unit="s", label="How far back")
    ahead: float = setting(0.0, low=0, high=30, unit="s", label="How far ahead")
    width: float = setting(7.0, low=1, high=60, unit="px")
    color: str = setting("object")
    behind: bool = setting(True, label="Behind the object")
    with_ground: bool = setting(True, label="Stay on the ground when the camera moves")
    smoothing: float = setting(0.3, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        pieces = list(self._pieces(shot))
        if not pieces:
            return NOTHING
        low = np.min([points.min(axis=0) for points, _, _ in pieces], axis=0) - self.width - 2
        high = np.max([points.max(axis=0) for points, _, _ in pieces], axis=0) + self.width + 2
        height, width = shot.alpha.shape
        box = Box(int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1).clipped((height, width))
        if box.is_empty:
            return NOTHING
        line = np.zeros(box.size, np.uint8)
        for points, thickness, strength in pieces:  # from the faint end on; the stronger lies over the fainter
            part = np.zeros_like(line)
            draw_line(part, points - (box.x0 + 0.5, box.y0 + 0.5), thickness)
            np.maximum(line, (part * np.float32(strength)).astype(np.uint8), out=line)
        alpha = line * np.float32(1 / 255)
        if self.behind:
            alpha *= 1 - shot.alpha[box.slices]
        return Drawing(plain(shot.paint(self.color), box.size), alpha, (box.x0, box.y0))

    def _pieces(self, shot: Shot) -> Iterator[tuple[np.ndarray, float, float]]:
        """Pieces of the line: points (N, 2), width [px], strength 0 to 1; the far ends first."""
        fps = shot.footage.fps
        for reach, step in ((round(self.ahead * fps), 1), (round(self.seconds * fps), -1)):
            points = self._points(shot, reach, step)
            if len(points) < 2:
                continue
            count = min(_STEPS, len(points) - 1)
            ends = np.linspace(0, len(points) - 1, count + 1).round().astype(int)
            for at in range(count - 1, -1, -1):
                share = 1 - at / count
                thickness = self.width * (0.25 + 0.75 * share)
                yield points[ends[at] : ends[at + 1] + 1], thickness, share if step < 0 else share * 0.5

    def _points(self, shot: Shot, reach: int, step: int) -> np.ndarray:
        """The centres from this frame on, until the object is away for long."""
        path = shot.footage.path(self.smoothing)
        points, absent, motion = [], 0, STILL
        for distance in range(reach + 1):
            index = shot.index + step * distance
            if not 0 <= index < shot.footage.num_frames:
                break
            if distance and self.with_ground:
                motion = motion @ shot.footage.camera(index, index - step)
            seen = path.at(index)
            absent = 0 if seen else absent + 1
            if seen:
                points.append(moved_points(motion, np.array([(seen.x, seen.y)]))[0])
            elif absent > BRIDGED and points:
                break
        return np.array(points)
