"""Boxes, centres, areas and scores as a table: one line for each object and frame."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from app.exports.kind import OBJECTS, DataKind, Extent, Material, Piece, Values
from app.exports.measures import box_of, center_of

COLUMNS = (
    *("frame", "time", "object", "name", "visible", "x0", "y0", "x1", "y1"),
    *("center_x", "center_y", "area", "score"),
)


class Table(DataKind):
    """CSV: frames from 0, times in seconds, the rest in pixels; a box ends before `x1` and `y1`."""

    name = "csv"
    label = "Table (CSV)"
    description = "Where each object is on each frame: box, centre, area and the model's score, for spreadsheets."
    group = "masks"
    options = (OBJECTS,)

    def suffix(self, values: Values) -> str:
        return ".csv"

    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        file = f"{material.stem}.csv"
        object_ids = material.object_ids(values)
        yield Piece(file, _line(COLUMNS), 0)
        for frame_index in range(material.clip.num_frames):
            lines = [_row(material, frame_index, object_id) for object_id in object_ids]
            yield Piece(file, b"".join(lines), frame_index)

    def estimate(self, extent: Extent, values: Values) -> int:
        return 80 + 80 * extent.num_frames * extent.num_objects


def _row(material: Material, frame_index: int, object_id: int) -> bytes:
    """One line; nothing where the object has no mask on that frame, which is not the same as an empty one."""
    mask = material.masks.read(object_id, frame_index)
    if mask is None:
        return b""
    score = material.masks.score(object_id, frame_index)
    name = _harmless(material.project.object(object_id).name)
    said = (frame_index, f"{float(material.clip.times[frame_index]):.6f}", object_id, name)
    box = box_of(mask)
    told = "" if score is None else f"{score:.4f}"
    if box is None:
        return _line((*said, 0, "", "", "", "", "", "", 0, told))
    x, y = center_of(mask)
    return _line((*said, 1, *box, f"{x:.2f}", f"{y:.2f}", int(mask.sum()), told))


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def _line(cells: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
