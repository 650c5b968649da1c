"""Footage: the clip's other frames, for effects that look at more than one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from effects.camera import STILL, Motion
from effects.path import Path, join_sightings, sight
from effects.setting import EffectError


class Pictures(Protocol):
    """Frames by number: a clip, or a video that an effect shows."""

    @property
    def num_frames(self) -> int: ...

    @property
    def fps(self) -> float:
        """Mean rate [frames a second]."""

    def pixels(self, index: int) -> NDArray[Any]:
        """(H, W, 3) uint8 RGB of a frame from 0 to `num_frames - 1`, read-only, before any layer."""


class ClipFrames(Pictures, Protocol):
    """What a clip can be asked for: its frames, the masks of its objects, their paths, and other videos."""

    def masks(self, index: int) -> Mapping[int, NDArray[Any]]:
        """Object id → mask (H, W), bool or float32 of 0 to 1; absent objects are left out."""

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        """The path of these objects taken as one; of all objects for None."""

    def camera_step(self, index: int) -> Motion:
        """How the ground moves from frame `index` to the next; kept, since effects ask for it again and again."""

    def video(self, path: str) -> Pictures:
        """The frames of a video file that a `file` setting names.

        Raises:
            EffectError: it cannot be read.
        """


@dataclass(frozen=True, eq=False)
class Footage:
    """A clip as one layer sees it.

    Attributes:
        clip: all that is known of the clip.
        object_ids: whom the layer is aimed at, for `path`; None: at all objects.
        aim: the layer's own alpha from the masks of a frame.
    """

    clip: ClipFrames
    object_ids: tuple[int, ...] | None
    aim: Callable[[Mapping[int, NDArray[Any]]], NDArray[Any]]

    @property
    def num_frames(self) -> int:
        return self.clip.num_frames

    @property
    def fps(self) -> float:
        return self.clip.fps

    def pixels(self, index: int) -> NDArray[Any]:
        """(H, W, 3) uint8 RGB of a whole frame before any layer, read-only."""
        return self.clip.pixels(index)

    def alpha(self, index: int) -> NDArray[Any]:
        """(H, W) float32, 0 to 1: where the layer is aimed on that frame; zeros where its target is absent."""
        return self.aim(self.clip.masks(index))

    def path(self, smoothing: float = 0.0) -> Path:
        """Where the layer's objects are on each frame, together; of the background those that it leaves out.

        Args:
            smoothing: over how long the path is smoothed, without lag [s].
        """
        return self.clip.path(self.object_ids).smoothed(smoothing * self.fps / 2)

    def camera(self, start: int, stop: int) -> Motion:
        """How the ground moves from frame `start` to frame `stop`, which may be the earlier one."""
        motion = STILL
        for index in range(min(start, stop), max(start, stop)):
            motion = self.clip.camera_step(index) @ motion
        return motion if start <= stop else np.linalg.inv(motion)

    def video(self, path: str) -> Pictures:
        """The frames of a video file that one of the effect's settings names; raises `EffectError`."""
        return self.clip.video(path)


@dataclass(frozen=True, eq=False)
class StillClip:
    """One frame taken as a clip: every index is that frame, so that effects work on a still image too."""

    frame: NDArray[Any]
    objects: Mapping[int, NDArray[Any]]
    num_frames: int = 1
    fps: float = 25.0

    def pixels(self, index: int) -> NDArray[Any]:
        return self.frame

    def masks(self, index: int) -> Mapping[int, NDArray[Any]]:
        return self.objects

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        ids = tuple(self.objects) if object_ids is None else object_ids
        return Path([join_sightings(sight(self.objects[each]) for each in ids if each in self.objects)])

    def camera_step(self, index: int) -> Motion:
        return STILL

    def video(self, path: str) -> Pictures:
        raise EffectError("a video can be shown only where a clip is rendered, not on a single frame")


def still_footage(pixels: NDArray[Any], alpha: NDArray[Any], corner: tuple[int, int], frame_size: Any) -> Footage:
    """The footage of a shot that came without: its own frame, black where the shot does not show it."""
    if alpha.shape != tuple(frame_size):
        x, y = corner
        whole = np.zeros((*frame_size, 3), np.uint8), np.zeros(frame_size, np.float32)
        for frame, part in zip(whole, (pixels, alpha), strict=True):
            frame[y : y + part.shape[0], x : x + part.shape[1]] = part
        pixels, alpha = whole
    return Footage(StillClip(pixels, {1: alpha}), (1,), lambda masks: masks[1])
