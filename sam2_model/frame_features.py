"""The features of the frames at hand: of the one looked at, and of a few coming ones encoded with it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .image_encoder import ImageFeatures
from .model import SAM2
from .side_by_side import SideBySide
from .uploads import NumberedFrame, Uploads


class FrameFeatures:
    """Encodes each frame once, and keeps what the last call encoded.

    Args:
        model: the network.
    """

    def __init__(self, model: SAM2) -> None:
        self.model = model
        self._kept: dict[int, ImageFeatures] = {}
        self._begun: tuple[int, Tensor] | None = None
        self._coming: dict[int, Future[tuple[ImageFeatures, Tensor]]] = {}
        self._uploads = Uploads(model.config.image_size, model.device, model.wide_dtype)

    def announce(self, frames: Sequence[NumberedFrame]) -> None:
        """Say which frames will be encoded next, so that they are on the device by then."""
        self._uploads.announce(frames)

    def encode(self, frames: Sequence[NumberedFrame]) -> None:
        """Encode frames in one batch; they take the place of those encoded before."""
        self._kept, self._begun = {}, None  # first, so that never two batches lie in memory
        inputs = [self._uploads.take(frame_index, pixels) for frame_index, pixels in frames]
        found = self.model.encode_image(torch.cat(inputs))
        for row, (frame_index, _) in enumerate(frames):
            self._kept[frame_index] = ImageFeatures(*(level[row : row + 1] for level in found))

    def encode_beside(self, beside: SideBySide, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        """Have a coming frame encoded beside other work."""
        self._coming[frame_index] = beside.begin(self._encode_one, frame_index, pixels)

    def _encode_one(self, frame_index: int, pixels: NDArray[np.uint8]) -> tuple[ImageFeatures, Tensor]:
        features = self.model.encode_image(self._uploads.take(frame_index, pixels))
        return features, self.model.memory_attention.begin(features.low)

    def of(self, frame_index: int, pixels: NDArray[np.uint8]) -> ImageFeatures:
        """A frame's features; a second question about the same frame costs no encoder."""
        if frame_index in self._coming:
            features, begun = self._coming.pop(frame_index).result()
            self._kept, self._begun = {frame_index: features}, (frame_index, begun)
        if frame_index not in self._kept:
            self.encode([(frame_index, pixels)])
        return self._kept[frame_index]

    def begun(self, frame_index: int) -> Tensor:
        """What the memory attention makes of an encoded frame before it reads a memory; shared by its objects."""
        if self._begun is None or self._begun[0] != frame_index:
            self._begun = (frame_index, self.model.memory_attention.begin(self._kept[frame_index].low))
        return self._begun[1]

    def drop_coming(self) -> None:
        """Forget the frames that are encoded beside and were not asked for."""
        self._coming = {}

    def forget(self) -> None:
        """Free everything."""
        self._kept, self._begun, self._coming = {}, None, {}
        self._uploads.forget()
