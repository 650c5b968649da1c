"""Hiera, the image trunk (Ryali et al. 2023), as SAM 2 uses it (paper section 4; reference hieradet.py).

Four stages at strides 4, 8, 16 and 32. Most blocks attend inside windows, a few over the whole picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import SAM2Config
from .layers import MLP


class WindowAttention(nn.Module):
    """Multi-head attention over the tokens of a window; at a stage's start the queries are pooled 2×2."""

    def __init__(self, in_dim: int, dim: int, heads: int, pools: bool) -> None:
        super().__init__()
        self.heads = heads
        self.pools = pools
        self.qkv = nn.Linear(in_dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Attend within each window.

        Args:
            x: (B, H, W, in_dim), one window an entry.

        Returns:
            (B, H, W, dim), or (B, H/2, W/2, dim) where the block pools.
        """
        batch, height, width, _ = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)  # (B, H, W, dim) each
        if self.pools:
            q = _pool(q)
            height, width = q.shape[1:3]
        q, k, v = (t.reshape(batch, -1, self.heads, t.shape[-1] // self.heads).transpose(1, 2) for t in (q, k, v))
        out = F.scaled_dot_product_attention(q, k, v)  # (B, heads, N, dim/heads)
        return self.proj(out.transpose(1, 2).reshape(batch, height, width, -1))


class Block(nn.Module):
    """A transformer block; the first one of a stage doubles the channels and halves the grid.

    Args:
        in_dim: channels that come in.
        dim: channels that go out.
        heads: attention heads.
        window: side of the windows in tokens before pooling, or 0 to attend over the whole picture.
        pools: whether the grid is halved.
    """

    def __init__(self, in_dim: int, dim: int, heads: int, window: int, pools: bool) -> None:
        super().__init__()
        self.window = window
        self.pools = pools
        self.norm1 = nn.LayerNorm(in_dim, eps=1e-6)
        self.attn = WindowAttention(in_dim, dim, heads, pools)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLP((dim, 4 * dim, dim), nn.GELU)
        self.proj = nn.Linear(in_dim, dim) if in_dim != dim else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, H, W, in_dim) to (B, H, W, dim), or to half the grid where the block pools."""
        normed = self.norm1(x)
        shortcut = x if self.proj is None else self.proj(normed)
        if self.pools:
            shortcut = _pool(shortcut)
        attended = self._attend_in_windows(normed) if self.window else self.attn(normed)
        x = shortcut + attended
        return x + self.mlp(self.norm2(x))

    def _attend_in_windows(self, x: Tensor) -> Tensor:
        batch, height, width, _ = x.shape
        window = self.window
        # The windows must tile the grid: zeros are added at the right and below, after normalisation and before
        # the projections, and they take part in attention. As in the released weights.
        x = F.pad(x, (0, 0, 0, -width % window, 0, -height % window))
        rows, columns = x.shape[1] // window, x.shape[2] // window
        x = x.reshape(batch, rows, window, columns, window, -1).transpose(2, 3).reshape(-1, window, window, x.shape[-1])
        x = self.attn(x)
        if self.pools:
            window, height, width = window // 2, height // 2, width // 2
        x = x.reshape(batch, rows, columns, window, window, -1).transpose(2, 3)
        return x.reshape(batch, rows * window, columns * window, -1)[:, :height, :width]


class Hiera(nn.Module):
    """The trunk: patches of stride 4, then four stages of blocks."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, config.embed_dim, kernel_size=7, stride=4, padding=3)
        self.pos_embed = nn.Parameter(torch.zeros(1, config.embed_dim, config.position_grid, config.position_grid))
        window = config.window_per_stage[0]
        self.pos_embed_window = nn.Parameter(torch.zeros(1, config.embed_dim, window, window))
        self.blocks = nn.ModuleList()
        self.last_block_of_stage = []
        in_dim = config.embed_dim
        for stage, (depth, dim) in enumerate(zip(config.blocks_per_stage, config.stage_dims, strict=True)):
            for position in range(depth):
                index = len(self.blocks)
                starts_stage = stage > 0 and position == 0
                # The block that pools still works on the windows of the stage before.
                window = config.window_per_stage[stage - 1 if starts_stage else stage]
                if index in config.global_attention_blocks:
                    window = 0
                self.blocks.append(Block(in_dim, dim, config.num_heads * 2**stage, window, pools=starts_stage))
                in_dim = dim
            self.last_block_of_stage.append(len(self.blocks) - 1)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Compute the features of every stage.

        Args:
            pixels: (B, 3, S, S), normalised.

        Returns:
            Four maps, fine to coarse: (B, C·2ⁱ, S/(4·2ⁱ), S/(4·2ⁱ)).
        """
        x = self.patch_embed(pixels).permute(0, 2, 3, 1)  # (B, H, W, C)
        x = x + self._positions(x.shape[1], x.shape[2])
        stages = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.last_block_of_stage:
                stages.append(x.permute(0, 3, 1, 2))
        return stages

    def _positions(self, height: int, width: int) -> Tensor:
        """A coarse learned grid, stretched, plus a learned window, repeated (Bolya et al. 2023) → (1, H, W, C)."""
        stretched = F.interpolate(self.pos_embed, size=(height, width), mode="bicubic")
        side = self.pos_embed_window.shape[-1]
        repeated = self.pos_embed_window.tile(1, 1, height // side, width // side)
        return (stretched + repeated).permute(0, 2, 3, 1)


def _pool(x: Tensor) -> Tensor:
    """The largest of each 2×2 square of (B, H, W, C) → (B, H/2, W/2, C)."""
    return F.max_pool2d(x.permute(0, 3, 1, 2), kernel_size=2, stride=2).permute(0, 2, 3, 1)
