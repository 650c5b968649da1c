"""Masks as DAVIS keeps them: one PNG a frame in which the colour of a pixel is the number of its object."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from app.exports.kind import OBJECTS, DataKind, ExportError, Extent, Material, Piece, Values
from app.exports.mask_images import mask_bytes

MOST_OBJECTS = 255


class Davis(DataKind):
    """`<clip>/<frame>.png` with a palette; where objects overlap, the later one lies on top."""

    name = "davis"
    label = "Masks (DAVIS)"
    description = "One picture a frame with a colour for each object, as DAVIS and most of research's tools read it."
    group = "masks"
    options = (OBJECTS,)

    def suffix(self, values: Values) -> str:
        return ".zip"

    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        object_ids = material.object_ids(values)
        if max(object_ids) > MOST_OBJECTS:
            raise ExportError(
                f"Object {max(object_ids)} has no place in a DAVIS picture, which holds the numbers 1 to "
                f"{MOST_OBJECTS}; leave it out, or choose another kind of masks."
            )
        for frame_index in range(material.clip.num_frames):
            numbers = np.zeros(material.clip.size, np.uint8)
            for object_id, mask in material.masks.read_frame(frame_index, object_ids).items():
                numbers[mask] = object_id
            yield Piece(f"{material.stem}/{frame_index:05d}.png", _palette_png(numbers), frame_index)

    def estimate(self, extent: Extent, values: Values) -> int:
        return extent.num_frames * (1000 + extent.num_objects * mask_bytes(extent.size))


def davis_palette() -> bytes:
    """256 colours of which neighbours differ much: the bits of a number, three at a time, from the top bit down."""
    numbers = np.arange(256)
    colors = np.zeros((256, 3), np.int64)
    for step in range(3):  # bits 0, 1, 2 of each group of three go to red, green, blue
        for channel in range(3):
            colors[:, channel] |= (numbers >> (3 * step + channel) & 1) << (7 - step)
    return colors.astype(np.uint8).tobytes()


def _palette_png(numbers: np.ndarray) -> bytes:
    image = Image.fromarray(numbers)
    image.putpalette(davis_palette())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
