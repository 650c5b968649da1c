"""Cartoon: flat colours and ink lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.box import Box, Size
from effects.effect import Effect, Pixels, Shot, setting
from effects.shrink import EXTENSION_CELL, extend

REACH = 24


@dataclass(frozen=True)
class Cartoon(Effect):
    """Flattens the picture to a few tones and inks its lines; without ink it is a poster."""

    is_local: ClassVar[bool] = True

    steps: int = setting(6, low=2, high=16, label="Tones")
    ink: float = setting(0.6, low=0, high=1)
    saturation: float = setting(0.4, low=0, high=1)

    def apply(self, shot: Shot) -> Pixels:
        own = extend(shot.pixels, shot.alpha, shot.full_beyond)
        height, width = shot.alpha.shape
        # Even sizes, so that halves fall on the same pixels wherever the window begins.
        even = cv2.copyMakeBorder(own, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        small = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        small = cv2.bilateralFilter(small, 7, 50, 3)
        tones = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
        drawn = cv2.cvtColor(cv2.LUT(tones, self._tables()), cv2.COLOR_YCrCb2RGB)
        if self.ink > 0:
            # Ink runs where it is darker than the surroundings; grass and fur, smoothed before, get little.
            light = cv2.blur(tones[..., 0], (3, 3))
            dark = cv2.subtract(cv2.blur(light, (9, 9)), light)
            line = cv2.convertScaleAbs(np.maximum(dark, 6) - 6, alpha=6 + 20 * self.ink)
            drawn = cv2.multiply(drawn, cv2.merge([255 - line] * 3), scale=1 / 255)
        return cv2.resize(drawn, even.shape[1::-1], interpolation=cv2.INTER_LINEAR)[:height, :width]

    def window(self, box: Box, frame_size: Size) -> Box:
        return box.grown(REACH).snapped(EXTENSION_CELL)

    def _tables(self) -> Pixels:
        """For brightness a stair with slightly rounded steps, for the two colour channels a gain: (1, 256, 3)."""
        light = np.arange(256) / 255 * self.steps
        step = np.floor(light)
        inside = np.clip((light - step - 0.5) * 6 + 0.5, 0, 1)  # a hard step would flicker with the camera's noise
        stair = (np.minimum(step + inside, self.steps) / self.steps) * 255
        gain = 128 + (np.arange(256) - 128) * (1 + self.saturation)
        return np.rint(np.clip(np.stack([stair, gain, gain], axis=1), 0, 255)).astype(np.uint8)[None]
