"""Memory attention: a frame's tokens read the memories of an object (SAM 2 paper, section 4)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .attention import RotaryAttention
from .config import SAM2Config


class MemoryAttentionLayer(nn.Module):
    """Self-attention, reading of the memories, feed-forward; each normalised first and added."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        channels = config.model_dim
        self.self_attn = RotaryAttention(channels)
        self.cross_attn_image = RotaryAttention(channels, config.memory_dim)
        self.linear1 = nn.Linear(channels, config.feedforward_dim)
        self.linear2 = nn.Linear(config.feedforward_dim, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.norm3 = nn.LayerNorm(channels)

    def forward(self, x: Tensor, keys: Tensor, memory: Tensor, grid: tuple[int, int], pointers: int) -> Tensor:
        """Update the frame's tokens.

        Args:
            x: (B, H·W, C).
            keys: (B, M, Cm), the memories with their positions added.
            memory: (B, M, Cm).
            grid: (H, W).
            pointers: how many tokens at the end of the memory are object pointers.

        Returns:
            (B, H·W, C).
        """
        normed = self.norm1(x)
        x = x + self.self_attn(normed, normed, normed, grid)
        x = x + self.cross_attn_image(self.norm2(x), keys, memory, grid, pointers)
        return x + self.linear2(F.relu(self.linear1(self.norm3(x))))


class MemoryAttention(nn.Module):
    """A few layers and a last normalisation."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MemoryAttentionLayer(config) for _ in range(config.memory_layers))
        self.norm = nn.LayerNorm(config.model_dim)

    def forward(
        self, low: Tensor, positions: Tensor, memory: Tensor, memory_positions: Tensor, pointers: int
    ) -> Tensor:
        """Let a frame's features read memories.

        Args:
            low: (B, C, H, W).
            positions: (C, H, W) sine codes of the grid.
            memory: (B, M, Cm): spatial memories grid by grid, then object-pointer tokens.
            memory_positions: (B, M, Cm).
            pointers: how many of the M are object-pointer tokens.

        Returns:
            (B, C, H, W).
        """
        grid = (low.shape[-2], low.shape[-1])
        # A tenth of the position: as in the released weights.
        x = (low + 0.1 * positions).flatten(2).transpose(1, 2)  # (B, H·W, C)
        keys = memory + memory_positions
        for layer in self.layers:
            x = layer(x, keys, memory, grid, pointers)
        return self.norm(x).transpose(1, 2).unflatten(-1, grid)
