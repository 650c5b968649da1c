"""From a mask to an alpha matte: grow or shrink it, soften its edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box, Size
from effects.clean import clean_alpha
from effects.effect import Alpha

Mask = NDArray[np.bool_] | NDArray[np.uint8] | NDArray[np.floating[Any]]
"""(H, W): bool, or whole numbers of which 0 is outside; floats of 0 to 1 are taken as a matte that is soft already."""


SURE = np.float32(1e-4)
"""An alpha so near to 0 or 1 is that."""


class Matte(NamedTuple):
    """An alpha matte of a whole frame of which only a box is kept: beyond it alpha is the same everywhere.

    Attributes:
        alpha: (h, w) within the box: float32, 0 to 1, or bool, which is a hard matte; not to be written to.
        box: the part of the frame that `alpha` is.
        beyond: alpha outside the box, 0 or 1.
        size: (height, width) of the frame [px].
        mask: (H, W) bool, the whole frame's mask if the matte is that mask and nothing else: any window of it is there.
    """

    alpha: Alpha
    box: Box
    beyond: float
    size: Size
    mask: NDArray[Any] | None = None

    def cut(self, window: Box) -> Alpha:
        """Alpha in a window that lies in the frame: (h, w) float32, not to be written to."""
        return self._cut(window, np.dtype(np.float32))

    def cut_hard(self, window: Box) -> NDArray[Any] | None:
        """Alpha of a hard matte in such a window: (h, w) uint8, 0 or 1; None where the matte is soft."""
        if self.mask is not None:
            return self.mask[window.slices].view(np.uint8)
        return self._cut(window, np.dtype(np.uint8)) if self.alpha.dtype == bool else None

    def _cut(self, window: Box, number: np.dtype[Any]) -> NDArray[Any]:
        if window == self.box:
            return self.alpha.astype(number, order="C", copy=False)
        shared = self.box.intersected(window)
        if shared.is_empty:
            return _even(self.beyond, window.size, number)
        alpha = np.full(window.size, self.beyond, number)
        part = self.alpha[shared.moved(-self.box.x0, -self.box.y0).slices]
        alpha[shared.moved(-window.x0, -window.y0).slices] = part.view(np.uint8) if part.dtype == bool else part
        return alpha

    def whole(self) -> Alpha:
        """Alpha of the whole frame: (H, W) float32."""
        return self.cut(Box.of_frame(self.size))

    def inverted(self) -> Matte:
        """The matte of the rest."""
        alpha = ~self.alpha if self.alpha.dtype == bool else 1 - self.alpha
        return Matte(alpha, self.box, 1 - self.beyond, self.size)

    def extent(self) -> Box:
        """A box outside which alpha is 0, hardly larger than need be; empty where alpha is 0 everywhere."""
        if self.beyond > 0:
            return Box.of_frame(self.size)
        return Box(0, 0, 0, 0) if self.is_fainter(float(SURE)) else self.box

    def is_fainter(self, least: float) -> bool:
        """Whether alpha is below `least` everywhere."""
        frame = Box.of_frame(self.size)
        if self.beyond > 0 and self.box != frame:
            return False
        return self.box.is_empty or (self.alpha.dtype != bool and float(self.alpha.max()) < least)


@lru_cache(maxsize=4)
def _even(alpha: float, size: Size, number: np.dtype[Any]) -> NDArray[Any]:
    """The same alpha everywhere, read-only: frame after frame asks for it."""
    everywhere = np.full(size, alpha, number)
    everywhere.flags.writeable = False
    return everywhere


def matte_of(mask: Mask) -> Matte:
    """A mask (H, W) as a matte that is 0 beyond the mask's box, with its edge left as it is."""
    size = mask.shape[0], mask.shape[1]
    box = Box.around(mask)
    part = mask[box.slices]
    if mask.dtype.kind == "f":
        return Matte(np.array(part, np.float32, order="C"), box, 0, size)
    if mask.dtype == bool:
        return Matte(part, box, 0, size, mask)
    return Matte(part != 0, box, 0, size)


def unite(mattes: Sequence[Matte], size: Size) -> Matte:
    """The union of mattes that are 0 beyond their boxes; 0 everywhere where there are none."""
    seen = [each for each in mattes if not each.box.is_empty]
    if len(seen) == 1:
        return seen[0]
    if not seen:
        return Matte(np.zeros((0, 0), bool), Box(0, 0, 0, 0), 0, size)
    x0, y0 = min(each.box.x0 for each in seen), min(each.box.y0 for each in seen)
    around = Box(x0, y0, max(each.box.x1 for each in seen), max(each.box.y1 for each in seen))
    alpha = np.zeros(around.size, np.result_type(*(each.alpha for each in seen)))
    for each in seen:
        here = alpha[each.box.moved(-x0, -y0).slices]
        np.maximum(here, each.alpha, out=here)
    return Matte(alpha, around, 0, size)


def clean_matte(matte: Matte, *, holes: float = 0, specks: float = 0) -> Matte:
    """Fill holes and remove specks of a matte that is 0 beyond its box, up to so many px²; soft edges stay soft."""
    if matte.box.is_empty or (holes == 0 and specks == 0):
        return matte
    return Matte(clean_alpha(matte.alpha, holes=holes, specks=specks), matte.box, matte.beyond, matte.size)


def shape_edge(matte: Matte, *, grow: float = 0.0, feather: float = 0.0) -> Matte:
    """Move and soften the edge of a matte that is 0 beyond its box. Only the object's surroundings are computed.

    Args:
        matte: as `matte_of` and `unite` give it.
        grow: how far the edge moves outwards, inwards where negative [px].
        feather: over how wide a band alpha falls from 1 to 0, centred on the edge [px].
    """
    if matte.box.is_empty or (grow == 0 and feather == 0):
        return matte
    near = matte.box.grown(math.ceil(max(grow, 0) + feather) + 1).clipped(matte.size)
    return Matte(soften(move_edge(matte.cut(near), grow), feather), near, matte.beyond, matte.size)


def make_alpha(mask: Mask, *, grow: float = 0.0, feather: float = 0.0) -> Alpha:
    """The alpha matte (H, W) float32 of a mask, its edge moved and softened as `shape_edge` does."""
    return shape_edge(matte_of(mask), grow=grow, feather=feather).whole()


def move_edge(alpha: Alpha, grow: float) -> Alpha:
    """Grow a matte by `grow` [px] of exact Euclidean distance, or shrink it where negative; fractions count.

    A soft matte is taken at its half value first and comes back with an edge one pixel wide.
    """
    if grow == 0:
        return alpha
    inside = (alpha >= 0.5).astype(np.uint8)
    # The distance to the nearest pixel of the other side, less the half pixel to the edge between them.
    # Only one side's distances matter, since the edge moves over that side alone.
    if grow > 0:
        if not inside.any():
            return np.zeros_like(alpha)
        outwards = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
        return np.clip(grow - outwards + 0.5, 0, 1, dtype=np.float32)
    if inside.all():
        return alpha  # no edge to move: the object goes on beyond the frame
    inwards = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    return np.clip(inwards + grow + 0.5, 0, 1, dtype=np.float32)


def soften(alpha: Alpha, feather: float) -> Alpha:
    """Soften a matte's edge by a Gaussian, so that alpha falls from 1 to 0 over about `feather` [px]."""
    if feather == 0:
        return alpha
    # 95 % of a Gaussian step lie within four standard deviations.
    sigma = feather / 4
    radius = max(1, math.ceil(feather * 0.75))
    size = 2 * radius + 1
    # The frame's edge is no edge of the object: it goes on there.
    soft = cv2.GaussianBlur(alpha, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    # Rounding leaves a little less than all inside; what is not exactly 0 and 1 there counts as an edge.
    return np.clip((soft - SURE) * np.float32(1 / (1 - 2 * SURE)), 0, 1)
