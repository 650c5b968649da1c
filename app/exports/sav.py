"""Masks as SA-V's JSON, the data set that SAM 2 was trained on: read by its public tools beside the clip."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.exports.kind import OBJECTS, Choice, DataKind, Extent, Material, Option, Piece, Values
from app.exports.mask_images import mask_bytes
from app.exports.rle import encode_rle

SMALL, MEDIUM = 32**2, 96**2
"""Below these mean areas SA-V calls a masklet small or medium [px²]."""

EVERY = Option(
    "every",
    "Frames",
    "choice",
    "4",
    (Choice("4", "every fourth, as SA-V and its tools"), Choice("1", "all of them")),
)


class Sav(DataKind):
    """`<clip>_manual.json`: for each annotated frame the run lengths of every object, empty where it is hidden."""

    name = "sav"
    label = "Masks (SA-V JSON)"
    description = "Masklets as in the SA-V data set; laid beside the clip as <clip>_manual.json its tools show them."
    group = "masks"
    options = (OBJECTS, EVERY)

    def suffix(self, values: Values) -> str:
        return ".json"

    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        file = f"{material.stem}_manual.json"
        object_ids = material.object_ids(values)
        every = int(str(values["every"]))
        masklets = [_Masklet() for _ in object_ids]
        yield Piece(file, (json.dumps(_video(material))[:-1] + ', "masklet": [').encode(), 0)
        for frame_index in range(0, material.clip.num_frames, every):
            encoded = []
            for object_id, masklet in zip(object_ids, masklets, strict=True):
                mask = material.masks.read(object_id, frame_index)
                mask = np.zeros(material.clip.size, bool) if mask is None else mask
                masklet.see(mask)
                encoded.append({"size": list(mask.shape), "counts": encode_rle(mask)})
            yield Piece(file, ((",\n" if frame_index else "\n") + json.dumps(encoded)).encode(), frame_index)
        tail = json.dumps(_objects(material, object_ids, masklets))
        yield Piece(file, ("\n], " + tail[1:] + "\n").encode(), material.clip.num_frames - 1)

    def estimate(self, extent: Extent, values: Values) -> int:
        every = int(str(values["every"]))
        return extent.num_frames * extent.num_objects * (50 + mask_bytes(extent.size)) // every


@dataclass
class _Masklet:
    """What SA-V tells of one object over the whole clip, gathered frame by frame; annotated ones alone are counted."""

    areas: list[int] = field(default_factory=list)
    first_frame: int = 0
    num_changes: int = 0
    is_visible: bool = False
    num_frames: int = 0

    def see(self, mask: np.ndarray) -> None:
        area = int(mask.sum())
        if area and not self.areas:
            self.first_frame = self.num_frames
        elif self.areas and bool(area) != self.is_visible:
            self.num_changes += 1
        self.is_visible = bool(area)
        self.num_frames += 1
        if area:
            self.areas.append(area)

    @property
    def mean_area(self) -> float:
        return sum(self.areas) / len(self.areas) if self.areas else 0.0

    @property
    def bucket(self) -> str:
        return "small" if self.mean_area < SMALL else "medium" if self.mean_area < MEDIUM else "large"


def _video(material: Material) -> dict[str, Any]:
    height, width = material.clip.size
    return {
        "video_id": material.stem,
        "video_duration": float(material.clip.duration),
        "video_frame_count": float(material.clip.num_frames),
        "video_height": float(height),
        "video_width": float(width),
        "video_resolution": float(height * width),
        "video_environment": "",
        "video_split": "",
    }


def _objects(material: Material, object_ids: tuple[int, ...], masklets: list[_Masklet]) -> dict[str, Any]:
    height, width = material.clip.size
    return {
        "masklet_id": list(object_ids),
        "masklet_size_rel": [each.mean_area / (height * width) for each in masklets],
        "masklet_size_abs": [each.mean_area for each in masklets],
        "masklet_size_bucket": [each.bucket for each in masklets],
        "masklet_visibility_changes": [each.num_changes for each in masklets],
        "masklet_first_appeared_frame": [each.first_frame for each in masklets],
        "masklet_frame_count": [each.num_frames for each in masklets],
        "masklet_edited_frame_count": [len(material.project.prompted_frames(each)) for each in object_ids],
        "masklet_type": ["manual"] * len(object_ids),
        "masklet_stability_score": [None] * len(object_ids),
        "masklet_num": len(object_ids),
    }
