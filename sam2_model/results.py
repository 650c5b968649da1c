"""What the network and the predictors give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NO_OBJECT_LOGIT = -1024.0
"""Mask logit of every pixel where the object is hidden (reference: NO_OBJ_SCORE)."""


class MaskPrediction(NamedTuple):
    """Candidate masks of B objects.

    Attributes:
        mask_logits: (B, M, H, W), low-res from the network, of the image's size from the image predictor.
        iou: (B, M) predicted IoU of each candidate, 0–1.
        object_pointer: (B, C) made from the best candidate.
        object_score_logits: (B, 1), above 0 where the object is visible.
    """

    mask_logits: Tensor
    iou: Tensor
    object_pointer: Tensor
    object_score_logits: Tensor

    def best(self) -> Tensor:
        """The candidate of highest predicted IoU → (B, 1, H, W)."""
        if self.mask_logits.shape[1] == 1:
            return self.mask_logits
        rows = torch.arange(self.iou.shape[0], device=self.iou.device)
        return self.mask_logits[rows, self.iou.argmax(dim=1)][:, None]


@dataclass(frozen=True, eq=False)
class FrameMasks:
    """The masks of N objects on one frame.

    Attributes:
        frame_index: counted from 0.
        object_ids: N ids in the order of the rows below.
        mask_logits: (N, H, W) float32 at the clip's size, above 0 inside the object.
        object_score_logits: (N,), above 0 where the object is visible.
    """

    frame_index: int
    object_ids: tuple[int, ...]
    mask_logits: Tensor
    object_score_logits: Tensor

    def masks_by_id(self) -> dict[int, NDArray[np.bool_]]:
        """Each object's mask (H, W) bool, on the CPU."""
        masks = (self.mask_logits > 0).cpu().numpy()
        return dict(zip(self.object_ids, masks, strict=True))

    def scores_by_id(self) -> dict[int, float]:
        """Each object's score as a logit, above 0 where it is visible."""
        return dict(zip(self.object_ids, self.object_score_logits.tolist(), strict=True))


class Masklet:
    """One object's masks over time, eight pixels a byte.

    Args:
        object_id: whose masks these are.
        size: (height, width) of every mask [px].
    """

    def __init__(self, object_id: int, size: tuple[int, int]) -> None:
        self.object_id = object_id
        self.size = size
        self._packed: dict[int, NDArray[np.uint8]] = {}

    def __setitem__(self, frame_index: int, mask: NDArray[np.bool_]) -> None:
        """Keep the mask (H, W) bool of a frame."""
        if mask.shape != self.size:
            raise ValueError(f"The mask has shape {mask.shape}; this masklet holds {self.size}.")
        self._packed[frame_index] = np.packbits(mask)

    def __getitem__(self, frame_index: int) -> NDArray[np.bool_]:
        """The mask (H, W) bool of a frame; empty where none was kept, since the object is absent there."""
        packed = self._packed.get(frame_index)
        height, width = self.size
        if packed is None:
            return np.zeros(self.size, dtype=bool)
        return np.unpackbits(packed, count=height * width).reshape(self.size).astype(bool)

    @property
    def frame_indices(self) -> tuple[int, ...]:
        """The frames that have a mask, in order of time."""
        return tuple(sorted(self._packed))
