"""What can be measured of a mask: its box and its centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """The box `x0, y0, x1, y1` [px] around a mask (H, W), its right and lower edge not included; None where empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def center_of(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """The centre `(x, y)` [px] of a mask that is not empty; a pixel's own centre lies at +0.5."""
    area = mask.sum()
    x = float((mask.sum(axis=0) * np.arange(mask.shape[1])).sum() / area) + 0.5
    y = float((mask.sum(axis=1) * np.arange(mask.shape[0])).sum() / area) + 0.5
    return x, y
