"""The objects' alpha as a grey video: white is inside, for programs that take a matte beside the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.exports.kind import MARKED, OBJECTS, Choice, ExportKind, Extent, Material, Option, Step, Values
from app.rendering.render import cut_out_alphas
from media.formats import choose_format
from media.video_writer import VideoWriter

MUCH_LESS = 0.2
"""What a matte takes of a video's bits, about: it is plain but for its edges."""


class MatteVideo(ExportKind):
    """An MP4 of the clip's size and times."""

    name = "matte"
    label = "Matte video"
    description = "White inside the objects, black outside, soft at the edge: a track matte for editing programs."
    group = "masks"
    options = (
        MARKED,
        OBJECTS,
        Option("quality", "Quality", "choice", "high", (Choice("high", "Small."), Choice("lossless", "Exact."))),
    )

    def suffix(self, values: Values) -> str:
        return ".mp4"

    def write(self, material: Material, out: Path, values: Values) -> Iterator[Step]:
        clip, object_ids, frames = material.clip, material.object_ids(values), material.frames(values)
        target = replace(choose_format("h264", str(values["quality"])), sound=())
        with VideoWriter(out, like=clip, format=target, frames=frames) as writer:
            alphas = cut_out_alphas(clip, material.masks, object_ids, frames)
            for done, (moment, alpha) in enumerate(alphas, start=1):
                writer.write(np.repeat(alpha[..., None], 3, axis=2), moment)
                yield Step(done, len(frames))
            for _ in writer.finishing():
                yield Step(len(frames), len(frames))

    def estimate(self, extent: Extent, values: Values) -> int:
        target = choose_format("h264", str(values["quality"]))
        return round(MUCH_LESS * target.estimate(extent.size, extent.num_frames, 0))
