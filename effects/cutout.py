"""Cut-out: the object on a plain colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import mix, tint
from effects.box import Box
from effects.effect import Alpha, Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Cutout(Effect):
    """Cuts the object out and lays it on one colour, green screen or any other."""

    draws_around: ClassVar[bool] = True
    spares_target: ClassVar[bool] = True

    color: str = setting("#00b140")

    def apply(self, shot: Shot) -> Pixels:
        return tint(clean_edge(shot.pixels, 1 - shot.alpha), shot.paint(self.color), shot.alpha)


def clean_edge(pixels: Pixels, kept: Alpha) -> Pixels:
    """Take the old background's colour out of a matte's soft edge, so that it makes no fringe on a new one.

    Where `kept` is below 1 the camera saw both; the colour of the object's nearest full pixels takes its place.

    Args:
        pixels: (H, W, 3) uint8.
        kept: (H, W) float32, 0 to 1: how much of each pixel is the object.
    """
    band = Box.around(((kept > 0) & (kept < 1)).astype(np.float32))
    if band.is_empty:
        return pixels
    near = band.grown(8).clipped(kept.shape).slices
    seen, kept = pixels[near], kept[near]
    # The outermost full pixel is blurred into the background by lens and codec: it is no witness either.
    sure = cv2.erode((kept == 1).astype(np.float32), np.ones((3, 3), np.uint8))
    weight = cv2.GaussianBlur(sure, (15, 15), 2.5)
    colors = cv2.GaussianBlur(cv2.multiply(seen, cv2.merge([sure] * 3), dtype=cv2.CV_32F), (15, 15), 2.5)
    colors = cv2.convertScaleAbs(cv2.divide(colors, cv2.merge([np.maximum(weight, 1e-6)] * 3)))
    # A hair has no full pixel near it: it keeps what the camera saw.
    trust = np.where(kept < 1, np.minimum(weight * 20, 1), 0).astype(np.float32)
    cleaned = pixels.copy()
    cleaned[near] = mix(seen, colors, trust)
    return cleaned
