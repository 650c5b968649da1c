"""What one call of the command line asks for, and how its words are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.command_line.object_argument import with_object_argument
from app.exports.kind import ExportError
from app.projects.changes import add_object, with_layers, with_reframe
from app.projects.mask_folder import MaskError, MaskFolder
from app.projects.project import Project
from effects.layer import parse_layer
from effects.reframe import parse_reframe
from media.errors import MediaError
from media.format import Format
from media.formats import choose_format, format_names, format_of_suffix


@dataclass(frozen=True)
class Job:
    """What one call of `track`, `render`, `run` or `export` was asked to do.

    Args:
        clip: a video file or a folder of numbered frames.
        model: a preset's name or a checkpoint's path; None: the project's, else this computer's default.
        objects: each `--object`, as written.
        layers: each `--layer`, as written.
        reframe: the `--reframe`, as written; None: the project's own.
        project: the project file to start from.
        save_project: where the project is written in the end.
        masks: the folder of masks, written by `track` and `run`, read by `render` and `export`.
        output: the file or folder to write.
        format: a name of `media.formats`; None: what the output's name asks for.
        quality: one of `media.format.QUALITIES`; None: the format's own.
        keep: the objects outside of which everything becomes transparent, "1,3" or "all"; None: nothing is cut out.
        keep_location: whether the place where the clip was taken stays in the file.
        kind: of the export; None: the masks.
        settings: the export's options, each as written, name=value.
        device: where the network runs; None, as for the next four: what suits the hardware.
        dtype: its number type.
        image_size: side of its square input [px].
        look_ahead: frames encoded in one batch.
        compiles: whether the network is compiled first.
        dry_run: say how long tracking would take and how much memory it would need, and write nothing.
    """

    clip: Path
    model: str | None = None
    objects: Sequence[str] = ()
    layers: Sequence[str] = ()
    reframe: str | None = None
    project: Path | None = None
    save_project: Path | None = None
    masks: Path | None = None
    output: Path | None = None
    format: str | None = None
    quality: str | None = None
    keep: str | None = None
    keep_location: bool = False
    kind: str | None = None
    settings: Sequence[str] = ()
    device: Literal["cuda", "mps", "cpu"] | None = None
    dtype: Literal["float32", "bfloat16"] | None = None
    image_size: int | None = None
    look_ahead: int | None = None
    compiles: bool | None = None
    dry_run: bool = False

    def begin_project(self, size: tuple[int, int]) -> Project:
        """The project to work on: the given file or a new one, and what the other arguments add to it.

        Args:
            size: the clip's (height, width) [px].
        """
        project = Project.load(self.project) if self.project else Project(clip=self.clip.name, model="")
        for text in self.objects:
            project = with_object_argument(project, text, size)
        if self.model or not project.model:
            from app.tracking.models import default_model  # brings torch, which takes seconds to import

            project = replace(project, model=self.model or default_model().name)
        return project

    def with_layers(self, project: Project) -> Project:
        """The project with the layers of the command line on top of its own, and with its reframing."""
        project = with_layers(project, [*project.layers, *(parse_layer(text) for text in self.layers)])
        return with_reframe(project, parse_reframe(self.reframe)) if self.reframe else project

    def project_of_masks(self, size: tuple[int, int]) -> Project:
        """The project with an object for each folder of masks, so that layers may be aimed at it, and its layers.

        Args:
            size: the clip's (height, width) [px].
        """
        project = self.begin_project(size)
        for object_id in MaskFolder(self.masks).object_ids() if self.masks else ():
            if object_id not in project.object_ids:
                project = add_object(project, object_id=object_id)
        return self.with_layers(project)

    def read_format(self) -> Format:
        """The format that `format` and `quality` name; without them the one that the output's name asks for."""
        assert self.output is not None
        suffix = self.output.suffix.lower()
        asked = self.format or ("webm-alpha" if self.keep and suffix == ".webm" else format_of_suffix(self.output))
        chosen = choose_format(asked, self.quality)
        if suffix != chosen.suffix:
            raise MediaError(f"{chosen.label} is a {chosen.suffix} file; please change the name {self.output.name!r}.")
        if self.keep and not chosen.has_alpha:
            known = ", ".join(format_names(has_alpha=True))
            raise MediaError(f"{chosen.label} knows no transparency; please give --format one of {known}.")
        return chosen

    def read_keep(self, masks: MaskFolder) -> tuple[int, ...] | None:
        """The objects of `keep`; None where nothing is cut out."""
        if self.keep is None:
            return None
        if self.keep == "all":
            return masks.object_ids()
        if not re.fullmatch(r"[0-9]+(,[0-9]+)*", self.keep):
            raise MaskError(f'--keep wants object numbers such as 1,3, or all, not "{self.keep}".')
        return tuple(int(each) for each in self.keep.split(","))

    def read_settings(self) -> dict[str, str]:
        """The words `name=value` of `settings`."""
        given = {}
        for word in self.settings:
            name, equals, value = word.partition("=")
            if not equals:
                raise ExportError(f'An option is written name=value, not "{word}".')
            given[name] = value
        return given
