"""Colours: written as `#rgb` or `#rrggbb`, computed with as `(r, g, b)` of 0-255."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]

OBJECT = "object"
"""A colour setting may also say this: the colour that stands for the object in the editor."""

# Told apart at a glance on any picture, and by people who see few colours: hue and lightness both change.
PALETTE: tuple[str, ...] = (
    "#2f8cff",
    "#ffb000",
    "#ff4f79",
    "#22c7a9",
    "#a06bff",
    "#f4f14e",
    "#ff7a2f",
    "#59d8ff",
    "#8fd14f",
    "#ff9ad5",
)


def object_color(object_id: int) -> Color:
    """The colour of an object to which nobody gave another: the palette repeats after ten."""
    return parse_color(PALETTE[(object_id - 1) % len(PALETTE)])


def parse_color(text: str) -> Color:
    """Read `#rgb` or `#rrggbb` as `(r, g, b)`.

    Raises:
        ValueError: the text is neither.
    """
    if not re.fullmatch(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text):
        raise ValueError(f'"{text}" is no colour: write #rgb or #rrggbb')
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def format_color(color: Color) -> str:
    """Write `(r, g, b)` as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*color)


LUMA = (0.299, 0.587, 0.114)
"""How much red, green and blue add to brightness as the eye sees it (ITU-R BT.601)."""

PALETTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sunset": ("#150734", "#5c1a72", "#c93d6a", "#ff8a4c", "#ffe9a8"),
        "ocean": ("#03121f", "#0a3d62", "#1b8a9f", "#7fd8be", "#f4fff6"),
        "forest": ("#0a1510", "#1f4a33", "#5b8a3c", "#c3c765", "#fdf8d8"),
        "candy": ("#2b1055", "#7a3cc4", "#ff6bb5", "#ffb3d9", "#fff3c9"),
        "vaporwave": ("#16013f", "#5b2bd6", "#ff3fb4", "#ff9ec8", "#7ffcff"),
        "gold": ("#0d0802", "#4a2c0a", "#a86e1d", "#f0c15a", "#fff8dc"),
        "sepia": ("#1a0f08", "#5a3a22", "#a57b52", "#e0c49a", "#fff6e3"),
        "ice": ("#040b1a", "#1c3f73", "#5d9bd1", "#c0e4f5", "#ffffff"),
        "ember": ("#050203", "#4a0d0d", "#b32a0f", "#ff8b1f", "#fff1b8"),
        "mono": ("#060607", "#ffffff"),
        "iron": ("#00000c", "#2b0a64", "#8b1a8c", "#d94e3a", "#fba40c", "#fdf29a", "#ffffff"),
        "rainbow": ("#04002f", "#0438c6", "#00b7c3", "#38d430", "#f8e71c", "#fb6a0a", "#fff0f0"),
        "white hot": ("#05070a", "#f6f8fa"),
    }
)
"""Colours from shadow to light, evenly spaced."""


def luma_of(color: Color) -> float:
    """How bright a colour is to the eye, 0 to 255."""
    return sum(share * channel for share, channel in zip(LUMA, color, strict=True))


def gradient(stops: Sequence[tuple[float, Color]]) -> NDArray[Any]:
    """A table from brightness to colour for `cv2.applyColorMap`: (256, 1, 3) uint8, read-only.

    Args:
        stops: brightness of 0 to 1 in rising order, and the colour there; before the first and after the last it stays.
    """
    return _gradient(tuple(stops))


@lru_cache(maxsize=64)
def _gradient(stops: tuple[tuple[float, Color], ...]) -> NDArray[Any]:
    at = [place for place, _ in stops]
    steps = np.linspace(0, 1, 256)
    channels = [np.interp(steps, at, [color[channel] for _, color in stops]) for channel in range(3)]
    table = np.rint(np.stack(channels, axis=1)).astype(np.uint8)[:, None]
    table.flags.writeable = False
    return table
