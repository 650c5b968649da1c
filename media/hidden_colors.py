"""What lies under full transparency: taken out of a picture before it is written."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from media.frame import Pixels

REACH = 8
"""How far the colours of an edge go on under the transparent side of it [px]: a block of the encoders."""


def without_hidden_colors(pixels: Pixels, *, goes_on: bool) -> Pixels:
    """Clear the colours that nobody should see, since alpha hides them but does not remove them.

    Args:
        pixels: (H, W, 4) uint8, straight alpha.
        goes_on: continue the colours of an edge for some pixels, because an encoder that keeps colours coarsely
            would mix black into the edge.

    Returns:
        (H, W, 4) uint8, a new array, equal wherever alpha is not 0.
    """
    hidden = pixels[..., 3] == 0
    result = pixels.copy()
    result[hidden] = 0
    rows, columns = np.flatnonzero(~hidden.all(axis=1)), np.flatnonzero(~hidden.all(axis=0))
    if not goes_on or not rows.size:
        return result
    near = (
        slice(max(0, rows[0] - REACH), rows[-1] + REACH + 1),
        slice(max(0, columns[0] - REACH), columns[-1] + REACH + 1),
    )
    _let_colors_go_on(pixels[near], hidden[near], result[near])
    return result


def _let_colors_go_on(pixels: Pixels, hidden: NDArray[np.bool_], result: Pixels) -> None:
    """Give each hidden pixel near the edge the mean colour of what is visible around it, in place."""
    side = 2 * REACH + 1
    weights = pixels[..., 3].astype(np.float32)
    weighted = cv2.blur(pixels[..., :3] * weights[..., None], (side, side), borderType=cv2.BORDER_REPLICATE)
    total = cv2.blur(weights, (side, side), borderType=cv2.BORDER_REPLICATE)
    near = hidden & (total > 0.5 / side**2)
    result[..., :3][near] = np.clip(weighted[near] / total[near][:, None] + 0.5, 0, 255).astype(np.uint8)
