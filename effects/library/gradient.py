"""Gradient: one colour going over into another behind the object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from effects.backdrop import lay_behind, linear_share, radial_share, slope
from effects.box import Size
from effects.color import Color
from effects.effect import Drawing, Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Gradient(Effect):
    """Puts the object in front of two colours that go over into each other."""

    draws_around: ClassVar[bool] = True
    spares_target: ClassVar[bool] = True

    first: str = setting("#3a2a8c")
    second: str = setting("#ff7a8a")
    shape: str = setting("linear", choices=("linear", "radial"))
    angle: float = setting(60.0, low=-360, high=360, unit="°")
    turning: float = setting(0.0, low=-180, high=180, unit="°/s")

    def apply(self, shot: Shot) -> Drawing:
        angle = (self.angle + self.turning * float(shot.time)) % 360 if self.shape == "linear" else 0.0
        colors = shot.paint(self.first), shot.paint(self.second)
        return lay_behind(shot, _draw(shot.frame_size, self.shape, angle, colors))


@lru_cache(maxsize=2)
def _draw(size: Size, shape: str, angle: float, colors: tuple[Color, Color]) -> Pixels:
    share = radial_share(size) if shape == "radial" else linear_share(size, angle)
    return slope(share.clip(0, 1), colors)
