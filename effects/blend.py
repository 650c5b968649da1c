"""Mixing two pictures by alpha, exactly and fast; and the blend modes: how the colours of both meet."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box
from effects.color import Color
from effects.effect import Alpha, Pixels

STRIP = 64
"""Rows done at a time: the floats between the two pictures then stay in the processor's cache, 2-3 times as fast."""

DENSE = 4
"""Where more than one in so many pixels of a matte lies between 0 and 1, all are computed instead of those alone."""

_PIXEL = np.dtype("V3")

BLENDS = ("normal", "screen", "multiply", "overlay", "soft_light")


def blend(below: Pixels, above: Pixels, mode: str) -> Pixels:
    """The colours of `above` as they meet those of `below`, both (H, W, 3) uint8; the modes are those in `BLENDS`.

    With both from 0 to 1: screen 1 − (1 − b)(1 − a), multiply b·a, overlay multiplies what is dark below and screens
    what is light, soft_light is (1 − 2a)·b² + 2a·b, the form without a kink.
    """
    if mode == "normal":
        return above
    if mode == "multiply":
        return _multiply(below, above)
    if mode == "screen":
        return 255 - _multiply(255 - below, 255 - above)
    blended = np.empty_like(below)
    for top in range(0, below.shape[0], STRIP):
        rows = slice(top, top + STRIP)
        if mode == "overlay":
            dark = cv2.multiply(below[rows], above[rows], scale=2 / 255)
            light = 255 - cv2.multiply(255 - below[rows], 255 - above[rows], scale=2 / 255)
            blended[rows] = np.where(below[rows] < 128, dark, light)
        else:
            base = np.multiply(below[rows], np.float32(1 / 255))
            blended[rows] = cv2.convertScaleAbs(_soft_light(base, above[rows]), alpha=255)
    return blended


def _multiply(below: Pixels, above: Pixels) -> Pixels:
    return np.asarray(cv2.multiply(below, above, scale=1 / 255))


def _soft_light(base: np.ndarray, above: Pixels) -> np.ndarray:
    twice = np.multiply(above, np.float32(2 / 255))
    return base * (twice + base * (1 - twice))


def mix(below: Pixels, above: Pixels, alpha: Alpha) -> Pixels:
    """`below·(1 − alpha) + above·alpha`, rounded; bit-equal to `below` where alpha is 0 and to `above` where it is 1.

    Args:
        below, above: (H, W, 3) uint8.
        alpha: (H, W) float32, 0 to 1; or a mask (H, W) uint8, 0 or 1.

    Returns:
        (H, W, 3) uint8, a new array.
    """
    mixed = np.array(below, order="C")
    mix_into(mixed, above, alpha)
    return mixed


def mix_into(made: Pixels, above: Pixels, alpha: NDArray[Any]) -> None:
    """Mix `above` into `made`, which may be a part of a picture, as `mix` does.

    Most of a matte is 0 or 1: that is copied, and only the few pixels between are computed, one by one.
    """
    if alpha.dtype == np.uint8:
        cv2.copyTo(above, alpha, made)
        return
    is_whole = alpha >= 1
    is_soft = (alpha > 0) ^ is_whole
    num_soft = cv2.countNonZero(is_soft.view(np.uint8))
    if num_soft * DENSE > alpha.size:
        made[...] = _mix_everywhere(made, above, alpha)
        return
    if num_soft:
        flat = np.flatnonzero(is_soft)
        rows = flat // alpha.shape[1]  # and so the columns: `divmod` takes three times as long
        where = rows, flat - rows * alpha.shape[1]
        some = _as_one(made)[where].view(np.uint8).reshape(-1, 3)
        change = _as_one(above)[where].view(np.uint8).reshape(-1, 3) - some.astype(np.float32)
        change *= alpha[where][:, None]
        change += some
        changed = np.rint(change, out=change).astype(np.uint8)
    cv2.copyTo(above, is_whole.view(np.uint8), made)
    if num_soft:
        _as_one(made)[where] = changed.view(_PIXEL)[:, 0]


def _as_one(pixels: Pixels) -> NDArray[Any]:
    """A view (H, W) in which three bytes move as one: rows of three numbers take three times as long."""
    return (pixels if pixels.strides[2] == 1 else np.ascontiguousarray(pixels)).view(_PIXEL)[..., 0]


def lay_below(made: Pixels, below: Pixels, alpha: Alpha) -> None:
    """Make `made` what `mix(below, made, alpha)` gives; a mask or a hard matte costs but one masked copy."""
    if alpha.dtype == np.uint8:
        cv2.copyTo(below, alpha ^ 1, made)
        return
    is_none = alpha <= 0
    if cv2.countNonZero((alpha < 1).view(np.uint8)) > cv2.countNonZero(is_none.view(np.uint8)):
        made[...] = mix(below, made, alpha)
    else:
        cv2.copyTo(below, is_none.view(np.uint8), made)


def _mix_everywhere(below: Pixels, above: Pixels, alpha: Alpha) -> Pixels:
    mixed = np.empty(below.shape, np.uint8)
    for top in range(0, alpha.shape[0], STRIP):
        rows = slice(top, top + STRIP)
        change = cv2.subtract(above[rows], below[rows], dtype=cv2.CV_32F)
        change = cv2.multiply(change, cv2.merge([alpha[rows]] * 3), dst=change)
        mixed[rows] = cv2.add(below[rows], change, dtype=cv2.CV_8U)
    return mixed


def tint(pixels: Pixels, color: Color, alpha: Alpha) -> Pixels:
    """Mix one colour into a picture; only where alpha is not 0 is anything computed.

    Returns:
        (H, W, 3) uint8, a new array.
    """
    tinted = pixels.copy()
    box = Box.around(alpha)
    if not box.is_empty:
        tinted[box.slices] = mix(pixels[box.slices], plain(color, box.size), alpha[box.slices])
    return tinted


def plain(color: Color, size: tuple[int, int]) -> Pixels:
    """A picture of `size` (height, width) in one colour."""
    row = np.empty((1, size[1], 3), np.uint8)
    row[:] = color
    return row.repeat(size[0], axis=0)
