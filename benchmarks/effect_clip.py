"""A drawn 720p clip to time effects on: a panning camera and an object of a seventh of the frame that walks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from effects.camera import Motion, measure_step
from effects.footage import Pictures
from effects.path import Path, sight

Array = np.ndarray[Any, Any]

NUM_FRAMES = 40
_PAN = 3
"""How far the camera turns a frame [px]."""


class EffectClip:
    """The clip as effects ask for it. What is measured once a clip, such as the camera's steps, is measured anew in
    each object of this class; the frames are drawn once."""

    fps = 25.0
    num_frames = NUM_FRAMES
    size = (720, 1280)

    def __init__(self) -> None:
        self._steps: dict[int, Motion] = {}

    def pixels(self, index: int) -> Array:
        return _frames()[index]

    def masks(self, index: int) -> dict[int, Array]:
        return {1: _masks()[index]}

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        return _path()

    def camera_step(self, index: int) -> Motion:
        if index not in self._steps:
            self._steps[index] = measure_step(self.pixels(index), self.pixels(index + 1), self.masks(index))
        return self._steps[index]

    def video(self, path: str) -> Pictures:
        raise NotImplementedError("no effect is timed on a file")


@lru_cache(maxsize=1)
def _masks() -> list[Array]:
    masks = []
    for index in range(NUM_FRAMES):
        mask = np.zeros(EffectClip.size, np.uint8)
        cv2.ellipse(mask, (480 + 5 * index, 380), (140, 300), 8, 0, 360, 1, -1)
        masks.append(mask.astype(bool))
    return masks


@lru_cache(maxsize=1)
def _frames() -> list[Array]:
    random = np.random.default_rng(7)
    height, width = EffectClip.size
    wide = width + _PAN * NUM_FRAMES
    small = random.integers(0, 256, (45, wide // 16, 3), dtype=np.uint8)
    ground = cv2.resize(small, (wide, height), interpolation=cv2.INTER_CUBIC)
    frames = []
    for index, mask in enumerate(_masks()):
        frame = np.ascontiguousarray(ground[:, _PAN * index : _PAN * index + width])
        frame[mask] = np.roll(ground[::-1, :width], 5 * index, axis=1)[mask]
        frame.flags.writeable = False
        frames.append(frame)
    return frames


@lru_cache(maxsize=1)
def _path() -> Path:
    return Path([sight(mask) for mask in _masks()])
