"""The image encoder: Hiera and a feature pyramid on top."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import SAM2Config
from .hiera import Hiera
from .products import linear


class ImageFeatures(NamedTuple):
    """What the network knows of a frame, independent of any object; computed once a frame.

    Attributes:
        low: (B, C, S/16, S/16), what memories and the decoder's transformer work on.
        mid: (B, C/4, S/8, S/8), skip features of the decoder.
        high: (B, C/8, S/4, S/4), skip features of the decoder.
    """

    low: Tensor
    mid: Tensor
    high: Tensor


class ImageEncoder(nn.Module):
    """Trunk and pyramid.

    The stride-32 stage is only added, enlarged, to the stride-16 one (reference: fpn_top_down_levels [2, 3]);
    strides 8 and 4 keep their own features. The last two convolutions belong to the mask decoder in the released
    weights; they run here because their result depends on the frame alone.
    """

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        self.trunk = Hiera(config)
        # Coarse to fine, as in the released weights.
        self.laterals = nn.ModuleList(nn.Conv2d(dim, config.model_dim, 1) for dim in reversed(config.stage_dims))
        self.skip_mid = nn.Conv2d(config.model_dim, config.model_dim // 4, 1)
        self.skip_high = nn.Conv2d(config.model_dim, config.model_dim // 8, 1)

    def forward(self, pixels: Tensor) -> ImageFeatures:
        """Encode normalised pixels (B, 3, S, S)."""
        stride4, stride8, stride16, stride32 = self.trunk(pixels)  # (B, H, W, C) each
        coarsest = _convolve(stride32, self.laterals[0])
        low = _convolve(stride16, self.laterals[1]) + F.interpolate(coarsest, scale_factor=2.0, mode="nearest")
        return ImageFeatures(
            low=low,
            mid=_convolve(stride8, self.laterals[2], self.skip_mid),
            high=_convolve(stride4, self.laterals[3], self.skip_high),
        )


def _convolve(x: Tensor, first: nn.Module, second: nn.Module | None = None) -> Tensor:
    """1×1 convolutions as products → (B, C, H, W).

    Two in a row are one whose weight is their product, so the wide map between them is never made.
    """
    weight: Tensor = first.get_parameter("weight").flatten(1)
    bias: Tensor = first.get_parameter("bias")
    if second is not None:
        narrow = second.get_parameter("weight").flatten(1)
        weight, bias = narrow @ weight, torch.addmv(second.get_parameter("bias"), narrow, bias)
    return linear(x, weight, bias).permute(0, 3, 1, 2)
