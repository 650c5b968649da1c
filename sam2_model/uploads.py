"""Frames on their way to the device: shrunk on a thread, and copied beside the computation, before they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .preprocessing import normalise, to_square

NumberedFrame = tuple[int, NDArray[np.uint8]]
"""A frame's index and its pixels (H, W, 3)."""

_Sent = tuple[Tensor, "torch.cuda.Event | None"]


class Uploads:
    """Brings frames to the network's input; those that were announced are under way already.

    On a GPU the bytes lie in pinned memory and travel on a stream of their own, so that neither the program nor the
    GPU's computation waits for them. The tensors are the same either way.

    Args:
        image_size: side S of the network's square input [px].
        device: where the network is.
        dtype: number type of the input.
    """

    def __init__(self, image_size: int, device: torch.device, dtype: torch.dtype) -> None:
        self.image_size, self.device, self.dtype = image_size, device, dtype
        self._coming: dict[int, Future[_Sent]] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._stream: torch.cuda.Stream | None = None

    def announce(self, frames: Sequence[NumberedFrame]) -> None:
        """Begin with the frames that will be wanted next; earlier ones that nobody took are dropped."""
        self.forget()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "uploads")
        if self._stream is None and self.device.type == "cuda":
            self._stream = torch.cuda.Stream(self.device)
        for frame_index, pixels in frames:
            self._coming[frame_index] = self._thread.submit(self._send, pixels)

    def take(self, frame_index: int, pixels: NDArray[np.uint8]) -> Tensor:
        """A frame as the network's input (1, 3, S, S) on the device; whatever went wrong on the way is raised here.

        Raises:
            ValueError: the pixels are not (H, W, 3) uint8. torch.OutOfMemoryError: the device's memory is full.
        """
        coming = self._coming.pop(frame_index, None)
        square, is_there = coming.result() if coming else (to_square(pixels, self.image_size), None)
        if is_there is not None:
            now = torch.cuda.current_stream(self.device)
            now.wait_event(is_there)
            square.record_stream(now)  # or its memory would be given away while this stream still reads it
        return normalise(square.to(self.device), self.dtype)

    def forget(self) -> None:
        """Drop what is under way."""
        for coming in self._coming.values():
            coming.cancel()
        self._coming = {}

    def _send(self, pixels: NDArray[np.uint8]) -> _Sent:
        square = to_square(pixels, self.image_size)
        if self._stream is None:
            return square, None
        with torch.cuda.stream(self._stream):
            there = square.pin_memory().to(self.device, non_blocking=True)
            return there, self._stream.record_event()
