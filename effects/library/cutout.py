"""Cut-out: the object on a plain colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from effects.blend import mix, tint
from effects.box import Box
from effects.effect import Alpha, Drawing, Effect, Pixels, Shot, setting
from effects.shrink import divide_by_weight, enlarge, sum_blocks


@dataclass(frozen=True)
class Cutout(Effect):
    """Cuts the object out and lays it on one colour, green screen or any other."""

    draws_around: ClassVar[bool] = True
    spares_target: ClassVar[bool] = True

    color: str = setting("#00b140")

    def apply(self, shot: Shot) -> Drawing:
        cut = tint(clean_edge(shot.pixels, 1 - shot.alpha), shot.paint(self.color), shot.alpha)
        return Drawing(cut, (shot.alpha > 0).astype(np.float32))


def clean_edge(pixels: Pixels, kept: Alpha) -> Pixels:
    """Take the old background's colour out of a matte's soft edge, so that it makes no fringe on a new one.

    Where `kept` is below 1 the camera saw both; the colour of the object's nearest full pixels takes its place.

    Args:
        pixels: (H, W, 3) uint8.
        kept: (H, W) float32, 0 to 1: how much of each pixel is the object.
    """
    band = Box.around((kept > 0) & (kept < 1))
    if band.is_empty:
        return pixels
    near = band.grown(16).clipped(kept.shape).slices
    seen, kept = pixels[near], kept[near]
    # The outermost full pixel is blurred into the background by lens and codec: it is no witness either.
    sure = cv2.erode((kept > 0.99).astype(np.float32), np.ones((3, 3), np.uint8))
    cleaned = seen
    for cell in (6, 2):  # from further away first, so that a wide edge is filled too, then from close by
        colors, trust = _spread(seen, sure, cell)
        # Where the object is nearly full there is nearly nothing to clean.
        cleaned = mix(cleaned, colors, np.minimum(trust, np.minimum((1 - kept) * 4, 1)))
    result = pixels.copy()
    result[near] = cleaned
    return result


def _spread(seen: Pixels, sure: Alpha, cell: int) -> tuple[Pixels, Alpha]:
    """Carry the colours of the sure pixels outwards by a few cells [px], and say how far each may be trusted."""
    weighted, weight = (cv2.GaussianBlur(each, (9, 9), 1.5) for each in sum_blocks(seen, sure, cell))
    # A hair has no sure pixel near it: it keeps what the camera saw.
    small = divide_by_weight(weighted, weight), np.minimum(weight * 20, 1)
    colors, trust = (enlarge(each, cell, sure.shape) for each in small)
    return colors, trust
