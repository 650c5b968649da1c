"""Sticker: a picture that goes with the object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from effects.canvas import NOTHING
from effects.effect import Drawing, Effect, Shot, file_setting, setting
from effects.pictures import place_picture, premultiplied, pyramid, read_pyramid
from effects.stickers import STICKERS, draw_sticker


@dataclass(frozen=True)
class Sticker(Effect):
    """Puts a sticker or a picture of your own on the object; it follows place and size without jitter."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    picture: str = setting("smile", choices=STICKERS)
    file: str = file_setting("picture", label="Own picture")
    size: float = setting(1.0, low=0.1, high=4, label="Size beside the object's")
    across: float = setting(0.0, low=-2, high=2, label="To the right")
    up: float = setting(0.0, low=-2, high=2, label="Up")
    turn: float = setting(0.0, low=-180, high=180, unit="°")
    smoothing: float = setting(0.5, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Drawing:
        """Lay the picture over the smoothed box; `across` and `up` count in the box's own width and height."""
        place = shot.place(self.smoothing)
        if place is None:
            return NOTHING
        levels = self._levels()
        # As large as the box by area: a waving arm widens the box and must not blow up the sticker.
        side = (place.width * place.height) ** 0.5 * self.size
        x = place.middle[0] + self.across * place.width - shot.corner[0]
        y = place.middle[1] - self.up * place.height - shot.corner[1]
        height, width = levels[0].shape[:2]
        shown = min(side * (width / height) ** 0.5, 4 * max(shot.frame_size))
        return Drawing(*place_picture(levels, (x, y), max(shown, 1), self.turn))

    def _levels(self) -> tuple[Any, ...]:
        return read_pyramid(self.file) if self.file else _drawn(self.picture)


@lru_cache(maxsize=len(STICKERS))
def _drawn(name: str) -> tuple[Any, ...]:
    return pyramid(premultiplied(draw_sticker(name)))
