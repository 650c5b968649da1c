"""What stays of a frame when everything outside the chosen objects becomes transparent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.rendering.mattes import Mattes

NOTHING, ALL = 0.1, 0.95
"""A matte's faintest and fullest tenth, which an effect hides, would be a haze or a veil over another picture."""


def cut_out_alpha(
    mattes: Mattes, frame_index: int, object_ids: Sequence[int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The alpha of a frame: 255 inside the objects, 0 outside, soft at the edge; all 0 where none is visible.

    Args:
        mattes: of the clip.
        frame_index: counted from 0.
        object_ids: the objects that stay.
        size: (height, width) of the frame [px].

    Returns:
        (H, W) uint8.
    """
    # Added, so that no seam shows where one object's edge is the other's too.
    united = np.zeros(size, np.float32)
    for alpha in mattes.frame(frame_index, object_ids).values():
        united += alpha
    return np.round(np.clip((united - NOTHING) / (ALL - NOTHING), 0, 1) * 255).astype(np.uint8)
