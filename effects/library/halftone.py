"""Halftone: dots of ink, as in a newspaper or a comic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from effects.box import Box, Size
from effects.color import gradient
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import EXTENSION_CELL, extend

ANGLES = (15.0, 75.0, 0.0)
"""Of the dots in cyan, magenta and yellow [°]: turned against each other they make rosettes and no stripes."""


@dataclass(frozen=True)
class Halftone(Effect):
    """Prints the picture in dots: one ink on paper like a newspaper, or coloured inks like a comic."""

    size: float = setting(8.0, low=3, high=40, unit="px", label="Dot distance")
    is_colored: bool = setting(True, label="Coloured inks")
    ink: str = setting("#1a1a22")
    paper: str = setting("#f7f2e6")

    def apply(self, shot: Shot) -> Pixels:
        own = extend(shot.pixels, shot.alpha, shot.full_beyond)
        side = 2 * min(int(self.size / 4), 7) + 1
        rows, columns = (slice(at, at + length) for at, length in zip(shot.corner[::-1], shot.alpha.shape, strict=True))
        if self.is_colored:
            smooth = cv2.blur(own, (side, side))
            screens = [_screen(self.size, angle, shot.frame_size)[rows, columns] for angle in ANGLES]
            return self._print(smooth, np.asarray(cv2.merge(screens)))
        light = cv2.blur(cv2.cvtColor(own, cv2.COLOR_RGB2GRAY), (side, side))
        dots = self._print(light, _screen(self.size, 45.0, shot.frame_size)[rows, columns])
        return cv2.applyColorMap(dots, gradient([(0, shot.paint(self.ink)), (1, shot.paint(self.paper))]))

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(EXTENSION_CELL).snapped(EXTENSION_CELL)

    def _print(self, light: Pixels, screen: Pixels) -> Pixels:
        """Ink where it is darker than the screen; the dots' edges are about a pixel soft."""
        steepness = self.size / 2
        return cv2.addWeighted(light, steepness, screen, -steepness, 127.5)


@lru_cache(maxsize=8)
def _screen(size: float, angle: float, frame_size: Size) -> Pixels:
    """The brightness under which each pixel is inked: round dots in the shadows' gaps and the lights', (H, W) uint8."""
    turn = math.radians(angle)
    y, x = (np.arange(length, dtype=np.float32) * (2 * math.pi / size) for length in frame_size)
    u = np.add.outer(y * math.sin(turn), x * math.cos(turn))
    v = np.add.outer(y * math.cos(turn), -x * math.sin(turn))
    wave = (np.cos(u) + np.cos(v)) / 4 + 0.5
    # The share of pixels under a value of the wave is not the value itself; this evens the tones out.
    even = np.interp(wave, np.quantile(wave, np.linspace(0, 1, 33)), np.linspace(0, 1, 33))
    return np.rint(255 * (0.04 + 0.92 * even)).astype(np.uint8)
