"""Effects for pictures and masks: numpy and OpenCV, no torch, no video files."""

from effects.catalogue import EFFECTS, describe_effects, effect_from_json, find_effect
from effects.color import PALETTE, format_color, object_color, parse_color
from effects.effect import Effect, EffectError, Setting, Shot, setting, settings_of
from effects.layer import LAYER_SETTINGS, Layer, compose, parse_layer

__all__ = [
    "EFFECTS",
    "LAYER_SETTINGS",
    "PALETTE",
    "Effect",
    "EffectError",
    "Layer",
    "Setting",
    "Shot",
    "compose",
    "describe_effects",
    "effect_from_json",
    "find_effect",
    "format_color",
    "object_color",
    "parse_color",
    "parse_layer",
    "setting",
    "settings_of",
]
