"""A project as one ZIP: `project.json`, the clip, and the masks, so that it opens again anywhere."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

from app.projects.mask_folder import MaskFolder
from app.projects.project import Project, ProjectError
from app.sessions.session import Session
from media.part_file import PartFile

_MASK = re.compile(r"masks/(\d{1,6})/(\d{5,7})\.png")
_CLIP = re.compile(r"clip(?:/[^/]{1,255})?\.[a-z0-9]{1,5}", re.IGNORECASE)
_MOST_FILES = 200_000
_MOST_PROJECT_BYTES = 50_000_000
_CLIP_BESIDES = 3  # masks and project may be as large as some clips


class Archive(NamedTuple):
    """What an archive held; `clip` is None where the project came without it."""

    project: Project
    clip: Path | None
    masks: MaskFolder


def write_archive(session: Session, out: Path) -> int:
    """Pack a session's project, clip and masks; the file appears only when it is whole. Returns its size [bytes]."""
    clip = session.clip_path
    project = json.dumps(session.portable_project().to_json(), indent=1)
    with PartFile(out) as part:
        # Masks and clips are deflated by their own means: storing them is as small and several times quicker.
        with zipfile.ZipFile(part.path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("project.json", project)
            archive.write(clip, clip.name)
            for object_id in session.masks.object_ids():
                for frame_index in session.masks.frames(object_id):
                    path = session.masks.path(object_id, frame_index)
                    archive.write(path, f"masks/{object_id}/{path.name}")
        part.commit()
    return out.stat().st_size


def is_archive(path: Path) -> bool:
    """Whether a file is a project's archive; another ZIP may be a folder of pictures, which is a clip."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "project.json" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def open_archive(path: Path, folder: Path, max_clip_bytes: int) -> Archive:
    """Unpack an archive from a stranger into an empty folder.

    Only the names that `write_archive` gives are taken, under names of our own, and never more bytes than a clip
    may have and as much again for the rest.

    Raises:
        ProjectError: no ZIP, no project in it, or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(each.file_size for each in entries)
            if len(entries) > _MOST_FILES or size > _CLIP_BESIDES * max_clip_bytes:
                raise ProjectError(
                    f"This archive unpacks to {size / 1e6:.0f} MB, which is too much; open its clip alone."
                )
            return _unpack(archive, entries, folder, max_clip_bytes)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        # `zipfile` says so of what is damaged, packed in a way it does not know, or locked by a password.
        raise ProjectError(f"{path.name} cannot be read as a ZIP archive; save the project again.") from error


def _unpack(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, max_clip_bytes: int) -> Archive:
    by_name = {each.filename: each for each in entries}
    if "project.json" not in by_name or by_name["project.json"].file_size > _MOST_PROJECT_BYTES:
        raise ProjectError("There is no project.json in this archive; open the archive that “Save project” wrote.")
    try:
        project = Project.from_json(json.loads(archive.read("project.json")))
    except ValueError as error:
        raise error if isinstance(error, ProjectError) else ProjectError("The project.json cannot be read.") from error
    clip = None
    for name, entry in by_name.items():
        if _CLIP.fullmatch(name) and entry.file_size <= max_clip_bytes:
            clip = folder / Path(project.clip or name).with_suffix(Path(name).suffix).name
            _copy(archive, entry, clip)
        elif mask := _MASK.fullmatch(name):
            _copy(archive, entry, folder / "masks" / str(int(mask[1])) / f"{int(mask[2]):05d}.png")
    return Archive(project, clip, MaskFolder(folder / "masks"))


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, to.open("wb") as target:
        shutil.copyfileobj(source, target)
