"""Colours: written as `#rgb` or `#rrggbb`, computed with as `(r, g, b)` of 0-255."""

from __future__ import annotations

import re

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
