"""Spotlight: the object in its colours, the rest dark and grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import mix
from effects.box import Box, Size
from effects.effect import Alpha, Effect, Pixels, Shot, setting
from effects.shrink import enlarge

COARSE = 4
"""The beam is soft: a quarter of the resolution holds it."""


@dataclass(frozen=True)
class Spotlight(Effect):
    """Dims and greys the rest, so that the eye goes to the object; or throws a beam or a ring on it."""

    spares_target: ClassVar[bool] = True

    dim: float = setting(0.6, low=0, high=1)
    desaturate: float = setting(0.7, low=0, high=1)
    shape: str = setting("object", choices=("object", "disc", "ring"))
    size: float = setting(1.2, low=0.3, high=4, unit="×", label="Size of the disc")
    softness: float = setting(0.25, low=0, high=1)
    steadiness: float = setting(0.6, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Pixels:
        grey = cv2.cvtColor(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        light = 1 - self.dim
        dark = cv2.addWeighted(shot.pixels, light * (1 - self.desaturate), grey, light * self.desaturate, 0)
        if self.shape == "object":
            return dark
        return mix(dark, shot.pixels, self._beam(shot))

    def window(self, box: Box, frame_size: Size) -> Box:
        return box if self.shape == "object" else box.snapped(COARSE).grown(COARSE)

    def _beam(self, shot: Shot) -> Alpha:
        """Where the beam falls, 0 to 1: a disc around the object's box, moving smoothly; nothing where it is absent."""
        height, width = shot.alpha.shape
        place = shot.place(self.steadiness)
        if place is None:
            return np.zeros((height, width), np.float32)
        radius = max(self.size * float(np.hypot(place.x1 - place.x0, place.y1 - place.y0)) / 2, 1.0)
        center_x, center_y = (place.x0 + place.x1) / 2 - shot.corner[0], (place.y0 + place.y1) / 2 - shot.corner[1]
        x = (np.arange(-(-width // COARSE), dtype=np.float32) + 0.5) * COARSE - center_x
        y = (np.arange(-(-height // COARSE), dtype=np.float32) + 0.5) * COARSE - center_y
        distance = np.sqrt(np.add.outer(y * y, x * x))
        fade = max(self.softness * radius, 2.0 * COARSE)
        beam = np.clip((radius - distance) / fade + 0.5, 0, 1)
        if self.shape == "ring":
            # Only a band of light, as a follow spot's rim; the object itself is spared anyway.
            beam = np.minimum(beam, np.clip((distance - 0.75 * radius) / fade + 0.5, 0, 1))
        beam = beam * beam * (3 - 2 * beam)
        return enlarge(beam.astype(np.float32), COARSE, (height, width))
