"""Hue: all colours turned round the colour wheel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.color import LUMA
from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Hue(Effect):
    """Turns every colour round the colour wheel; light and shade stay."""

    is_local: ClassVar[bool] = True

    shift: float = setting(120.0, low=-180, high=180, unit="°")

    def apply(self, shot: Shot) -> Pixels:
        """A turn about the grey axis, sheared along it so that brightness as the eye sees it is kept."""
        turn = math.radians(self.shift)
        grey = np.full((3, 3), 1 / 3)
        across = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
        turned = math.cos(turn) * np.eye(3) + (1 - math.cos(turn)) * grey + math.sin(turn) * across
        lost = np.array(LUMA) - np.array(LUMA) @ turned
        return cv2.transform(shot.pixels, turned + np.tile(lost, (3, 1)), dst=shot.room)
