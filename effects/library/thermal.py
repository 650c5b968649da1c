"""Thermal: as a heat camera shows it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from effects.box import Box, Size
from effects.color import PALETTES, gradient, parse_color
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import EXTENSION_CELL, extend

REACH = 8


@dataclass(frozen=True)
class Thermal(Effect):
    """Shows light as heat, in the colours of a thermal camera and with its soft eye."""

    palette: str = setting("iron", choices=("iron", "rainbow", "white hot"))
    is_inverted: bool = setting(False, label="Dark is hot")

    def apply(self, shot: Shot) -> Pixels:
        light = extend(cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY), shot.alpha, shot.full_beyond)
        light = cv2.blur(light, (7, 7))  # such a camera has few pixels
        colors = [parse_color(each) for each in PALETTES[self.palette]]
        stops = [(at / (len(colors) - 1), color) for at, color in enumerate(colors)]
        return cv2.applyColorMap(255 - light if self.is_inverted else light, gradient(stops))

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH).snapped(EXTENSION_CELL)
