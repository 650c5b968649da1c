"""Masks as COCO's JSON: run lengths, boxes and areas, read by pycocotools and what builds on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.exports.kind import OBJECTS, DataKind, Extent, Material, Piece, Values
from app.exports.mask_images import mask_bytes
from app.exports.measures import box_of
from app.exports.rle import encode_rle


class Coco(DataKind):
    """One image a frame, one category an object, one annotation for each mask that is not empty."""

    name = "coco"
    label = "Masks (COCO JSON)"
    description = "Run lengths, boxes and areas in one file, as COCO's tools and most labelling programs read them."
    group = "masks"
    options = (OBJECTS,)

    def suffix(self, values: Values) -> str:
        return ".json"

    def pieces(self, material: Material, values: Values) -> Iterator[Piece]:
        file = f"{material.stem}.coco.json"
        object_ids = material.object_ids(values)
        head = {"info": {"description": material.name}, "categories": _categories(material, object_ids)}
        images = [_image(material, index) for index in range(material.clip.num_frames)]
        opened = json.dumps({**head, "images": images}, ensure_ascii=False)[:-1] + ', "annotations": ['
        yield Piece(file, opened.encode(), 0)
        number = 0
        for frame_index in range(material.clip.num_frames):
            text = ""
            for object_id, mask in material.masks.read_frame(frame_index, object_ids).items():
                box = box_of(mask)
                if box is None:
                    continue
                x0, y0, x1, y1 = box
                text += ",\n" if number else "\n"
                number += 1  # from 1 on: COCO's evaluation takes 0 for "no annotation"
                found = {
                    "id": number,
                    "image_id": frame_index,
                    "category_id": object_id,
                    "segmentation": {"size": list(mask.shape), "counts": encode_rle(mask)},
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": int(mask.sum()),
                    "iscrowd": 0,
                }
                score = material.masks.score(object_id, frame_index)
                text += json.dumps(found if score is None else {**found, "score": score})
            yield Piece(file, text.encode(), frame_index)
        yield Piece(file, b"\n]}\n", material.clip.num_frames - 1)

    def estimate(self, extent: Extent, values: Values) -> int:
        return extent.num_frames * (100 + extent.num_objects * (200 + mask_bytes(extent.size)))


def _categories(material: Material, object_ids: tuple[int, ...]) -> list[dict[str, Any]]:
    return [{"id": each, "name": material.project.object(each).name} for each in object_ids]


def _image(material: Material, frame_index: int) -> dict[str, Any]:
    height, width = material.clip.size
    moment = round(float(material.clip.times[frame_index]), 6)
    return {"id": frame_index, "file_name": f"{frame_index:05d}.png", "height": height, "width": width, "time": moment}
