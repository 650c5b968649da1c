"""Masks as black and white PNGs, one for each object and frame, with the project: what `render --masks` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator

from app.exports.kind import OBJECTS, DataKind, Extent, Material, Piece, Values


class MaskImages(DataKind):
    """`masks/<object>/<frame>.png` and `project.json`."""

    name = "masks"
    label = "Masks (PNG)"
    description = "A black and white picture for each object and frame, with the project, to go on working anywhere."
    group = "masks"
    options = (OBJECTS,)

    def suffix(self, values: Values) -> str:
        return ".zip"

    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        object_ids = material.object_ids(values)
        yield project_piece(material)
        for frame_index in range(material.clip.num_frames):
            for object_id in object_ids:
                path = material.masks.path(object_id, frame_index)
                content = path.read_bytes() if path.is_file() else b""
                if content:
                    yield Piece(f"masks/{object_id}/{path.name}", content, frame_index)

    def estimate(self, extent: Extent, values: Values) -> int:
        return extent.num_objects * extent.num_frames * mask_bytes(extent.size)


def project_piece(material: Material) -> Piece:
    """The project file."""
    return Piece("project.json", json.dumps(material.project.to_json(), indent=1).encode(), 0)


def mask_bytes(size: tuple[int, int]) -> int:
    """About how large a mask of an ordinary shape is, as a PNG or as run lengths [bytes]: its outline counts."""
    return 300 + 2 * (size[0] + size[1])
