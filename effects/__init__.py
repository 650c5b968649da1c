"""Effects for pictures and masks: numpy and OpenCV, no torch, no video files."""

from effects.catalogue import EFFECTS, describe_effects, effect_from_json, find_effect
from effects.color import PALETTE, format_color, object_color, parse_color
from effects.compositor import compose
from effects.effect import Drawing, Effect, EffectError, Setting, Shot, file_setting, setting, settings_of, text_setting
from effects.footage import ClipFrames, Footage
from effects.layer import LAYER_SETTINGS, Layer, parse_layer

__all__ = [
    "EFFECTS",
    "LAYER_SETTINGS",
    "PALETTE",
    "ClipFrames",
    "Drawing",
    "Effect",
    "EffectError",
    "Footage",
    "Layer",
    "Setting",
    "Shot",
    "compose",
    "describe_effects",
    "effect_from_json",
    "file_setting",
    "find_effect",
    "format_color",
    "object_color",
    "parse_color",
    "parse_layer",
    "setting",
    "settings_of",
    "text_setting",
]
