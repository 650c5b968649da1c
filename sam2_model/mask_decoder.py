"""The mask decoder: prompts and picture become candidate masks (SAM 2 paper, section 4 and figure 9)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .config import SAM2Config
from .image_encoder import ImageFeatures
from .layers import MLP, LayerNorm2d
from .two_way_transformer import TwoWayTransformer

CANDIDATES = 4  # one mask for clear prompts, three for ambiguous ones


class DecodedMasks(NamedTuple):
    """Everything the decoder says, before any choice.

    Attributes:
        mask_logits: (B, 4, S/4, S/4); candidate 0 answers clear prompts, 1–3 ambiguous ones.
        iou: (B, 4) predicted IoU of each candidate, 0–1.
        tokens: (B, 4, C) the token behind each candidate, from which object pointers are made.
        object_score_logits: (B, 1), above 0 where the object is visible.
    """

    mask_logits: Tensor
    iou: Tensor
    tokens: Tensor
    object_score_logits: Tensor


class MaskDecoder(nn.Module):
    """Two-way transformer, upscaling with the trunk's fine features, one small network a mask token."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        channels = config.model_dim
        self.object_score_token = nn.Parameter(torch.randn(1, channels))
        self.iou_token = nn.Parameter(torch.randn(1, channels))
        self.mask_tokens = nn.Parameter(torch.randn(CANDIDATES, channels))
        self.transformer = TwoWayTransformer(channels, config.feedforward_dim)
        self.upscale_to_mid = nn.ConvTranspose2d(channels, channels // 4, kernel_size=2, stride=2)
        self.norm_mid = LayerNorm2d(channels // 4)
        self.upscale_to_high = nn.ConvTranspose2d(channels // 4, channels // 8, kernel_size=2, stride=2)
        self.activation = nn.GELU()
        self.mask_heads = nn.ModuleList(MLP((channels, channels, channels, channels // 8)) for _ in range(CANDIDATES))
        self.iou_head = MLP((channels, channels, channels, CANDIDATES))
        self.object_score_head = MLP((channels, channels, channels, 1))

    def forward(
        self, features: ImageFeatures, prompt_tokens: Tensor, dense_map: Tensor, positions: Tensor
    ) -> DecodedMasks:
        """Decode the masks of B objects.

        Args:
            features: of the frame (batch 1, or B), but `low` of B objects: it has read their memories or carries the
                no-memory vector.
            prompt_tokens: (B, P, C).
            dense_map: (B, C, H, W).
            positions: (1, C, H, W) of the grid.

        Returns:
            All candidates.
        """
        own = torch.cat((self.object_score_token, self.iou_token, self.mask_tokens))
        tokens = torch.cat((own.expand(prompt_tokens.shape[0], -1, -1), prompt_tokens), dim=1)
        grid = features.low.shape[-2:]
        image = (features.low + dense_map).flatten(2).transpose(1, 2)  # (B, H·W, C)
        tokens, image = self.transformer(image, positions.flatten(2).transpose(1, 2), tokens)
        mask_tokens = tokens[:, 2 : 2 + CANDIDATES]

        upscaled = self.upscale_to_mid(image.transpose(1, 2).unflatten(-1, grid)) + features.mid
        upscaled = self.activation(self.norm_mid(upscaled))
        upscaled = self.activation(self.upscale_to_high(upscaled) + features.high)  # (B, C/8, 4H, 4W)
        weights = torch.stack([head(mask_tokens[:, i]) for i, head in enumerate(self.mask_heads)], dim=1)
        masks = (weights @ upscaled.flatten(2)).unflatten(-1, upscaled.shape[-2:])
        return DecodedMasks(
            mask_logits=masks,
            iou=self.iou_head(tokens[:, 1]).sigmoid(),
            tokens=mask_tokens,
            object_score_logits=self.object_score_head(tokens[:, 0]),
        )
