"""The alpha mattes of a clip's frames: from masks and logits on disk and the frames' own edges, steadied over time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from app.projects.mask_folder import MaskFolder
from app.rendering.footage import shrink_mask
from effects.box import Size
from effects.effect import Alpha, Pixels
from effects.layer import Layer
from effects.refine import is_exact, refine
from effects.steady import steady

_KEPT = 24
"""Mattes in memory: of eight objects those of a frame and of both its neighbours."""


class Mattes:
    """Mattes by frame; going through the clip in order makes each only once."""

    def __init__(
        self, masks: MaskFolder, pixels: Callable[[int], Pixels], num_frames: int, size: Size | None = None
    ) -> None:
        """Stand on masks and frames.

        Args:
            masks: the clip's masks.
            pixels: gives the pixels (H, W, 3) uint8 of a frame; is asked for the frames beside the wanted one too.
            num_frames: of the clip.
            size: (height, width) of the frames, where they are smaller than the masks [px].
        """
        self._masks, self._pixels, self._num_frames, self._size = masks, pixels, num_frames, size
        self._refined: OrderedDict[tuple[int, int], Alpha | None] = OrderedDict()
        self._exact: set[tuple[int, int]] = set()

    def frame(self, index: int, object_ids: Sequence[int], *, covers: bool = False) -> dict[int, Alpha]:
        """The mattes (H, W) float32 of these objects on a frame; an object without a mask there is left out.

        Args:
            index: counted from 0.
            object_ids: which objects.
            covers: whether every pixel of the mask stays whole, for a picture in which somebody is to be hidden.
        """
        found = {}
        for object_id in object_ids:
            alpha = self._matte(index, object_id)
            if alpha is None:
                continue
            is_settled = (index, object_id) in self._exact or not alpha.any()
            found[object_id] = alpha if is_settled else self._steadied(index, object_id, alpha)
            if covers:
                mask = self._masks.read(object_id, index)
                whole = np.zeros_like(alpha) if mask is None else self._fitted(mask) > 0
                found[object_id] = np.maximum(found[object_id], whole)
        return found

    def under(self, index: int, layers: Sequence[Layer]) -> dict[int, Alpha]:
        """The mattes that these layers need on a frame, as `frame` gives them."""
        shown = [layer for layer in layers if layer.at(index, self._num_frames) is not None]
        covers = any(layer.effect.covers_wholly for layer in shown)
        return self.frame(index, _aimed_at(shown, self._masks), covers=covers) if shown else {}

    def _fitted(self, mask: np.ndarray) -> np.ndarray:
        """A mask at the frames' size: (H, W) bool as it is, or float32 of 0 to 1 where they are smaller."""
        return mask if self._size in (None, mask.shape) else shrink_mask(mask, self._size or mask.shape)

    def _steadied(self, index: int, object_id: int, alpha: Alpha) -> Alpha:
        beside = [(at, self._matte(at, object_id)) for at in (index - 1, index + 1) if 0 <= at < self._num_frames]
        # A frame on which the object is hidden says nothing about its edge here.
        known = [(other, self._pixels(at)) for at, other in beside if other is not None and other.any()]
        return steady(alpha, self._pixels(index), known)

    def _matte(self, index: int, object_id: int) -> Alpha | None:
        key = index, object_id
        if key not in self._refined:
            self._refined[key] = self._refine(index, object_id)
            if len(self._refined) > _KEPT:
                self._refined.popitem(last=False)
        return self._refined[key]

    def _refine(self, index: int, object_id: int) -> Alpha | None:
        mask = self._masks.read(object_id, index)
        if mask is None:
            return None
        if not mask.any():
            return np.zeros(self._size or mask.shape, np.float32)
        logits = self._masks.read_logits(object_id, index)
        if logits is None or not agree(mask, logits):
            return refine(self._pixels(index), self._fitted(mask) >= 0.5)
        if is_exact(logits):
            self._exact.add((index, object_id))
        return refine(self._pixels(index), logits)


def _aimed_at(layers: Sequence[Layer], masks: MaskFolder) -> tuple[int, ...]:
    """The objects whose masks are needed: a background is what no object covers, so it needs them all."""
    if any(layer.target == "background" for layer in layers):
        return masks.object_ids()
    return tuple({each for layer in layers if isinstance(layer.target, tuple) for each in layer.target})


def agree(mask: np.ndarray, logits: np.ndarray) -> bool:
    """Whether a mask (H, W) bool was made of these logits (h, w): it may have been changed or replaced since."""
    covered = cv2.resize(mask.astype(np.float32), logits.shape[::-1], interpolation=cv2.INTER_AREA)
    # Cells that the edge cuts may fall to either side; so may logits that were rounded to nothing.
    against = ((covered > 0.999) & (logits < -0.1)) | ((covered < 0.001) & (logits > 0.1))
    return not against.any()
