"""What a kind of export is, what it is made from, and how far it is: `ExportKind`, `Material`, `ExportProgress`."""

from __future__ import annotations

import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from app.projects.mask_folder import MaskFolder
from app.projects.project import Project
from effects.layer import Layer
from media.errors import MediaError
from media.part_file import PartFile
from media.video_clip import VideoClip

Value = str | bool | tuple[int, ...]
Values = Mapping[str, Value]
"""What was chosen for each option, checked."""

Group = Literal["video", "transparent", "masks", "all"]


class ExportError(MediaError):
    """An export that cannot be made as asked; the message is one sentence for the person."""


class Choice(NamedTuple):
    """One of the values of an option, as the command line writes it and as the page says it."""

    value: str
    label: str


@dataclass(frozen=True)
class Option:
    """Something to choose before an export: one of `choices`, a switch, or the objects that are meant.

    Attributes:
        name: as the command line writes it.
        label: as the page says it.
        type: what kind of value it takes.
        default: the value that nobody has to choose; for objects the empty tuple, which means all of them.
        choices: where the type is "choice".
    """

    name: str
    label: str
    type: Literal["choice", "switch", "objects"]
    default: Value
    choices: tuple[Choice, ...] = ()


def safe_stem(name: str) -> str:
    """A clip's name without its suffix, as it may stand in a file's name on any computer."""
    return re.sub(r"[^\w .()-]", "_", Path(name).stem)[:80].strip(" .") or "clip"


OBJECTS = Option("objects", "Objects", "objects", ())
MARKED = Option("marked", "Only the marked range", "switch", False)


def chosen_frames(project: Project, num_frames: int, values: Values) -> range:
    """The frames of the marked range if that was chosen, else all of the clip's `num_frames`.

    Raises:
        ExportError: no range is marked, or not in this clip.
    """
    every = range(num_frames)
    if not values.get(MARKED.name):
        return every
    if project.marks is None or not every[slice(*project.marks)]:
        raise ExportError("No range of this clip is marked; mark one first, or export the whole clip.")
    return every[slice(*project.marks)]


@dataclass(frozen=True, eq=False)
class Material:
    """What all exports are made from.

    Attributes:
        clip: the opened clip.
        masks: what tracking wrote.
        project: as it is saved; it must stand without the session's folder.
        layers: the project's layers, with the files that they show found.
        name: the clip's file name as the user knows it.
    """

    clip: VideoClip
    masks: MaskFolder
    project: Project
    layers: tuple[Layer, ...]
    name: str

    @property
    def stem(self) -> str:
        """The clip's name without its suffix, for names in what is written."""
        return safe_stem(self.name)

    @property
    def file_name(self) -> str:
        """The clip's name as a file."""
        suffix = self.clip.path.suffix.lower()
        return f"{self.stem}{suffix if re.fullmatch(r'[.][a-z0-9]{1,5}', suffix) else ''}"

    def object_ids(self, values: Values) -> tuple[int, ...]:
        """The objects that were chosen, or all of the project.

        Raises:
            ProjectError: one of them is not in the project. ExportError: none of them was tracked.
        """
        chosen = values["objects"]
        wanted = chosen if isinstance(chosen, tuple) and chosen else self.project.object_ids
        for object_id in wanted:
            self.project.object(object_id)
        if not any(self.masks.frames(each) for each in wanted):
            raise ExportError("There are no masks yet; track an object first.")
        return wanted

    def frames(self, values: Values) -> range:
        """The frames that are written; raises as `chosen_frames`."""
        return chosen_frames(self.project, self.clip.num_frames, values)


@dataclass(frozen=True)
class Extent:
    """How much there is to export: enough to guess a file's size without opening the clip.

    Attributes:
        size: (height, width) of the clip and its masks [px].
        result_size: (height, width) of the rendered picture, which the project may reframe [px].
        num_frames: of the clip.
        seconds: of the clip.
        num_objects: of the project.
        clip_bytes: of the clip's file.
        has_sound: whether the clip has any.
    """

    size: tuple[int, int]
    result_size: tuple[int, int]
    num_frames: int
    seconds: float
    num_objects: int
    clip_bytes: int
    has_sound: bool

    @property
    def liveliness(self) -> float:
        """How much happens in the clip, from nothing, 0, to as much as in any, 1; told by how well it was compressed.

        The clips that H.264 at quality "high" makes of eight real ones have 0.8 to 2.3 times their bits; the liveliest
        of these clips have 0.2 bits a pixel.
        """
        bits_per_pixel = 8 * self.clip_bytes / (self.size[0] * self.size[1] * self.num_frames)
        return min(1.0, bits_per_pixel / 0.2)


class Step(NamedTuple):
    """How far an export is, in units of its own."""

    done: int
    total: int


@dataclass(frozen=True)
class ExportProgress:
    """How far an export is; the last message carries the `path` of the result."""

    done: int
    total: int
    frames_per_second: float
    path: Path | None = None

    @property
    def seconds_left(self) -> float:
        return (self.total - self.done) / max(self.frames_per_second, 1e-6)


class ExportKind(ABC):
    """One kind of export, a file of its own: what the page's dialog shows and the command line takes."""

    name: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[str]
    group: ClassVar[Group]
    options: ClassVar[tuple[Option, ...]]

    @abstractmethod
    def suffix(self, values: Values) -> str:
        """What the file's name ends with."""

    @abstractmethod
    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        """Write the file; it appears only after the last step. Closing the iterator before leaves nothing."""

    @abstractmethod
    def estimate(self, extent: Extent, values: Values) -> int:
        """About how large the file will be [bytes]."""


class Piece(NamedTuple):
    """A part of a file: pieces of one name that follow each other belong together."""

    file: str
    content: bytes
    frame_index: int


class DataKind(ExportKind):
    """An export of data: pieces, frame by frame, that become one file, or the files of a ZIP."""

    @abstractmethod
    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        """Yield what is written, at least once a frame, in the order of the frames."""

    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        """As `ExportKind` says."""
        total = material.clip.num_frames
        is_zip = self.suffix(values) == ".zip"
        with PartFile(out) as part:
            target = ZipPieces(part.path) if is_zip else FilePieces(part.path)
            with target:
                for piece in self.pieces(material, values):
                    target.add(piece)
                    yield Step(piece.frame_index + 1, total)
            part.commit()


class FilePieces:
    """Writes pieces into one file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, piece: Piece) -> None:
        """Append a piece."""
        self._file.write(piece.content)

    def __enter__(self) -> FilePieces:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()


class ZipPieces:
    """Writes pieces as the files of a ZIP archive."""

    STORED = (".png", ".mp4", ".mov", ".webm", ".mkv", ".zip")
    """Packed already: storing them is as small and much quicker."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path, "w")
        self._name = ""
        self._entry: Any = None

    def add(self, piece: Piece) -> None:
        """Append a piece to its file, which begins where the name is another than before."""
        if piece.file != self._name:
            self._end_entry()
            info = zipfile.ZipInfo(piece.file)
            is_packed = piece.file.lower().endswith(self.STORED)
            info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            # Only what may pass 2 GB: not every program reads the larger headers.
            self._entry = self._archive.open(info, "w", force_zip64=len(piece.content) >= LARGE_PIECE)
            self._name = piece.file
        self._entry.write(piece.content)

    def _end_entry(self) -> None:
        if self._entry is not None:
            self._entry.close()
            self._entry = None

    def __enter__(self) -> ZipPieces:
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            self._end_entry()
        finally:
            self._archive.close()


LARGE_PIECE = 4 * 2**20
"""The size of the pieces in which whole files are copied [bytes]."""


def file_pieces(path: Path, name: str, frame_index: int) -> Iterator[Piece]:
    """A file on disk as pieces of the file `name`."""
    with path.open("rb") as file:
        while content := file.read(LARGE_PIECE):
            yield Piece(name, content, frame_index)
