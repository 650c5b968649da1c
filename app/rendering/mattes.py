"""The alpha mattes of a clip's frames: from masks and logits on disk and the frames' own edges, steadied over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from app.projects.mask_folder import MaskFolder
from app.rendering.footage import CACHE_BYTES, ByteCache, shrink_mask
from effects.box import Size
from effects.effect import Alpha, Pixels
from effects.layer import Layer
from effects.matte import Matte, matte_of
from effects.refine import is_exact, refine
from effects.steady import steady

_RECORD_BYTES = 500
"""What remembering a matte takes beside its pixels: of an object that is hidden there are none."""


class _Own(NamedTuple):
    """An object's matte as its frame alone tells it; one that is settled hears nothing from the frames beside it."""

    matte: Matte
    is_settled: bool


class Mattes:
    """Mattes by frame, those used last kept: going through the clip in order makes each only once.

    Of each only the box is kept in which it is not 0. Asking for a frame again, as a slider that moves does, makes
    nothing. Whoever changes a mask must begin with new `Mattes`. Not for several threads at once.
    """

    def __init__(
        self,
        masks: MaskFolder,
        pixels: Callable[[int], Pixels],
        num_frames: int,
        size: Size | None = None,
        *,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        """Stand on masks and frames.

        Args:
            masks: the clip's masks.
            pixels: gives the pixels (H, W, 3) uint8 of a frame; is asked for the frames beside the wanted one too.
            num_frames: of the clip.
            size: (height, width) of the frames, where they are smaller than the masks [px].
            cache_bytes: how much may be kept; less than the mattes of three frames take makes each several times.
        """
        self._masks, self._pixels, self._num_frames, self._size = masks, pixels, num_frames, size
        part = cache_bytes // 4  # of this frame, and for what it is made from: of this one and of both beside it
        self._own: ByteCache[_Own | None] = ByteCache(3 * part, lambda own: _bytes_of(own and own.matte))
        self._finished: ByteCache[Matte | None] = ByteCache(part, _bytes_of)

    def frame(self, index: int, object_ids: Sequence[int], *, covers: bool = False) -> dict[int, Alpha]:
        """The mattes (H, W) float32 of these objects on a frame; an object without a mask there is left out.

        Args:
            index: counted from 0.
            object_ids: which objects.
            covers: whether every pixel of the mask stays whole, for a picture in which somebody is to be hidden.

        Returns:
            Object id → matte, not to be written to.
        """
        found = {}
        for object_id in object_ids:
            key = index, object_id, covers
            matte = self._finished.find(key, partial(self._finish, index, object_id, covers=covers))
            if matte is not None:
                found[object_id] = matte.whole()
        return found

    def forget_before(self, index: int) -> None:
        """Whoever goes through the clip in order needs no matte of the frames before this one any more."""
        self._own.drop(lambda key: key[0] < index)
        self._finished.drop(lambda key: key[0] < index)

    def under(self, index: int, layers: Sequence[Layer]) -> dict[int, Alpha]:
        """The mattes that these layers need on a frame, as `frame` gives them."""
        shown = [layer for layer in layers if layer.at(index, self._num_frames) is not None]
        covers = any(layer.effect.covers_wholly for layer in shown)
        return self.frame(index, _aimed_at(shown, self._masks), covers=covers) if shown else {}

    def _fitted(self, mask: np.ndarray) -> np.ndarray:
        """A mask at the frames' size: (H, W) bool as it is, or float32 of 0 to 1 where they are smaller."""
        return mask if self._size in (None, mask.shape) else shrink_mask(mask, self._size or mask.shape)

    def _finish(self, index: int, object_id: int, *, covers: bool) -> Matte | None:
        own = self._find_own(index, object_id)
        if own is None:
            return None
        if own.is_settled and not covers:
            return own.matte
        alpha = own.matte.whole()
        if not own.is_settled:
            alpha = self._steadied(index, object_id, alpha)
        mask = self._masks.read(object_id, index) if covers else None
        return _kept(alpha if mask is None else np.maximum(alpha, self._fitted(mask) > 0))

    def _steadied(self, index: int, object_id: int, alpha: Alpha) -> Alpha:
        beside = [(at, self._find_own(at, object_id)) for at in (index - 1, index + 1) if 0 <= at < self._num_frames]
        # A frame on which the object is hidden says nothing about its edge here.
        known = [(own.matte.whole(), self._pixels(at)) for at, own in beside if own and not own.matte.box.is_empty]
        return steady(alpha, self._pixels(index), known)

    def _find_own(self, index: int, object_id: int) -> _Own | None:
        return self._own.find((index, object_id), partial(self._refine, index, object_id))

    def _refine(self, index: int, object_id: int) -> _Own | None:
        mask = self._masks.read(object_id, index)
        if mask is None:
            return None
        if not mask.any():
            return _Own(_kept(np.zeros(self._size or mask.shape, np.float32)), is_settled=True)
        logits = self._masks.read_logits(object_id, index)
        if logits is None or not agree(mask, logits):
            matte = _kept(refine(self._pixels(index), self._fitted(mask) >= 0.5))
            return _Own(matte, is_settled=matte.box.is_empty)
        matte = _kept(refine(self._pixels(index), logits))
        return _Own(matte, is_settled=matte.box.is_empty or is_exact(logits))


def _kept(alpha: Alpha) -> Matte:
    """What is kept of a matte (H, W): its box, read-only."""
    matte = matte_of(alpha)
    matte.alpha.flags.writeable = False
    return matte


def _bytes_of(matte: Matte | None) -> int:
    return _RECORD_BYTES + (matte.alpha.nbytes if matte else 0)


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
