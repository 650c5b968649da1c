"""From a frame's pixels to the network's square input."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

# Mean and deviation of ImageNet, in 0–1 (reference: utils/misc.py).
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def to_model_input(
    pixels: NDArray[np.uint8],
    image_size: int,
    *,
    device: torch.device,
    dtype: torch.dtype,
    filter: Literal["bicubic", "bilinear"] = "bicubic",
) -> Tensor:
    """Resize to the square input and normalise.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        image_size: side S of the square input [px]; the picture is stretched to it, as in training.
        device: where the result is wanted; the bytes travel, not the floats.
        dtype: number type of the result.
        filter: "bicubic" for frames of a video on bytes, "bilinear" for single images on floats, as the reference does.

    Returns:
        (1, 3, S, S).

    Raises:
        ValueError: the pixels are not (H, W, 3) uint8.
    """
    if filter == "bicubic":
        return normalise(to_square(pixels, image_size).to(device), dtype)
    floats = _planes(pixels).to(device).float() / 255
    return _standardise(F.interpolate(floats, size=(image_size, image_size), mode="bilinear", antialias=True), dtype)


def to_square(pixels: NDArray[np.uint8], image_size: int) -> Tensor:
    """Stretch a frame (H, W, 3) to the square input, on bytes: (1, 3, S, S) uint8 on the CPU.

    Raises:
        ValueError: the pixels are not (H, W, 3) uint8.
    """
    picture = _planes(pixels)
    size = (image_size, image_size)
    if picture.shape[-2:] == size:
        return picture
    return F.interpolate(picture, size=size, mode="bicubic", antialias=True)


def normalise(square: Tensor, dtype: torch.dtype) -> Tensor:
    """Bytes (B, 3, S, S) to the numbers that the network was trained on."""
    return _standardise(square.float() / 255, dtype)


def check_pixels(pixels: NDArray[np.uint8]) -> None:
    """Refuse what is no picture.

    Raises:
        ValueError: the pixels are not (H, W, 3) uint8.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"The pixels are {pixels.dtype} {pixels.shape}; (height, width, 3) uint8 RGB is wanted.")


def as_tensor(values: NDArray[Any]) -> Tensor:
    """An array as a tensor, copied only where torch could not take it: read-only, or flipped."""
    return torch.from_numpy(np.require(values, requirements=("C", "W")))


def _planes(pixels: NDArray[np.uint8]) -> Tensor:
    check_pixels(pixels)
    return as_tensor(pixels).permute(2, 0, 1)[None]


def _standardise(picture: Tensor, dtype: torch.dtype) -> Tensor:
    """Numbers (B, 3, S, S) in 0–1 to the mean and deviation of the training data."""
    mean, deviation = (picture.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
    return ((picture - mean) / deviation).to(dtype)
