"""Looks: named stacks of layers, to begin with and to change."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType

from effects.effect import EffectError
from effects.layer import Layer, parse_layer

OBJECTS = "objects"
"""Stands in a look for the ids of the objects that the person chose."""

LOOKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Portrait": ("background bokeh size=0.55 lights=0.7", "objects adjust contrast=0.12 saturation=0.15"),
        "Colour pop": ("background desaturate", "objects adjust saturation=0.45 contrast=0.1"),
        "Spotlight": ("objects spotlight shape=disc dim=0.72 softness=0.5", "everything adjust contrast=0.1"),
        "Neon night": (
            "background gradient_map palette=vaporwave",
            "background adjust brightness=-0.35 contrast=0.1 saturation=0.1",
            "objects glow color=#29f3ff size=60 strength=0.95 tube=3",
        ),
        "Sticker": ("background blur strength=0.35", "objects paper_border width=14"),
        "Comic": (
            "background halftone size=9",
            "objects cartoon steps=6 ink=0.7 saturation=0.6",
            "objects outline color=#111018 width=5",
        ),
        "Pop art": (
            "background gradient_map palette=candy",
            "objects burst color=#fff45c spin=8",
            "objects cartoon steps=4",
        ),
        "Pencil": ("background sketch", "objects outline color=#26242b width=3"),
        "Old film": (
            "everything gradient_map palette=sepia strength=0.85",
            "everything adjust contrast=0.2 brightness=-0.05 saturation=0",
            "everything grain strength=0.22 size=1.5",
        ),
        "Rush": ("background zoom_blur strength=0.55", "objects adjust contrast=0.2 saturation=0.3"),
        "Panning": ("background motion_blur length=90", "objects adjust contrast=0.15"),
        "Broken signal": ("everything glitch tear=18 split=5", "objects glow color=#ff2fd0 size=36 tube=2"),
        "Heat": ("background adjust brightness=-0.3 saturation=-0.8 contrast=0", "objects thermal"),
        "X-ray": ("background adjust brightness=-0.35 saturation=-0.6 contrast=0.1", "objects negative"),
        "Green screen": ("objects cutout color=#00b140",),
        "Duotone poster": (
            "background duotone shadows=#1d1a6b lights=#ff8fb8",
            "objects duotone shadows=#0b3b3c lights=#f9f871",
        ),
        "Golden hour": (
            "everything adjust temperature=0.35 saturation=0.2 contrast=0.12 brightness=0",
            "background bokeh size=0.3 lights=0.9",
        ),
        "Blueprint": (
            "background edges style='one colour' ground=#0b2a5b line=#cfe3ff",
            "objects outline color=#ffffff width=3",
        ),
    }
)
"""Name → layers, the lowest first, as on the command line."""


def look(name: str, object_ids: tuple[int, ...]) -> tuple[Layer, ...]:
    """The layers of a look, aimed at these objects; with no objects, those that fall on the rest.

    Raises:
        EffectError: there is no such look.
    """
    if name not in LOOKS:
        raise EffectError(f'there is no look "{name}"; the looks are {", ".join(LOOKS)}')
    return _aimed(LOOKS[name], object_ids)


def surprise(seed: int, object_ids: tuple[int, ...]) -> tuple[Layer, ...]:
    """A stack of layers by chance: something behind, something on the objects, something around them.

    The same seed always gives the same stack.
    """
    chance = random.Random(seed)
    stack = [chance.choice(_BEHIND), chance.choice(_ON), chance.choice(_AROUND)]
    hue = f"#{chance.choice(_COLORS)}"
    return _aimed([each.format(color=hue) for each in stack if each], object_ids)


def _aimed(texts: tuple[str, ...] | list[str], object_ids: tuple[int, ...]) -> tuple[Layer, ...]:
    targets = ",".join(str(each) for each in object_ids)
    wanted = [text for text in texts if object_ids or not text.startswith(OBJECTS)]
    return tuple(parse_layer(text.replace(OBJECTS, targets, 1) if targets else text) for text in wanted)


_COLORS = ("29f3ff", "ff2fd0", "fff45c", "7dff6b", "ff7a2f", "a06bff", "ffffff")
_BEHIND = (
    "background bokeh size=0.6 lights=0.8",
    "background zoom_blur strength=0.5",
    "background motion_blur length=80",
    "background gradient_map palette=vaporwave",
    "background gradient_map palette=sunset",
    "background gradient_map palette=ocean",
    "background duotone",
    "background halftone size=10",
    "background sketch",
    "background edges",
    "background pixelate size=24",
    "background desaturate",
    "background thermal",
    "background adjust brightness=-0.35 saturation=-0.5 contrast=0.1",
)
_ON = (
    "",
    "objects adjust saturation=0.5 contrast=0.2",
    "objects cartoon",
    "objects recolor color={color}",
    "objects hue shift=150",
    "objects negative",
    "objects gradient_map palette=ember",
    "objects halftone size=6",
    "objects glitch tear=14 split=6",
)
_AROUND = (
    "objects glow color={color}",
    "objects outline color={color} width=6",
    "objects outline color={color} width=4 gap=8",
    "objects paper_border",
    "objects drop_shadow",
    "objects burst color={color}",
    "",
)
