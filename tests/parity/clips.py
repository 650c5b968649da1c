"""A small clip with objects that move, and a stretch in which everything changes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def make_clip(num_frames: int, size: tuple[int, int], *, blackout: range = range(0), seed: int = 0) -> list[Pixels]:
    """Frames (H, W, 3) of a disc and a bar moving over a drifting pattern.

    Args:
        num_frames: length.
        size: (height, width) [px].
        blackout: frames that show nothing at all, so that objects disappear.
        seed: of the pattern.
    """
    height, width = size
    rng = np.random.default_rng(seed)
    waves = rng.uniform(-0.06, 0.06, (8, 2)), rng.uniform(0, 6, 8), rng.uniform(-30, 30, (8, 3))
    y, x = np.mgrid[:height, :width].astype(np.float64)
    frames = []
    for t in range(num_frames):
        picture = np.full((height, width, 3), 128.0)
        for (fx, fy), phase, color in zip(*waves, strict=True):
            picture += np.sin(fx * (x + 3 * t) + fy * (y + 2 * t) + phase)[..., None] * color
        disc = (x - width * (0.25 + 0.02 * t)) ** 2 + (y - height * 0.45) ** 2 < (0.15 * height) ** 2
        picture[disc] = (230, 60, 40)
        bar = (abs(x - width * 0.7) < width * 0.12) & (abs(y - height * (0.3 + 0.02 * t)) < height * 0.14)
        picture[bar] = (30, 180, 70)
        if t in blackout:
            picture[:] = 0
        frames.append(np.clip(picture, 0, 255).astype(np.uint8))
    return frames
