"""What stays of a frame when everything outside the chosen objects becomes transparent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.mask_folder import MaskFolder
from effects.matte import make_alpha

FEATHER = 2.0
"""How wide the soft edge is [px]: a mask is black or white, and a hard edge would show its steps."""


def cut_out_alpha(
    masks: MaskFolder, frame_index: int, object_ids: Sequence[int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The alpha of a frame: 255 inside the objects, 0 outside, soft at the edge; all 0 where none is visible.

    Args:
        masks: what tracking wrote.
        frame_index: counted from 0.
        object_ids: the objects that stay.
        size: (height, width) of the frame [px].

    Returns:
        (H, W) uint8.
    """
    united = np.zeros(size, bool)
    for mask in masks.read_frame(frame_index, object_ids).values():
        united |= mask
    return np.round(make_alpha(united, feather=FEATHER) * 255).astype(np.uint8)
