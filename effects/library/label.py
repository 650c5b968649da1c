"""Label: the object's name beside it, with a line that leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from effects.canvas import NOTHING, Canvas, round_rectangle
from effects.color import Color
from effects.effect import Drawing, Effect, Shot, setting, text_setting
from effects.lettering import letter
from effects.path import Sighting

_SIDES = {"above": (0.35, -1.0), "right": (1.0, -0.45), "below": (0.35, 1.0), "left": (-1.0, -0.45)}
"""Which way the line goes from the object's middle, in x and y."""


@dataclass(frozen=True)
class Label(Effect):
    """Writes the object's name, or words of your own, on a plate beside it, with a leader line."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True
    sees_place_alone: ClassVar[bool] = True

    text: str = text_setting("", label="Words (empty: the name)")
    size: float = setting(26.0, low=8, high=200, unit="px")
    side: str = setting("above", choices=tuple(_SIDES))
    line: float = setting(60.0, low=0, high=400, unit="px", label="Length of the line")
    color: str = setting("object")
    smoothing: float = setting(0.6, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        """A dot on the object, a line out of its box, and the plate at the line's end, kept inside the frame."""
        place = shot.place(self.smoothing)
        words = letter(self.text or shot.name or "Object", self.size, 0.012)
        if place is None:
            return NOTHING
        pad, color = self.size * 0.5, shot.paint(self.color)
        width, height = words.shape[1] + 2 * pad + self.size * 0.25, self.size * 0.85 + 2 * pad * 0.7
        x, y = self._plate_corner(shot, place, width, height)
        end = min(max(place.x, x), x + width), y + height if place.y > y + height / 2 else y
        xs, ys = (x, x + width, place.x), (y, y + height, place.y)
        margin = self.size
        canvas = Canvas(shot, min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin)
        self._draw_leader(canvas, (place.x, place.y), end, color)
        radius = min(pad * 0.7, height / 2)
        canvas.shadow(round_rectangle(x, y + self.size * 0.08, x + width, y + height, radius), self.size * 0.3, 0.4)
        canvas.plate(x, y, x + width, y + height, radius, (18, 20, 26), 0.86)
        bar = self.size * 0.14
        canvas.plate(x + pad * 0.5, y + pad * 0.6, x + pad * 0.5 + bar, y + height - pad * 0.6, bar / 2, color, 1)
        corner = round(x + pad + self.size * 0.2), round(y + (height - words.shape[0]) / 2)
        canvas.paint(words, (255, 255, 255), corner)
        return canvas.drawing()

    def _plate_corner(self, shot: Shot, place: Sighting, width: float, height: float) -> tuple[float, float]:
        """Where the plate's first corner goes: at the end of the line, but inside the frame."""
        across, down = _SIDES[self.side]
        reach_x, reach_y = place.width / 2 + self.line, place.height / 2 + self.line
        x, y = place.middle
        way = 1 if self._has_room(shot, width, height) else -1
        if abs(down) == 1:
            x, y = x + across * self.line, y + way * down * (reach_y + height / 2) - height / 2
        else:
            x, y = x + way * across * (reach_x + width / 2) - width / 2, y + down * place.height - height / 2
        edge, (rows, columns) = self.size * 0.3, shot.frame_size
        return max(edge, min(x, columns - width - edge)), max(edge, min(y, rows - height - edge))

    def _has_room(self, shot: Shot, width: float, height: float) -> bool:
        """Whether the chosen side has room on most frames; asked of the whole clip, so that the plate never flips."""
        seen = [each for each in shot.footage.path(self.smoothing).sightings if each is not None]
        rows, columns = shot.frame_size
        room = {
            "above": lambda each: each.y0 - height - self.line,
            "below": lambda each: rows - each.y1 - height - self.line,
            "left": lambda each: each.x0 - width - self.line,
            "right": lambda each: columns - each.x1 - width - self.line,
        }[self.side]
        return sum(room(each) >= 0 for each in seen) * 2 >= len(seen)

    def _draw_leader(self, canvas: Canvas, start: tuple[float, float], end: tuple[float, float], color: Color) -> None:
        thin = max(self.size * 0.09, 1.2)
        canvas.line([start, end], thin * 2, (0, 0, 0), 0.35)
        canvas.line([start, end], thin, color)
        canvas.disc(start, thin * 3.2, (0, 0, 0), 0.35)
        canvas.disc(start, thin * 2.6, color)
        canvas.disc(start, thin * 1.2, (255, 255, 255))
