"""A small clip whose object moves, for effects that look at other frames."""

from __future__ import annotations

import cv2
import numpy as np

from effects.camera import Motion, measure_step
from effects.footage import Pictures, StillClip
from effects.path import Path, join_sightings, sight


class MovingClip:
    """A textured ground that stands still, and a textured disc that crosses it; hidden on the frames in `hidden`.

    Args:
        size: (height, width) [px].
        num_frames: its length.
        hidden: frames on which the object has no mask, though it is in the picture.
        step: how far the disc moves a frame (x, y) [px].
    """

    fps = 25.0

    def __init__(
        self,
        size: tuple[int, int] = (90, 160),
        num_frames: int = 24,
        *,
        hidden: tuple[int, ...] = (),
        step: tuple[float, float] = (4.0, 1.0),
    ) -> None:
        self.size, self.num_frames, self.hidden, self.step = size, num_frames, hidden, step
        random = np.random.default_rng(5)
        coarse = random.integers(60, 200, (size[0] // 6 + 2, size[1] // 6 + 2, 3), dtype=np.uint8)
        self.ground = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
        self.asked: list[int] = []

    def disc(self, index: int) -> np.ndarray:
        """Where the object truly is."""
        height, width = self.size
        center = width * 0.25 + self.step[0] * index, height * 0.4 + self.step[1] * index
        mask = np.zeros(self.size, np.uint8)
        cv2.circle(mask, (round(center[0]), round(center[1])), max(min(height, width) // 7, 1), 1, -1)
        return mask.astype(bool)

    def pixels(self, index: int) -> np.ndarray:
        self.asked.append(index)
        picture = self.ground.copy()
        picture[self.disc(index)] = (230, 60, 40)
        picture.flags.writeable = False
        return picture

    def masks(self, index: int) -> dict[int, np.ndarray]:
        return {} if index in self.hidden else {1: self.disc(index)}

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        ids = (1,) if object_ids is None else object_ids
        return Path(
            [
                join_sightings(sight(found[each]) for each in ids if each in (found := self.masks(index)))
                for index in range(self.num_frames)
            ]
        )

    def camera_step(self, index: int) -> Motion:
        return measure_step(self.pixels(index), self.pixels(index + 1), self.masks(index))

    def video(self, path: str) -> Pictures:
        return StillClip(self.ground[::2, ::2], {})
