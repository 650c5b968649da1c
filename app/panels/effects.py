"""The effects' panel: the stack of layers, whose sliders are made from the effects' own settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from effects.catalogue import describe_effects
from effects.layer import LAYER_SETTINGS, MOVING

# A slider needs a range that a hand can use; the command line takes the whole one.
_SLIDER_RANGES = {
    "grow": (-40.0, 40.0),
    "feather": (0.0, 60.0),
    "opacity": (0.0, 1.0),
    "fade_in": (0.0, 60.0),
    "fade_out": (0.0, 60.0),
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
        catalogue=describe_effects(),
        layer=describe_layer_settings(),
    )
    return EffectsPanel(view)


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
