"""Clip + masks + layers → file, and the same picture for one frame. Frames stream: memory does not grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.mask_folder import MaskFolder
from app.sessions import Session
from effects.layer import Layer
from media.video_clip import VideoClip


@dataclass(frozen=True)
class RenderProgress:
    """How far a render is; `done` counts frames handed to the encoder."""

    done: int
    total: int
    frames_per_second: float

    @property
    def seconds_left(self) -> float:
        return (self.total - self.done) / max(self.frames_per_second, 1e-6)


def render_frames(
    clip: VideoClip, masks: MaskFolder, layers: Sequence[Layer], out: Path, *, colors: Mapping[int, str]
) -> Iterator[RenderProgress]:
    """Write the clip with its layers to an mp4, giving word after each frame.

    The file appears only when the last message was taken; closing the generator before leaves nothing.

    Args:
        clip: the opened clip; its size, times and sound are kept.
        masks: what tracking wrote; an object without a mask on a frame is absent there.
        layers: the effects, the lowest first; none writes the clip unchanged in content.
        out: the file to write; replaced if it exists.
        colors: `#rrggbb` of each object.
    """
    raise NotImplementedError
    yield


def render(
    clip: VideoClip,
    masks: MaskFolder,
    layers: Sequence[Layer],
    out: Path,
    *,
    colors: Mapping[int, str],
    on_frame: Callable[[RenderProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bool:
    """Run `render_frames` to its end; False where `cancelled()` said so first, and then there is no file."""
    raise NotImplementedError


def render_session(session: Session, out: Path) -> Iterator[RenderProgress]:
    """`render_frames` with the session's own clip, masks, layers and colours."""
    raise NotImplementedError
    yield


def compose_frame(
    clip: VideoClip, masks: MaskFolder, layers: Sequence[Layer], frame_index: int, *, colors: Mapping[int, str]
) -> np.ndarray:
    """One frame exactly as the render makes it: (H, W, 3) uint8 RGB."""
    raise NotImplementedError


def preview_jpeg(session: Session, frame_index: int, layers: Sequence[Layer] | None = None) -> bytes:
    """One frame with its effects as a JPEG for the page, quickly: made from the scrubbing JPEGs.

    Args:
        session: whose clip and masks.
        frame_index: counted from 0.
        layers: a stack that is not saved yet (a slider being moved); the project's own by default.
    """
    raise NotImplementedError
