"""The project alone: clicks, names, effects; opened again beside the clip it was made with."""

from __future__ import annotations

from collections.abc import Iterator

from app.exports.kind import DataKind, Extent, Material, Piece, Values
from app.exports.mask_images import project_piece


class ProjectFile(DataKind):
    """`project.json` by itself."""

    name = "project"
    label = "Project file"
    description = "Clicks, names and effects, to open again with the same clip; the masks are tracked anew."
    group = "all"
    options = ()

    def suffix(self, values: Values) -> str:
        return ".json"

    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        yield project_piece(material)
        for frame_index in range(1, material.clip.num_frames):
            yield Piece("project.json", b"", frame_index)  # nothing more; but as every kind, it can be followed

    def estimate(self, extent: Extent, values: Values) -> int:
        return 2000 * (1 + extent.num_objects)
