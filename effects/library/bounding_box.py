"""Bounding box: a frame around the object, whole or its corners alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from effects.canvas import NOTHING, Canvas, Point, round_rectangle
from effects.effect import Drawing, Effect, Shot, setting


@dataclass(frozen=True)
class BoundingBox(Effect):
    """Draws a box around the object, or four corners as a camera's viewfinder does."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    style: str = setting("corners", choices=("corners", "box"))
    width: float = setting(4.0, low=1, high=40, unit="px")
    margin: float = setting(10.0, low=-100, high=200, unit="px")
    radius: float = setting(14.0, low=0, high=100, unit="px", label="Round corners")
    color: str = setting("object")
    smoothing: float = setting(0.25, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        place = shot.place(self.smoothing)
        if place is None:
            return NOTHING
        x0, y0 = place.x0 - self.margin, place.y0 - self.margin
        x1, y1 = max(place.x1 + self.margin, x0 + 2), max(place.y1 + self.margin, y0 + 2)
        reach = self.width + 2
        canvas = Canvas(shot, x0 - reach, y0 - reach, x1 + reach, y1 + reach)
        outline = round_rectangle(x0, y0, x1, y1, self.radius)
        strokes = [[*outline, outline[0]]] if self.style == "box" else _corners(outline, x0, y0, x1, y1)
        for points in strokes:
            canvas.line(points, self.width + max(self.width * 0.5, 1.5), (0, 0, 0), 0.3)
        for points in strokes:
            canvas.line(points, self.width, shot.paint(self.color))
        return canvas.drawing()


def _corners(outline: list[Point], x0: float, y0: float, x1: float, y1: float) -> list[list[Point]]:
    """The arcs of a round rectangle with a piece of each side at both ends."""
    steps = len(outline) // 4
    arcs = [outline[at : at + steps] for at in range(0, len(outline), steps)]
    leg = min(x1 - x0, y1 - y0) * 0.22
    before = ((0, -leg), (leg, 0), (0, leg), (-leg, 0))
    after = ((-leg, 0), (0, -leg), (leg, 0), (0, leg))
    return [
        [(arc[0][0] + b[0], arc[0][1] + b[1]), *arc, (arc[-1][0] + a[0], arc[-1][1] + a[1])]
        for arc, b, a in zip(arcs, before, after, strict=True)
    ]
