"""Pictures that effects show: read from a file once, kept at several sizes, laid anywhere without jumping by pixels."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from effects.box import Size
from effects.setting import EffectError

Fit = Literal["cover", "contain", "stretch"]
FITS = ("cover", "contain", "stretch")

_MOST_PIXELS = 50_000_000
_LONGEST_SIDE = 2048
"""A picture shown in a frame need not be larger."""


def read_picture(path: str) -> NDArray[Any]:
    """Read a picture file as (H, W, 4) uint8 RGBA, upright, at most 2048 px wide or high; read-only.

    Raises:
        EffectError: there is none, or it cannot be read.
    """
    try:
        return _read(path, os.stat(path).st_mtime_ns)
    except OSError:
        raise EffectError(f"there is no picture {os.path.basename(path)}; choose another one") from None


def read_pyramid(path: str) -> tuple[NDArray[Any], ...]:
    """The `pyramid` of a picture file, `premultiplied`; raises `EffectError` as `read_picture` does."""
    read_picture(path)
    return _pyramid_of(path, os.stat(path).st_mtime_ns)


@lru_cache(maxsize=8)
def _pyramid_of(path: str, modified: int) -> tuple[NDArray[Any], ...]:
    return pyramid(premultiplied(_read(path, modified)))


@lru_cache(maxsize=8)
def _read(path: str, modified: int) -> NDArray[Any]:
    name = os.path.basename(path)
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP", "GIF", "BMP")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise EffectError(f"{name} has more than {_MOST_PIXELS // 10**6} million pixels; make it smaller")
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise EffectError(f"{name} cannot be read as a picture; PNG, JPEG and WebP can") from None
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    pixels = np.array(upright)
    pixels.flags.writeable = False
    return pixels


def fit_picture(picture: NDArray[Any], size: Size, fit: Fit) -> NDArray[Any]:
    """A picture (h, w, C) at another size.

    Args:
        picture: RGB or RGBA.
        size: (height, width) wanted [px].
        fit: "cover" cuts what is too much, "contain" leaves a border of 0, "stretch" bends.
    """
    across, down = size[1] / picture.shape[1], size[0] / picture.shape[0]
    if fit == "cover":
        across = down = max(across, down)
    elif fit == "contain":
        across = down = min(across, down)
    shrinks = min(across, down) < 1
    width, height = max(1, round(picture.shape[1] * across)), max(1, round(picture.shape[0] * down))
    scaled = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    x, y = (width - size[1]) // 2, (height - size[0]) // 2
    cut = scaled[max(y, 0) : max(y, 0) + size[0], max(x, 0) : max(x, 0) + size[1]]
    if cut.shape[:2] == size:
        return np.asarray(cut)
    below, right = size[0] - cut.shape[0], size[1] - cut.shape[1]
    return np.asarray(
        cv2.copyMakeBorder(
            cut, below // 2, below - below // 2, right // 2, right - right // 2, cv2.BORDER_CONSTANT, value=0
        )
    )


def premultiplied(picture: NDArray[Any]) -> NDArray[Any]:
    """RGBA with its colours times alpha, (H, W, 4) uint8: what may be averaged without a dark or bright fringe."""
    alpha = picture[..., 3:]
    colors = cv2.multiply(picture[..., :3], np.repeat(alpha, 3, axis=2), scale=1 / 255)
    return np.dstack([colors, alpha])


def pyramid(picture: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """A picture, its half, its quarter and so on down to 16 px: what is shown small is read from a small one."""
    levels = [picture]
    while min(levels[-1].shape[:2]) >= 32:
        half = (max(1, levels[-1].shape[1] // 2), max(1, levels[-1].shape[0] // 2))
        levels.append(np.asarray(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA)))
    return tuple(levels)


def place_picture(
    levels: tuple[NDArray[Any], ...], center: tuple[float, float], width: float, turn: float = 0.0
) -> tuple[NDArray[Any], NDArray[Any], tuple[int, int]]:
    """Lay a picture at fractions of a pixel, turned and scaled.

    Args:
        levels: the `pyramid` of a `premultiplied` picture.
        center: where its middle goes (x, y) [px].
        width: how wide it is shown [px].
        turn: clockwise [°].

    Returns:
        Colours (h, w, 3) uint8, alpha (h, w) float32 of 0 to 1, and where the first pixel goes (x, y).
    """
    level = next((each for each in reversed(levels) if each.shape[1] >= width), levels[0])
    scale = width / level.shape[1]
    reach = math.hypot(*level.shape[:2]) * scale / 2 + 1
    x0, y0 = math.floor(center[0] - reach), math.floor(center[1] - reach)
    side = math.ceil(2 * reach) + 2
    cosine, sine = scale * math.cos(math.radians(turn)), scale * math.sin(math.radians(turn))
    middle = (level.shape[1] - 1) / 2, (level.shape[0] - 1) / 2
    x, y = center[0] - x0 - 0.5, center[1] - y0 - 0.5
    matrix = np.array(
        [
            [cosine, -sine, x - cosine * middle[0] + sine * middle[1]],
            [sine, cosine, y - sine * middle[0] - cosine * middle[1]],
        ]
    )
    laid = cv2.warpAffine(level, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    alpha = laid[..., 3]
    colors = cv2.divide(laid[..., :3], cv2.merge([np.maximum(alpha, 1)] * 3), scale=255)
    return np.asarray(colors), alpha.astype(np.float32) / np.float32(255), (x0, y0)
