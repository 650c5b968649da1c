"""The rendered clip as a video, as a moving picture, and cut out with transparency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.exports.kind import MARKED, OBJECTS, Choice, ExportKind, Extent, Material, Option, Step, Values
from app.projects.project import Project
from app.rendering.render import render_frames
from effects.reframe import ASPECTS, Reframe
from media.format import QUALITIES, Format
from media.formats import FORMATS, choose_format

SMALL_SHARE_OF_FRAME = 0.4
"""Of a cut-out's frame about so much is encoded: the objects and what surrounds them."""


WHOLE = "as it is"
_ASPECTS = tuple(Choice(each, "Whole picture" if each == WHOLE else each) for each in ASPECTS)


def _followed(project: Project, aspect: str) -> Reframe | None:
    """How the picture is cut: as the export asks, else as the project has it; nothing is followed without objects."""
    if aspect == WHOLE or not project.object_ids:
        return project.reframe
    return replace(project.reframe or Reframe(project.object_ids), aspect=aspect)


def _choices(*names: str) -> tuple[Choice, ...]:
    """Formats to choose from; whether their encoders are installed is asked when one is chosen."""
    known = {each.name: each for each in reversed(FORMATS)}
    return tuple(Choice(name, f"{known[name].label}. {known[name].description}") for name in names)


class Video(ExportKind):
    """The clip with its effects and its sound."""

    name = "video"
    label = "Video"
    description = "The clip with its effects: same size, same times, same sound."
    group = "video"
    options = (
        Option("format", "Format", "choice", "h264", _choices("h264", "h265", "vp9", "av1")),
        Option("quality", "Quality", "choice", "high", tuple(Choice(each, text) for each, text in QUALITIES.items())),
        MARKED,
        Option("aspect", "Follow the objects in", "choice", WHOLE, _ASPECTS),
        Option("location", "Keep the place where it was taken", "switch", False),
    )

    def suffix(self, values: Values) -> str:
        return _format(values).suffix

    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        reframe = _followed(material.project, str(values["aspect"]))
        keeps_location = bool(values["location"])
        return _rendered(material, out, values, reframe=reframe, keeps_location=keeps_location)

    def estimate(self, extent: Extent, values: Values) -> int:
        aspect = str(values["aspect"])
        size = extent.result_size if aspect == WHOLE else Reframe((1,), aspect=aspect).size(extent.size)
        most = _format(values).estimate(size, extent.num_frames, extent.seconds)
        sound = _format(values).estimate(size, 0, extent.seconds)
        return sound * extent.has_sound + round((most - sound) * extent.liveliness)


class MovingPicture(ExportKind):
    """The clip with its effects, small, silent and without end."""

    name = "animation"
    label = "GIF or WebP"
    description = "The clip with its effects as a small moving picture, for chats and pages."
    group = "video"
    options = (Option("format", "Format", "choice", "gif", _choices("gif", "webp")), MARKED)

    def suffix(self, values: Values) -> str:
        return _format(values).suffix

    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        return _rendered(material, out, values)

    def estimate(self, extent: Extent, values: Values) -> int:
        return _format(values).estimate(extent.result_size, extent.num_frames, extent.seconds)


class CutOut(ExportKind):
    """The chosen objects with their effects; everything outside them is transparent."""

    name = "cutout"
    label = "Cut-out"
    description = "Only the chosen objects, everything around them transparent, to lay over another picture."
    group = "transparent"
    options = (
        Option(
            "format", "Format", "choice", "webm-alpha", _choices("webm-alpha", "prores", "png", "webp", "gif")
        ),
        MARKED,
        OBJECTS,
    )  # fmt: skip

    def suffix(self, values: Values) -> str:
        return _format(values).suffix

    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        return _rendered(material, out, values, cut_out=material.object_ids(values))

    def estimate(self, extent: Extent, values: Values) -> int:
        whole = _format(values).estimate(extent.result_size, extent.num_frames, extent.seconds)
        return round(SMALL_SHARE_OF_FRAME * whole)


def _format(values: Values) -> Format:
    quality = values.get("quality")
    return choose_format(str(values["format"]), None if quality is None else str(quality))


def _rendered(
    material: Material,
    out: Path,
    values: Values,
    *,
    reframe: Reframe | None = None,
    cut_out: Sequence[int] | None = None,
    keeps_location: bool = False,
) -> Iterator[Step]:
    project = material.project
    frames = render_frames(
        material.clip,
        material.masks,
        material.layers,
        out,
        colors=project.rgb_colors,
        names=project.names,
        reframe=reframe or project.reframe,
        format=_format(values),
        cut_out=cut_out,
        frames=material.frames(values),
        keeps_location=keeps_location,
    )
    for progress in frames:
        yield Step(progress.done, progress.total)
