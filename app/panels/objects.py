"""The objects' panel: the list of what is followed, and the button that follows it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.editor.assets import read_asset, read_script
from app.projects.project import Project
from app.tracking.estimate import Estimate
from app.tracking.tracked_frame import ObjectMask


@dataclass(frozen=True)
class ObjectsPanel:
    """The components of this panel."""

    view: gr.HTML


def build_objects_panel() -> ObjectsPanel:
    """Lay out the panel; must be called inside a `gr.Blocks`."""
    view = gr.HTML(
        html_template=read_asset("objects.html"),
        js_on_load=read_script("progress.js", "timescale.js", "object_rows.js", "objects.js", "cost.js"),
        apply_default_css=False,
        elem_id="objects-panel",
    )
    return ObjectsPanel(view)


def describe_cost(cost: Estimate) -> dict[str, Any]:
    """What tracking would take, for the page: seconds, and GB of memory where that is known."""
    memory = None if cost.memory is None else round(cost.memory / 1024, 2)
    return {"frames": cost.frames, "seconds": round(cost.seconds, 1), "memory": memory}


def describe_objects(project: Project) -> list[dict[str, Any]]:
    """The objects and what was said about them, as the page keeps them."""
    return [
        {
            "id": each.id,
            "name": each.name,
            "color": each.color,
            "visible": each.visible,
            "locked": each.locked,
            "prompts": {
                str(said.frame_index): {
                    "points": [[x, y, label] for (x, y), label in zip(said.points, said.labels, strict=True)],
                    "box": list(said.box) if said.box else None,
                    "choice": said.choice,
                }
                for said in project.prompts
                if said.object_id == each.id
            },
        }
        for each in project.objects
    ]


def describe_mask(mask: ObjectMask) -> dict[str, Any]:
    """One mask for the page; an empty one goes without its picture."""
    png = base64.b64encode(mask.png).decode("ascii") if mask.is_visible else None
    return {
        "object": mask.object_id,
        "frame": mask.frame_index,
        "png": png,
        "visible": mask.is_visible,
        "sure": mask.sure,
    }
