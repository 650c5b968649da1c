"""Sketch: pencil on paper."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from effects.box import Box, Size
from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import EXTENSION_CELL, extend

REACH = 16


@dataclass(frozen=True)
class Sketch(Effect):
    """Draws the picture with a pencil on paper, in one colour or in crayons."""

    pencil: str = setting("#26242b")
    paper: str = setting("#fbf8f1")
    strength: float = setting(0.5, low=0, high=1)
    crayons: float = setting(0.0, low=0, high=1, label="Crayons")

    def apply(self, shot: Shot) -> Pixels:
        """What is darker than its surroundings is pencil: the light divided by its own blur."""
        own = extend(shot.pixels, shot.alpha, shot.full_beyond)
        light = cv2.blur(cv2.cvtColor(own, cv2.COLOR_RGB2GRAY), (3, 3))
        around = cv2.blur(cv2.blur(light, (15, 15)), (9, 9))
        flat = cv2.divide(light, np.maximum(around, 8), scale=255)
        steps = np.arange(256) / 255
        curve = np.clip(255 * steps ** (1 + 4 * self.strength), 0, 255).astype(np.uint8)
        drawn = cv2.applyColorMap(
            cv2.LUT(flat, curve), gradient([(0, shot.paint(self.pencil)), (0.93, shot.paint(self.paper))])
        )
        if self.crayons == 0:
            return drawn
        colored = cv2.multiply(drawn, cv2.convertScaleAbs(own, alpha=0.55, beta=115), scale=1 / 255)
        return cv2.addWeighted(colored, self.crayons, drawn, 1 - self.crayons, 0)

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH).snapped(EXTENSION_CELL)
