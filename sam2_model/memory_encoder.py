"""The memory encoder: a frame and its mask become one spatial memory (SAM 2 paper, section 4 and appendix C)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import SAM2Config
from .layers import LayerNorm2d, feed_forward
from .products import Linear

# Mask probabilities 0–1 enter as -10…10 (reference: sigmoid_scale_for_mem_enc, sigmoid_bias_for_mem_enc).
_MASK_SCALE, _MASK_BIAS = 20.0, -10.0


class ConvNextBlock(nn.Module):
    """A ConvNeXt block (Liu et al. 2022): 7×7 depthwise, then a token-wise MLP, scaled and added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, kernel_size=7, padding=3, groups=channels)
        self.norm = LayerNorm2d(channels)
        self.pwconv1 = Linear(channels, 4 * channels)
        self.pwconv2 = Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Refine (B, C, H, W)."""
        inner = self.norm(self.dwconv(x)).permute(0, 2, 3, 1)
        inner = self.gamma * feed_forward(inner, [self.pwconv1, self.pwconv2], "gelu")
        return x + inner.permute(0, 3, 1, 2)


class MemoryEncoder(nn.Module):
    """Mask and frame features, fused by convolutions and narrowed to the memory's width."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        channels = config.model_dim
        downsampler: list[nn.Module] = []
        width = 1
        for _ in range(4):  # stride 16 in four halvings; channels grow with the area each cell stands for
            downsampler += [nn.Conv2d(width, 4 * width, 3, stride=2, padding=1), LayerNorm2d(4 * width), nn.GELU()]
            width *= 4
        self.mask_downsampler = nn.Sequential(*downsampler, nn.Conv2d(width, channels, kernel_size=1))
        self.pix_feat_proj = nn.Conv2d(channels, channels, kernel_size=1)
        self.fuser = nn.ModuleList(ConvNextBlock(channels) for _ in range(2))
        self.out_proj = nn.Conv2d(channels, config.memory_dim, kernel_size=1)
        # 2.1 tells a memory in which the object was hidden from one in which it was seen.
        self.no_object_embedding = (
            nn.Parameter(torch.randn(1, config.memory_dim).mul_(0.02)) if config.version == "2.1" else None
        )

    def forward(self, low: Tensor, mask_probs: Tensor, object_score_logits: Tensor) -> Tensor:
        """Encode the memory of B objects on one frame.

        Args:
            low: (1 or B, C, S/16, S/16) features of the frame that have read no memory.
            mask_probs: (B, 1, S, S), 0–1.
            object_score_logits: (B, 1).

        Returns:
            (B, Cm, S/16, S/16).
        """
        x = self.pix_feat_proj(low) + self.mask_downsampler(mask_probs * _MASK_SCALE + _MASK_BIAS)
        for block in self.fuser:
            x = block(x)
        memory = self.out_proj(x)
        if self.no_object_embedding is not None:
            is_hidden = (object_score_logits <= 0).to(memory.dtype)  # (B, 1)
            memory = memory + (is_hidden * self.no_object_embedding)[..., None, None]
        return memory
