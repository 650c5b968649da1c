"""Lettering: words as mattes, in the font that comes with Pillow, so that none need be installed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from effects.effect import Alpha

_LARGEST = 1200
"""Letters are not drawn larger [px]: a frame shows no more of them."""
_WIDEST = 16_384
"""Nor a line wider [px]: twice the widest frame, half of what OpenCV can move; its letters get smaller."""


@lru_cache(maxsize=16)
def letter(text: str, size: float, weight: float = 0.0) -> Alpha:
    """One line of words as a matte that fits it tightly, (H, W) float32 of 0 to 1, read-only.

    Args:
        text: what is written.
        size: of the letters [px]; capitals are about 0.72 of it high.
        weight: how much bolder than the font's own strokes, as a share of `size`; 0.03 looks bold.
    """
    size = min(max(size, 1.0), _LARGEST)
    font = ImageFont.load_default(size)
    stroke = weight * size
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    width, height = max(1, round(right - left)), max(1, round(bottom - top))
    if width > _WIDEST and size > 1:
        return letter(text, size * 0.99 * _WIDEST / width, weight)
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font, stroke_width=stroke, stroke_fill=255)
    matte = np.asarray(image, np.float32) / np.float32(255)
    matte.flags.writeable = False
    return matte


def cap_height(size: float) -> float:
    """How high a capital letter is at this size [px]."""
    return 0.72 * size
