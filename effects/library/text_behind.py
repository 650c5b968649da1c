"""Text behind: large words between the object and its background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import plain
from effects.canvas import NOTHING
from effects.effect import Alpha, Drawing, Effect, Shot, setting, text_setting
from effects.lettering import cap_height, letter

_MOTIONS = ("still", "drift left", "drift right", "rise", "zoom", "ticker")


@dataclass(frozen=True)
class TextBehind(Effect):
    """Writes large words that the object walks in front of."""

    draws_around: ClassVar[bool] = True
    spares_target: ClassVar[bool] = True

    text: str = text_setting("WOW", label="Words")
    size: float = setting(0.45, low=0.03, high=1.5, label="Height beside the frame's")
    weight: float = setting(0.6, low=0, high=1, label="Boldness")
    color: str = setting("#ffffff")
    across: float = setting(0.5, low=0, high=1, label="From left to right")
    down: float = setting(0.42, low=0, high=1, label="From top to bottom")
    motion: str = setting("still", choices=_MOTIONS)
    speed: float = setting(0.3, low=0, high=4)

    def apply(self, shot: Shot) -> Drawing:
        """Place the words by the time alone; where they are wider than the frame and stand still, they shrink to it."""
        if not self.text.strip():
            return NOTHING
        height, width = shot.frame_size
        moved = float(shot.time) * self.speed
        # Letters are drawn in steps of a twentieth and scaled in between, or a zoom would draw new ones every frame.
        grown = 1 + 0.35 * moved if self.motion == "zoom" else 1.0
        size = self.size * height
        words = letter(self.text, size, 0.06 * self.weight)
        if self.motion not in ("ticker", "drift left", "drift right"):
            grown *= min(1.0, 0.94 * width / words.shape[1])
        x, y = self.across * width, self.down * height
        if self.motion == "rise":
            # Comes up and settles where it belongs.
            y += height * 0.35 * float(np.exp(-3.0 * moved))
        elif self.motion in ("drift left", "drift right"):
            x += (moved - 0.25) * width * (1 if self.motion == "drift right" else -1)
        matte = self._place(words, grown, (x - shot.corner[0], y - shot.corner[1]), shot.alpha.shape, moved * width)
        return Drawing(plain(shot.paint(self.color), matte.shape), matte * shot.alpha)

    def _place(
        self, words: Alpha, grown: float, middle: tuple[float, float], size: tuple[int, int], moved: float
    ) -> Alpha:
        """The words on an otherwise empty matte of a size, their middle at a fraction of a pixel."""
        x = middle[0] - grown * words.shape[1] / 2
        y = middle[1] - grown * words.shape[0] / 2
        if self.motion != "ticker":
            matrix = np.array([[grown, 0, x], [0, grown, y]])
            flags = cv2.INTER_AREA if grown < 0.6 else cv2.INTER_LINEAR
            return np.asarray(cv2.warpAffine(words, matrix, size[::-1], flags=flags))
        gap = round(cap_height(self.size * size[0]) * 0.6) + 1
        row = cv2.copyMakeBorder(words, 0, 0, 0, gap, cv2.BORDER_CONSTANT, value=0)
        matrix = np.array([[1, 0, x - moved % row.shape[1]], [0, 1, y]])
        strip = np.tile(row, (1, -(-size[1] // row.shape[1]) + 3))
        matrix[0, 2] -= row.shape[1] * np.ceil(max(x, 0) / row.shape[1])
        return np.asarray(cv2.warpAffine(strip, matrix, size[::-1], flags=cv2.INTER_LINEAR))
