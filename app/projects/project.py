"""A project: what the user said about one clip, as plain JSON; `changes.py` changes it.

The page, the command line and "open again" all read and write this one file; the masks can be made
again from it and the clip.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from effects.color import format_color, parse_color
from effects.layer import Layer
from effects.reframe import Reframe
from media.limits import LOCAL
from media.whole_file import write_whole

VERSION = 2
_READABLE = (1, 2)

MOST_OBJECTS, MOST_LAYERS, MOST_CLICKS = 200, 100, 200
"""Of a project, and clicks of one object on one frame: far beyond use, and what a stranger's file may cost."""
LONGEST_NAME = 60
"""Of an object, in letters; the rest is cut off."""


class ProjectError(ValueError):
    """A project that cannot be read, or a change that it cannot take; the message is for the person."""


@dataclass(frozen=True)
class ProjectObject:
    """One object of the clip.

    Args:
        id: its number, from 1.
        name: as people read it.
        color: `#rrggbb`.
        visible: whether the editor shows its mask; effects do not ask.
        locked: whether clicks, tracking and removal leave it alone.
    """

    id: int
    name: str
    color: str
    visible: bool = True
    locked: bool = False


@dataclass(frozen=True)
class FramePrompt:
    """Everything the user said about one object on one frame, in the order in which it was said.

    Args:
        object_id: the object that is meant.
        frame_index: the frame that was clicked, counted from 0.
        points: clicks `(x, y)` [px of the displayed frame], the oldest first.
        labels: for each point 1 (part of the object) or 0 (not part of it).
        box: `x0, y0, x1, y1` [px of the displayed frame] or None.
        mask_png: a 1-bit PNG of the clip's size as base64 text, or None; `mask_from_text` reads it.
        choice: which of the model's three answers to the first click was meant, in the model's order, or None for
            the one that it holds to be the best.
    """

    object_id: int
    frame_index: int
    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None
    mask_png: str | None = None
    choice: int | None = None

    def __post_init__(self) -> None:
        if len(self.points) != len(self.labels):
            raise ProjectError(
                f"Object {self.object_id} on frame {self.frame_index} has {len(self.points)} points "
                f"and {len(self.labels)} labels; each point needs one label, 1 or 0."
            )
        if len(self.points) > MOST_CLICKS:
            raise ProjectError(f"One frame takes at most {MOST_CLICKS} clicks an object, not {len(self.points)}.")
        if any(label not in (0, 1) for label in self.labels):
            raise ProjectError(f"Labels are 1 (add) or 0 (take away), not {list(self.labels)}.")
        if self.frame_index < 0:
            raise ProjectError(f"Frames are counted from 0; {self.frame_index} is no frame.")
        if self.choice not in (None, 0, 1, 2):
            raise ProjectError(f"There are three answers to choose from, 0, 1 and 2; {self.choice} is none of them.")

    @property
    def is_empty(self) -> bool:
        return not self.points and self.box is None and self.mask_png is None


@dataclass(frozen=True)
class Project:
    """What was said about one clip.

    Args:
        clip: the clip's file name, without a folder.
        model: the model's name, as `app.tracking.models` lists it.
        objects: in the order of their making.
        prompts: at most one per object and frame, in the order in which the frames were first prompted.
        layers: the effects, the lowest first.
        marks: the marked range, its first frame and the one after its last, or None for the whole clip.
        reframe: how the picture is cut in the end, following an object; None keeps it whole.
    """

    clip: str
    model: str = "nano"
    objects: tuple[ProjectObject, ...] = ()
    prompts: tuple[FramePrompt, ...] = ()
    layers: tuple[Layer, ...] = ()
    marks: tuple[int, int] | None = None
    reframe: Reframe | None = None

    def __post_init__(self) -> None:
        for what, given, most in (("objects", self.objects, MOST_OBJECTS), ("layers", self.layers, MOST_LAYERS)):
            if len(given) > most:
                raise ProjectError(f"A project has at most {most} {what}, not {len(given)}; remove some.")
        if self.marks is not None and not 0 <= self.marks[0] < self.marks[1]:
            raise ProjectError(f"The marks {self.marks[0]} to {self.marks[1]} enclose no frame; set them again.")

    @property
    def object_ids(self) -> tuple[int, ...]:
        return tuple(each.id for each in self.objects)

    @property
    def colors(self) -> dict[int, str]:
        """The colour `#rrggbb` of each object, by its number."""
        return {each.id: each.color for each in self.objects}

    @property
    def names(self) -> dict[int, str]:
        """The name of each object, by its number."""
        return {each.id: each.name for each in self.objects}

    @property
    def rgb_colors(self) -> dict[int, tuple[int, int, int]]:
        """The colour `(r, g, b)` of each object, as the effects want it."""
        return {each.id: parse_color(each.color) for each in self.objects}

    def object(self, object_id: int) -> ProjectObject:
        """Find an object; raises `ProjectError` where there is none of that number."""
        for each in self.objects:
            if each.id == object_id:
                return each
        known = ", ".join(str(number) for number in self.object_ids) or "none yet"
        raise ProjectError(f"There is no object {object_id} in this project (objects: {known}); add it first.")

    def prompt(self, object_id: int, frame_index: int) -> FramePrompt | None:
        """What was said about the object on that frame, or None."""
        for each in self.prompts:
            if (each.object_id, each.frame_index) == (object_id, frame_index):
                return each
        return None

    def prompted_frames(self, object_id: int) -> tuple[int, ...]:
        """The frames on which the object was prompted, in ascending order."""
        return tuple(sorted(each.frame_index for each in self.prompts if each.object_id == object_id))

    def to_json(self) -> dict[str, Any]:
        """Give the project as plain JSON values."""
        return {
            "version": VERSION,
            "clip": self.clip,
            "model": self.model,
            "objects": [asdict(each) for each in self.objects],
            "prompts": [_prompt_to_json(each) for each in self.prompts],
            "layers": [layer.to_json() for layer in self.layers],
            "marks": list(self.marks) if self.marks else None,
            "reframe": self.reframe.to_json() if self.reframe else None,
        }

    @classmethod
    def from_json(cls, data: Any) -> Project:
        """Build a project from what `to_json` gave; raises `ProjectError` on anything else."""
        if not isinstance(data, Mapping) or "version" not in data:
            raise ProjectError('This is no project: a JSON object with a "version" is wanted.')
        if data["version"] not in _READABLE:
            raise ProjectError(
                f"This project has version {data['version']!r}, but this program reads versions 1 to {VERSION}; "
                "open it with the program that wrote it."
            )
        try:
            project = cls(
                clip=Path(str(data["clip"])).name,
                model=str(data["model"]),
                objects=tuple(_object_from_json(each) for each in data.get("objects", ())),
                prompts=tuple(_prompt_from_json(each) for each in data.get("prompts", ())),
                layers=tuple(Layer.from_json(each) for each in data.get("layers", ())),
                marks=_marks_from_json(data.get("marks")),
                reframe=None if data.get("reframe") is None else Reframe.from_json(data["reframe"]),
            )
        except KeyError as missing:
            raise ProjectError(f"This project lacks {missing}.") from missing
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ProjectError(f"This project cannot be read: {error}") from error
        if min(project.object_ids, default=1) < 1 or len(set(project.object_ids)) < len(project.objects):
            raise ProjectError("The objects of a project are numbered from 1, each once.")
        followed = project.reframe.object_ids if project.reframe else ()
        for object_id in (*(each.object_id for each in project.prompts), *followed):
            project.object(object_id)
        return project

    def save(self, path: Path) -> None:
        """Write the project as JSON; the file is replaced whole or not at all."""
        write_whole(path, json.dumps(self.to_json(), indent=1).encode())

    @classmethod
    def load(cls, path: Path) -> Project:
        """Read what `save` wrote; raises `ProjectError` with one sentence."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ProjectError(f"There is no project file {path.name}.") from error
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise ProjectError(f"{path.name} is no project: it cannot be read as JSON.") from error
        return cls.from_json(data)


def mask_to_text(mask: np.ndarray) -> str:
    """Give a mask (H, W) bool as the base64 text of a 1-bit PNG, for `FramePrompt.mask_png`."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(mask, dtype=bool)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def mask_from_text(text: str) -> np.ndarray:
    """Read the mask (H, W) bool back from what `mask_to_text` gave."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as image:
            if image.width * image.height > LOCAL.max_pixels:
                raise ProjectError(f"A mask in this project is {image.width}×{image.height}, larger than any clip.")
            return np.asarray(image.convert("L")) >= 128
    except ProjectError:
        raise
    except (ValueError, OSError, Image.DecompressionBombError) as error:
        raise ProjectError("A mask in this project is no PNG in base64.") from error


def _prompt_to_json(prompt: FramePrompt) -> dict[str, Any]:
    data: dict[str, Any] = {
        "object": prompt.object_id,
        "frame": prompt.frame_index,
        "points": [list(point) for point in prompt.points],
        "labels": list(prompt.labels),
    }
    if prompt.box is not None:
        data["box"] = list(prompt.box)
    if prompt.mask_png is not None:
        data["mask_png"] = prompt.mask_png
    if prompt.choice is not None:
        data["choice"] = prompt.choice
    return data


def _object_from_json(data: Mapping[str, Any]) -> ProjectObject:
    return ProjectObject(
        id=int(data["id"]),
        name=str(data["name"])[:LONGEST_NAME],
        color=checked_color(data["color"]),
        visible=bool(data.get("visible", True)),
        locked=bool(data.get("locked", False)),
    )


def _marks_from_json(data: Any) -> tuple[int, int] | None:
    if data is None:
        return None
    first, stop = data
    return int(first), int(stop)


def _prompt_from_json(data: Mapping[str, Any]) -> FramePrompt:
    box = data.get("box")
    mask_png = data.get("mask_png")
    if mask_png is not None:
        mask_from_text(str(mask_png))
    x0, y0, x1, y1 = (float(value) for value in box) if box is not None else (0.0, 0.0, 0.0, 0.0)
    return FramePrompt(
        object_id=int(data["object"]),
        frame_index=int(data["frame"]),
        points=tuple((float(x), float(y)) for x, y in data.get("points", ())),
        labels=tuple(int(label) for label in data.get("labels", ())),
        box=(x0, y0, x1, y1) if box is not None else None,
        mask_png=str(mask_png) if mask_png is not None else None,
        choice=int(data["choice"]) if data.get("choice") is not None else None,
    )


def checked_color(text: object) -> str:
    """Let only `#rrggbb` through: the colour ends up in style sheets and PNG palettes."""
    return format_color(parse_color(str(text)))
