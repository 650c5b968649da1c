"""The effects' panel: its buttons and sliders are made from the effects' own settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from effects.catalogue import describe_effects
from effects.layer import LAYER_SETTINGS

# A slider needs a range that a hand can use; the command line takes the whole one.
_SLIDER_RANGES = {"grow": (-40.0, 40.0), "feather": (0.0, 60.0), "opacity": (0.0, 1.0)}


@dataclass(frozen=True)
class EffectsPanel:
    """The components of this panel."""

    view: gr.HTML


def build_effects_panel() -> EffectsPanel:
    """Lay out the panel; must be called inside a `gr.Blocks`."""
    view = gr.HTML(
        html_template=read_asset("effects.html"),
        js_on_load=read_script("effects.js"),
        apply_default_css=False,
        elem_id="effects-panel",
        catalogue=describe_effects(),
        edge=describe_edge(),
    )
    return EffectsPanel(view)


def describe_edge() -> list[dict[str, Any]]:
    """The settings that every layer has, with the ranges of their sliders."""
    return [replace(LAYER_SETTINGS[name], low=low, high=high).to_json() for name, (low, high) in _SLIDER_RANGES.items()]
