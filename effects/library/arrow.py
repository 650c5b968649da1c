"""Arrow: points at the object and goes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from effects.canvas import NOTHING, Canvas
from effects.effect import Drawing, Effect, Shot, setting

# Tip at (0, 0), pointing down; in units of the arrow's length.
_SHAPE = np.array([(0, 0), (0.36, -0.42), (0.17, -0.42), (0.13, -1.0), (-0.13, -1.0), (-0.17, -0.42), (-0.36, -0.42)])


@dataclass(frozen=True)
class Arrow(Effect):
    """Points at the object with a lively arrow, from above or from any other side."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True
    sees_place_alone: ClassVar[bool] = True

    size: float = setting(90.0, low=10, high=600, unit="px")
    gap: float = setting(14.0, low=-200, high=200, unit="px", label="Distance")
    direction: float = setting(0.0, low=-180, high=180, unit="°", label="Comes from (0: above)")
    color: str = setting("object")
    bounce: float = setting(0.2, low=0, high=1)
    smoothing: float = setting(0.4, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        """The tip stands where a ray from the box's middle leaves the box; bouncing is a function of the time."""
        place = shot.place(self.smoothing)
        if place is None:
            return NOTHING
        turn = math.radians(self.direction)
        away = math.sin(turn), -math.cos(turn)
        to_side = place.width / 2 / max(abs(away[0]), 1e-6), place.height / 2 / max(abs(away[1]), 1e-6)
        swing = self.bounce * self.size * 0.5 * abs(math.sin(float(shot.time) * math.pi * 1.6))
        reach = min(to_side) + self.gap + swing
        tip = np.array(place.middle) + np.array(away) * reach
        turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        points = _SHAPE * self.size @ turned + tip
        rim = self.size * 0.045
        low, high = points.min(axis=0) - 4 * rim, points.max(axis=0) + 5 * rim
        inside = np.array(shot.frame_size[::-1], float)
        moved = np.maximum(-low, 0) - np.maximum(
            high + np.maximum(-low, 0) - inside, 0
        )  # an arrow out of sight is none
        points, low, high = points + moved, low + moved, high + moved
        canvas = Canvas(shot, *low, *high)
        canvas.shadow([(x, y + 1.2 * rim) for x, y in points], 2 * rim, 0.5)
        closed = [*map(tuple, points), tuple(points[0])]
        canvas.line(closed, 2 * rim, (255, 255, 255))
        canvas.polygon([(x, y) for x, y in points], shot.paint(self.color))
        return canvas.drawing()
