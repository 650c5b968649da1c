"""What `--object` says on the command line: `id=1 frame=0 +420,310 -40,60 box=10,20,200,180 name=Dog`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from app.projects.changes import add_object, rename, with_prompt
from app.projects.mask_folder import MaskError, read_mask
from app.projects.project import FramePrompt, Project, ProjectError, mask_to_text

USAGE = '"id=1 frame=0 +420,310 -40,60", with box=x0,y0,x1,y1 or mask=FILE.png in place of or before the clicks'

_NUMBER = r"\d+(?:\.\d+)?"
_CLICK = re.compile(rf"([+-])({_NUMBER}),({_NUMBER})")
_BOX = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})")


@dataclass
class _Words:
    """What was read of one `--object` so far."""

    settings: dict[str, str] = field(default_factory=dict)
    points: list[tuple[float, float]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)


def with_object_argument(project: Project, text: str, size: tuple[int, int]) -> Project:
    """Add what one `--object` says to a project; the object is made where it does not exist yet.

    Args:
        project: gets the prompt.
        text: as written by the user.
        size: the clip's displayed (height, width), which a mask must have.

    Raises:
        ProjectError: the text cannot be read, or says the same frame again.
        MaskError: the mask's file is no PNG of the clip's size.
    """
    words = _read_words(text)
    object_id = _whole_number(words, "id", text)
    prompt = FramePrompt(
        object_id=object_id,
        frame_index=_whole_number(words, "frame", text, default="0"),
        points=tuple(words.points),
        labels=tuple(words.labels),
        box=_box(words, text),
        mask_png=_mask(words, size),
    )
    if prompt.is_empty:
        raise ProjectError(f'--object "{text}" says no click, box or mask; write {USAGE}.')
    if object_id not in project.object_ids:
        project = add_object(project, words.settings.get("name"), object_id=object_id)
    elif "name" in words.settings:
        project = rename(project, object_id, words.settings["name"])
    if project.prompt(object_id, prompt.frame_index) is not None:
        raise ProjectError(
            f"Object {object_id} is prompted twice on frame {prompt.frame_index}; put all its clicks into one --object."
        )
    return with_prompt(project, prompt)


def _read_words(text: str) -> _Words:
    words = _Words()
    for word in text.split():
        if click := _CLICK.fullmatch(word):
            words.points.append((float(click[2]), float(click[3])))
            words.labels.append(1 if click[1] == "+" else 0)
            continue
        name, equals, value = word.partition("=")
        if not equals or name not in ("id", "frame", "box", "mask", "name") or name in words.settings:
            raise ProjectError(f'In --object "{text}" the word "{word}" is not understood; write {USAGE}.')
        words.settings[name] = value
    return words


def _whole_number(words: _Words, name: str, text: str, default: str | None = None) -> int:
    value = words.settings.get(name, default)
    if value is None or not value.isdecimal():
        raise ProjectError(f'--object "{text}" needs {name}= and a whole number; write {USAGE}.')
    return int(value)


def _box(words: _Words, text: str) -> tuple[float, float, float, float] | None:
    if "box" not in words.settings:
        return None
    found = _BOX.fullmatch(words.settings["box"])
    if found is None:
        raise ProjectError(f'In --object "{text}" the box is not understood; write box=x0,y0,x1,y1 in pixels.')
    return float(found[1]), float(found[2]), float(found[3]), float(found[4])


def _mask(words: _Words, size: tuple[int, int]) -> str | None:
    if "mask" not in words.settings:
        return None
    path = Path(words.settings["mask"])
    mask = read_mask(path)
    if mask.shape != size:
        raise MaskError(
            f"{path.name} is {mask.shape[1]}×{mask.shape[0]} pixels, but the clip is {size[1]}×{size[0]}; "
            "a mask must have the clip's displayed size."
        )
    if not mask.any():
        raise MaskError(f"{path.name} is all black; the object must be white in it.")
    return mask_to_text(mask)
