"""The effects' panel: the stack of layers, whose sliders are made from the effects' own settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from effects.catalogue import describe_effects
from effects.layer import LAYER_SETTINGS, MOVING
from effects.looks import LOOKS

# A slider needs a range that a hand can use; the command line takes the whole one.
_SLIDER_RANGES = {
    "grow": (-40.0, 40.0),
    "feather": (0.0, 60.0),
    "holes": (0.0, 1000.0),
    "specks": (0.0, 1000.0),
    "opacity": (0.0, 1.0),
    "fade_in": (0.0, 60.0),
    "fade_out": (0.0, 60.0),
}
# By kind, in the order of the panel; an effect that is not listed is among "more".
_GROUPS = {
    "blur": ("blur", "bokeh", "motion_blur", "zoom_blur", "pixelate", "privacy", "cover"),
    "color": ("adjust", "desaturate", "duotone", "gradient_map", "hue", "recolor", "negative", "thermal"),
    "drawn": ("cartoon", "sketch", "edges", "halftone", "grain", "glitch"),
    "around": ("outline", "paper_border", "glow", "drop_shadow", "highlight", "spotlight", "burst"),
    "place": ("cutout", "remove", "solid", "gradient", "background_picture", "background_video", "text_behind"),
    "marks": ("label", "arrow", "bounding_box", "magnifier", "sticker"),
    "motion": ("trail", "freeze", "motion_path", "speed_lines"),
}
_SECTIONS = {"opacity": "mix", "blend": "mix", "fade_in": "time", "fade_out": "time"}


@dataclass(frozen=True)
class EffectsPanel:
    """The components of this panel."""

    view: gr.HTML


def build_effects_panel() -> EffectsPanel:
    """Lay out the panel; must be called inside a `gr.Blocks`."""
    view = gr.HTML(
        html_template=read_asset("effects.html"),
        js_on_load=read_script(
            "stack.js", "setting_fields.js", "effects.js", "layer_settings.js", "looks.js", "effect_picker.js"
        ),
        apply_default_css=False,
        elem_id="effects-panel",
        catalogue=describe_catalogue(),
        looks=list(LOOKS),
        layer=describe_layer_settings(),
    )
    return EffectsPanel(view)


def describe_catalogue() -> list[dict[str, Any]]:
    """All effects with their settings, in groups."""
    groups = {name: group for group, names in _GROUPS.items() for name in names}
    order = {name: rank for rank, name in enumerate(groups)}
    found = [{**each, "group": groups.get(each["name"], "more")} for each in describe_effects()]
    return sorted(found, key=lambda each: order.get(each["name"], len(order)))


def describe_layer_settings() -> list[dict[str, Any]]:
    """The settings that every layer has, in the sections of the panel, with the ranges of their sliders.

    The first and the last frame are left out: they depend on the clip, and the page has fields of its own for them.
    """
    described = []
    for name, known in LAYER_SETTINGS.items():
        if name in ("start", "stop"):
            continue
        low, high = _SLIDER_RANGES.get(name, (known.low, known.high))
        shown = replace(known, low=low, high=high).to_json()
        described.append({**shown, "section": _SECTIONS.get(name, "edge"), "moves": name in MOVING})
    return described
