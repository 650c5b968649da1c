"""Another background: laid behind the object without a fringe of the old one; and a few that need no file."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.blend import mix
from effects.box import Size
from effects.color import Color
from effects.effect import Drawing, Pixels, Shot
from effects.library.cutout import clean_edge

_TILE = 64


def lay_behind(shot: Shot, backdrop: Pixels) -> Drawing:
    """Show a picture of the frame's size where alpha is; the object's soft edge is cleaned of what was behind it."""
    x, y = shot.corner
    height, width = shot.alpha.shape
    shown = backdrop[y : y + height, x : x + width]
    kept = clean_edge(shot.pixels, 1 - shot.alpha)
    return Drawing(mix(kept, shown, shot.alpha), (shot.alpha > 0).astype(np.float32))


@lru_cache(maxsize=4)
def _grain(size: Size) -> NDArray[Any]:
    """Even noise of 0 to 1, (H, W) float32: a smooth slope shows no bands with it."""
    ranks = np.random.default_rng(11).permutation(_TILE * _TILE).reshape(_TILE, _TILE) / (_TILE * _TILE)
    across, down = -(-size[1] // _TILE), -(-size[0] // _TILE)
    return np.tile(ranks.astype(np.float32), (down, across))[: size[0], : size[1]]


def slope(share: NDArray[Any], colors: tuple[Color, ...]) -> Pixels:
    """Colours along a slope, without bands.

    Args:
        share: (H, W) float32, 0 to 1: where on the slope each pixel lies.
        colors: two or more, evenly apart from 0 to 1.

    Returns:
        (H, W, 3) uint8.
    """
    steps, given = np.linspace(0, 1, 256), np.linspace(0, 1, len(colors))
    table = np.stack([np.interp(steps, given, channel) for channel in zip(*colors, strict=True)], axis=1)
    height, width = share.shape
    # As much noise as one grey level is wide on the slope: it decides between the two neighbours.
    steepest = float(np.abs(np.diff(table, axis=0)).max())
    level = min(max(1.0, 1 / max(steepest, 1e-6)), 64.0)
    noise = (_grain((height, width)) - np.float32(0.5)) * np.float32(level)
    step = np.clip(share * np.float32(255) + noise + np.float32(0.5), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(cv2.merge([step] * 3), np.rint(table).astype(np.uint8)[None]))


def linear_share(size: Size, turn: float) -> NDArray[Any]:
    """(H, W) float32: 0 to 1 along a direction, corner to corner; 0° is from left to right, 90° from top to bottom."""
    height, width = size
    x, y = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) * np.float32(x)
    down = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) * np.float32(y)
    reach = max(abs(x) * width + abs(y) * height, 1e-6)
    return (across[None, :] + down[:, None]) * np.float32(1 / reach) + np.float32(0.5)


def radial_share(size: Size) -> NDArray[Any]:
    """(H, W) float32: 0 in the middle, 1 in the corners."""
    height, width = size
    across = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) ** 2
    down = ((np.arange(height, dtype=np.float32) + 0.5) / height - 0.5) ** 2
    return cv2.sqrt((across[None, :] + down[:, None]) * 2)
