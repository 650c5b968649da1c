"""All kinds of export by name, and how any of them is made: for the page's dialog and for the command line."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.assets import ASSETS, with_asset_paths
from app.exports.coco import Coco
from app.exports.davis import Davis
from app.exports.everything import Everything
from app.exports.kind import (
    ExportError,
    ExportKind,
    ExportProgress,
    Extent,
    Material,
    Option,
    Value,
    Values,
    chosen_frames,
    safe_stem,
)
from app.exports.mask_images import MaskImages
from app.exports.matte import MatteVideo
from app.exports.project_file import ProjectFile
from app.exports.sav import Sav
from app.exports.table import Table
from app.exports.video import CutOut, MovingPicture, Video
from app.sessions.folder_size import folder_bytes
from app.sessions.session import Session
from media.formats import format_names

_ALL = (
    *(Video(), MovingPicture(), CutOut()),
    *(MaskImages(), Davis(), Coco(), Sav(), Table(), MatteVideo()),
    *(Everything(), ProjectFile()),
)
KINDS: Mapping[str, ExportKind] = {kind.name: kind for kind in _ALL}
"""Every kind, in the order in which the page shows them."""


def find_kind(name: str) -> ExportKind:
    """Find a kind; raises `ExportError` where there is none of that name."""
    if name not in KINDS:
        raise ExportError(f"There is no export {name!r}; please choose one of {', '.join(KINDS)}.")
    return KINDS[name]


def describe_kinds() -> list[dict[str, Any]]:
    """The kinds with their options as JSON values, for the page's dialog; formats that cannot be written are absent."""
    return [
        {
            "name": kind.name,
            "label": kind.label,
            "description": kind.description,
            "group": kind.group,
            "options": [_described(option) for option in kind.options],
        }
        for kind in KINDS.values()
    ]


def read_values(kind: ExportKind, given: Mapping[str, object]) -> Values:
    """Check what was chosen, from the page's JSON or the command line's words; what is left out has its default.

    Raises:
        ExportError: an option that the kind does not have, or a value that it does not take.
    """
    known = {option.name: option for option in kind.options}
    for name in given:
        if name not in known:
            takes = ", ".join(known) or "no options"
            raise ExportError(f"{kind.label} has no option {name!r}; it takes {takes}.")
    return {name: _read_value(option, given[name]) if name in given else option.default
            for name, option in known.items()}  # fmt: skip


def export(session: Session, name: str, given: Mapping[str, object]) -> Generator[ExportProgress, None, None]:
    """Make an export of a session; the last message carries the file's path.

    Closing the generator stops within a moment and leaves nothing.

    Args:
        session: whose clip, masks and project.
        name: of the kind.
        given: what was chosen, see `read_values`.

    Raises:
        ExportError, MediaError: with a sentence for the person.
    """
    kind = find_kind(name)
    values = read_values(kind, given)
    end = "masklet" if kind.name == "video" else kind.name
    with session.results.new_folder() as folder, session.open_clip() as clip:
        out = folder / f"{safe_stem(session.info.name)}-{end}{kind.suffix(values)}"
        layers = with_asset_paths(session.project.layers, session.folder / ASSETS)
        material = Material(clip, session.masks, session.portable_project(), layers, session.info.name)
        yield from write_export(kind, material, values, out)


def write_export(
    kind: ExportKind, material: Material, values: Values, out: Path
) -> Generator[ExportProgress, None, None]:
    """Make an export of anything; the last message carries `out`, which is there from then on.

    Where the clip's limits bound its size, `out` lies in a folder of its own, so that the parts in the making count.

    Raises:
        ExportError, MediaError: with a sentence for the person.
    """
    began = time.monotonic()
    progress = ExportProgress(0, material.clip.num_frames, 0.0)
    most_bytes = material.clip.limits.max_export_bytes
    for step in kind.write(material, out, values):
        if most_bytes is not None and folder_bytes(out.parent) > most_bytes:
            raise ExportError(
                f"This file grows beyond the {most_bytes / 1e6:.0f} MB that are allowed here; "
                "please choose a smaller format or quality, or a shorter part of the clip."
            )
        progress = ExportProgress(step.done, step.total, step.done / max(time.monotonic() - began, 1e-6))
        yield progress
    yield ExportProgress(progress.total, progress.total, progress.frames_per_second, out)


def estimate_bytes(session: Session, name: str, given: Mapping[str, object]) -> int:
    """About how large an export will be [bytes], at once and without opening the clip."""
    kind = find_kind(name)
    info, project = session.info, session.project
    extent = Extent(
        size=info.size,
        result_size=project.reframe.size(info.size) if project.reframe else info.size,
        num_frames=info.num_frames,
        seconds=info.duration,
        num_objects=len(project.objects),
        clip_bytes=session.clip_path.stat().st_size,
        has_sound=info.has_audio,
    )
    values = read_values(kind, given)
    share = len(chosen_frames(project, info.num_frames, values)) / info.num_frames
    return round(share * kind.estimate(extent, values))


def _described(option: Option) -> dict[str, Any]:
    can_be_written = format_names() if option.name == "format" else None
    choices = [each for each in option.choices if can_be_written is None or each.value in can_be_written]
    return asdict(option) | {"choices": [choice._asdict() for choice in choices]}


def _read_value(option: Option, value: object) -> Value:
    if option.type == "choice":
        known = [choice.value for choice in option.choices]
        if value not in known:
            raise ExportError(f"{option.label} is {value!r}, but must be one of {', '.join(known)}.")
        return str(value)
    if option.type == "switch":
        words = {True: True, False: False, "yes": True, "no": False}
        if not isinstance(value, bool | str) or value not in words:
            raise ExportError(f"{option.label} is {value!r}, but must be yes or no.")
        return words[value]
    return tuple(_object_ids(option, value))


def _object_ids(option: Option, value: object) -> Iterator[int]:
    """Object numbers from a list, or from text such as "1,3"; "all" and an empty list mean all of them."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        raise ExportError(f"{option.label} are {value!r}, but must be numbers such as 1,3, or all.")
    for word in words if value != "all" else ():
        if isinstance(word, bool) or not re.fullmatch(r"[0-9]{1,9}", str(word).strip()):
            raise ExportError(f"{option.label} are {value!r}, but must be numbers such as 1,3, or all.")
        yield int(word)
