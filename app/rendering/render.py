"""Clip + masks + layers → file, and the same picture for one frame. Frames stream: memory does not grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.projects.mask_folder import MaskFolder
from app.rendering.cut_out import cut_out_alpha
from app.rendering.footage import ClipFootage, clip_footage
from app.rendering.mattes import Mattes
from effects.color import Color
from effects.compositor import compose
from effects.layer import Layer
from effects.reframe import Reframe, View
from media.format import Format
from media.formats import H264
from media.frame import Frame, Picture, pixels_of
from media.video_clip import VideoClip
from media.video_writer import VideoWriter


@dataclass(frozen=True)
class RenderProgress:
    """How far a render is; `done` counts frames handed to the encoder."""

    done: int
    total: int
    frames_per_second: float


def render_frames(
    clip: VideoClip,
    masks: MaskFolder,
    layers: Sequence[Layer],
    out: Path,
    *,
    colors: Mapping[int, Color],
    names: Mapping[int, str] | None = None,
    reframe: Reframe | None = None,
    format: Format = H264,
    cut_out: Sequence[int] | None = None,
    frames: range | None = None,
    keeps_location: bool = False,
) -> Generator[RenderProgress, None, None]:
    """Write the clip with its layers to a file, giving word after each frame, and while the file is made whole.

    The file appears only when the last message was taken; closing the generator before leaves nothing.

    Args:
        clip: the opened clip; its size (but for `reframe`), times and sound are kept.
        masks: what tracking wrote; an object without a mask on a frame is absent there.
        layers: the effects, the lowest first; none writes the clip unchanged in content.
        out: the file to write; replaced if it exists.
        colors: `(r, g, b)` of each object; `Project.rgb_colors` gives them.
        names: of each object, for effects that write them; `Project.names` gives them.
        reframe: how the picture is cut in the end, following an object; None keeps it whole.
        format: of the file.
        cut_out: the objects outside of which everything becomes transparent, in a format with alpha; None: nothing.
        frames: those that are written, one after the other, and nothing before or after them; None: all.
        keeps_location: whether the file tells where the clip was taken, if the clip does.
    """
    footage = clip_footage(clip, masks)
    mattes = Mattes(masks, footage.pixels_beside, clip.num_frames)
    views = _views(reframe, footage)
    size = reframe.size(footage.size) if reframe else footage.size
    began = time.monotonic()
    frames = range(clip.num_frames) if frames is None else frames
    with VideoWriter(out, like=clip, format=format, size=size, frames=frames, keeps_location=keeps_location) as writer:
        progress = RenderProgress(0, len(frames), 0.0)
        for done, frame in enumerate(_one_ahead(clip, frames, footage), start=1):
            picture: Picture | None = _compose(frame, footage, mattes, layers, colors, names)
            if picture is None:  # it goes on as it came, in planes if it is in planes
                picture = frame.picture
            if cut_out is not None:
                alpha = cut_out_alpha(mattes, frame.index, cut_out, clip.size)
                picture = np.dstack([pixels_of(picture), alpha])
            writer.write(reframe.cut(pixels_of(picture), views[frame.index]) if reframe else picture, frame.time)
            progress = RenderProgress(done, len(frames), done / max(time.monotonic() - began, 1e-6))
            mattes.forget_before(frame.index)
            yield progress
        for _ in writer.finishing():
            yield progress


def cut_out_alphas(
    clip: VideoClip, masks: MaskFolder, object_ids: Sequence[int], frames: range
) -> Iterator[tuple[Fraction, np.ndarray]]:
    """Give the time of each of `frames` and its alpha (H, W) uint8, as `render_frames` cuts it out."""
    footage = clip_footage(clip, masks)
    mattes = Mattes(masks, footage.pixels_beside, clip.num_frames)
    for frame in _one_ahead(clip, frames, footage):
        yield frame.time, cut_out_alpha(mattes, frame.index, object_ids, clip.size)
        mattes.forget_before(frame.index)


def render(
    clip: VideoClip,
    masks: MaskFolder,
    layers: Sequence[Layer],
    out: Path,
    *,
    colors: Mapping[int, Color],
    reframe: Reframe | None = None,
    on_frame: Callable[[RenderProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bool:
    """Run `render_frames` to its end; False where `cancelled()` said so first, and then there is no file."""
    with closing(render_frames(clip, masks, layers, out, colors=colors, reframe=reframe)) as progress:
        for each in progress:
            if on_frame is not None:
                on_frame(each)
            if cancelled is not None and cancelled():
                return False
    return True


def _views(reframe: Reframe | None, footage: ClipFootage) -> list[View]:
    if reframe is None:
        return []
    return reframe.views(footage.path(reframe.object_ids), footage.size, footage.fps)


def compose_frame(
    clip: VideoClip,
    masks: MaskFolder,
    layers: Sequence[Layer],
    frame_index: int,
    *,
    colors: Mapping[int, Color],
) -> np.ndarray:
    """One frame exactly as the render makes it: (H, W, 3) uint8 RGB."""
    footage = clip_footage(clip, masks)
    mattes = Mattes(masks, footage.pixels_beside, clip.num_frames)
    frame = clip.frame(frame_index)
    composed = _compose(frame, footage, mattes, layers, colors, None)
    return frame.pixels if composed is None else composed


def _one_ahead(clip: VideoClip, frames: range, footage: ClipFootage) -> Iterator[Frame]:
    """Give the frames in order, each when its neighbours are in the footage too: a matte looks at both."""
    waiting: Frame | None = None
    for frame in clip.frames(max(frames.start - 1, 0), min(frames.stop + 1, clip.num_frames)):
        footage.remember(frame)
        if waiting is not None and waiting.index in frames:
            yield waiting
        waiting = frame
    if waiting is not None and waiting.index in frames:
        yield waiting


def _compose(
    frame: Frame,
    footage: ClipFootage,
    mattes: Mattes,
    layers: Sequence[Layer],
    colors: Mapping[int, Color],
    names: Mapping[int, str] | None,
) -> np.ndarray | None:
    """The frame with its layers, (H, W, 3) uint8; None where no layer changes it."""
    shown = [layer for layer in layers if layer.at(frame.index, footage.num_frames) is not None]
    found = mattes.under(frame.index, layers)
    if not any(layer.falls_on(found) for layer in shown):
        return None
    return compose(
        frame.pixels,
        found,
        layers,
        frame_index=frame.index,
        time=frame.time,
        colors=colors,
        names=names,
        clip=footage,
    )
