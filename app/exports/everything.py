"""One ZIP with all there is: the project, the clip, the rendered video, and the masks in every form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.exports.coco import Coco
from app.exports.davis import Davis
from app.exports.kind import (
    OBJECTS,
    DataKind,
    ExportKind,
    Extent,
    Material,
    Option,
    Piece,
    Step,
    Values,
    ZipPieces,
    file_pieces,
)
from app.exports.mask_images import MaskImages
from app.exports.matte import MatteVideo
from app.exports.sav import Sav
from app.exports.table import Table
from app.exports.video import Video
from app.rendering.render import render_frames
from app.scratch import scratch_folder
from media.part_file import PartFile
from media.video_clip import VideoClip

DATA: tuple[DataKind, ...] = (MaskImages(), Davis(), Coco(), Sav(), Table())
VIDEOS: tuple[tuple[str, ExportKind], ...] = (("matte", MatteVideo()), ("render", Video()))


class Everything(ExportKind):
    """Unpacked, `project.json` with the clip beside it opens again, here or on another computer.

    The clip is the file as it came, or where only a part of it is used, that part written anew.
    """

    name = "everything"
    label = "Everything (ZIP)"
    description = "The project with its clip, the rendered video and the masks in every form, in one file."
    group = "all"
    options = (
        OBJECTS,
        Option("clip", "With the clip itself", "switch", True),
        Option("video", "With the rendered video", "switch", True),
    )

    def suffix(self, values: Values) -> str:
        return ".zip"

    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        clip = material.clip
        videos = _videos(values)
        is_anew = bool(values["clip"]) and not _is_whole_file(clip)
        total = clip.num_frames * (len(DATA) + len(videos) + is_anew)
        before = 0
        with PartFile(out) as part, scratch_folder() as scratch:
            with ZipPieces(part.path) as archive:
                for kind in DATA:
                    for piece in kind.pieces(material, _defaults(kind, values)):
                        archive.add(_placed(piece, kind))
                        yield Step(before + piece.frame_index + 1, total)
                    before += clip.num_frames
                made = scratch / "made.mp4"
                for name, video in videos:
                    for step in video.write(material, made, _defaults(video, values)):
                        yield Step(before + step.done, total)
                    before += clip.num_frames
                    yield from _copied(archive, made, f"{name}.mp4", Step(before, total))
                if is_anew:
                    for progress in render_frames(clip, material.masks, (), made, colors={}):
                        yield Step(before + progress.done, total)
                    yield from _copied(archive, made, f"clip/{material.stem}.mp4", Step(total, total))
                elif values["clip"]:
                    yield from _copied(archive, clip.path, f"clip/{material.file_name}", Step(total, total))
            part.commit()

    def estimate(self, extent: Extent, values: Values) -> int:
        data = sum(kind.estimate(extent, _defaults(kind, values)) for kind in DATA)
        videos = sum(kind.estimate(extent, _defaults(kind, values)) for _, kind in _videos(values))
        return data + videos + (extent.clip_bytes if values["clip"] else 0)


def _videos(values: Values) -> list[tuple[str, ExportKind]]:
    return [(name, kind) for name, kind in VIDEOS if name != "render" or values["video"]]


def _is_whole_file(clip: VideoClip) -> bool:
    """Whether the file holds just the frames of the clip; else the masks would not fit it when it is opened again."""
    return clip.path.is_file() and not clip.facts.is_trimmed and clip.facts.cut == 0


def _defaults(kind: ExportKind, values: Values) -> Values:
    """What is chosen for a kind inside the ZIP: its defaults, but the same objects."""
    return {option.name: option.default for option in kind.options} | {"objects": values["objects"]}


def _placed(piece: Piece, kind: DataKind) -> Piece:
    """DAVIS's pictures go into a folder of that name; the names of the others say what they are."""
    return piece._replace(file=f"davis/{piece.file}") if isinstance(kind, Davis) else piece


def _copied(archive: ZipPieces, path: Path, name: str, step: Step) -> Iterator[Step]:
    for piece in file_pieces(path, name, 0):
        archive.add(piece)
        yield step
