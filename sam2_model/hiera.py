"""Hiera, the image trunk (Ryali et al. 2023), as SAM 2 uses it (paper section 4; reference hieradet.py).

Four stages at strides 4, 8, 16 and 32. Most blocks attend inside windows, a few over the whole picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import attend
from .config import SAM2Config
from .layers import MLP
from .products import Linear, takes_fast_form

_TOKENS_AT_ONCE = 4096  # of windows on a CPU; measured best among 2048–16384


class WindowAttention(nn.Module):
    """Multi-head attention over the tokens of a window; at a stage's start the queries are pooled 2×2."""

    def __init__(self, in_dim: int, dim: int, heads: int, pools: bool) -> None:
        super().__init__()
        self.heads = heads
        self.pools = pools
        self.qkv = Linear(in_dim, 3 * dim)
        self.proj = Linear(dim, dim)

    def forward(self, qkv: Tensor) -> Tensor:
        """Attend within each window; the projections before and after are the block's to call.

        Args:
            qkv: (B, H, W, 3·dim), one window an entry.

        Returns:
            (B, H, W, dim), or (B, H/2, W/2, dim) where the block pools.
        """
        q, k, v = qkv.chunk(3, dim=-1)  # (B, H, W, dim) each
        if self.pools:
            q = _pool(q)
        batch, height, width, _ = q.shape
        q, k, v = (t.reshape(batch, -1, self.heads, t.shape[-1] // self.heads).transpose(1, 2) for t in (q, k, v))
        out = attend(q, k, v)  # (B, heads, N, dim/heads)
        return out.transpose(1, 2).reshape(batch, height, width, -1)


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
        self.mlp = MLP((dim, 4 * dim, dim), "gelu")
        self.proj = Linear(in_dim, dim) if in_dim != dim else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, H, W, in_dim), whole pictures or single windows, to (B, H, W, dim), or to half the grid."""
        normed = self.norm1(x)
        shortcut = x if self.proj is None else self.proj(normed)
        if self.pools:
            shortcut = _pool(shortcut)
        qkv = self.attn.qkv(normed)
        is_cut = self.window not in (0, x.shape[1])
        attended = self._attend_in_windows(qkv) if is_cut else self.attn(qkv)
        # What is added up from block to block keeps its number type, which may be wider than that of the products.
        x = shortcut.to(x.dtype) + self.attn.proj(attended)
        return x + self.mlp(self.norm2(x))

    def _attend_in_windows(self, qkv: Tensor) -> Tensor:
        batch, height, width, channels = qkv.shape
        window = self.window
        rows, columns = -(-height // window), -(-width // window)
        if (rows * window, columns * window) != (height, width):
            # The windows must tile the grid: zeros are added at the right and below, after normalisation and before
            # the projection, of which only its bias is left there. They take part: as in the released weights.
            padded = self.attn.qkv.bias.expand(batch, rows * window, columns * window, channels).clone()
            padded[:, :height, :width] = qkv
            qkv = padded
        x = from_windows(self.attn(to_windows(qkv, window)), rows, columns)
        return x[:, : height // 2, : width // 2] if self.pools else x[:, :height, :width]


class Hiera(nn.Module):
    """The trunk: patches of stride 4, then four stages of blocks."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, config.embed_dim, kernel_size=7, stride=4, padding=3)
        self.pos_embed = nn.Parameter(torch.zeros(1, config.embed_dim, config.position_grid, config.position_grid))
        window = config.window_per_stage[0]
        self.pos_embed_window = nn.Parameter(torch.zeros(1, config.embed_dim, window, window))
        self._made: tuple[object, Tensor] | None = None
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
            Four maps, fine to coarse: (B, S/(4·2ⁱ), S/(4·2ⁱ), C·2ⁱ).
        """
        x = self.patch_embed(pixels).permute(0, 2, 3, 1)  # (B, H, W, C)
        x = x + self._positions((x.shape[1], x.shape[2]))
        side, stages = x.shape[1], []
        for index, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            # Where windows tile the picture the tokens stay window by window from block to block.
            window = block.window if block.window and side % block.window == 0 else side
            if window != x.shape[1]:
                x = _regroup(x, side, window)
            x = _run_in_parts(block, x)
            side = side // 2 if block.pools else side
            if index in self.last_block_of_stage:
                stages.append(_regroup(x, side, side))
        return stages

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        """A coarse learned grid, stretched, plus a learned window, repeated (Bolya et al. 2023) → (1, H, W, C).

        Made once where the weights are frozen.
        """
        parts = (self.pos_embed, self.pos_embed_window)
        if self.pos_embed.requires_grad or torch.compiler.is_compiling():
            return self._make_positions(grid)
        # What is written into the weights counts up their version; moving them changes type or device.
        state = (grid, *(each._version for each in parts), self.pos_embed.dtype, self.pos_embed.device)
        if self._made is None or self._made[0] != state:
            with torch.inference_mode(False):  # so that it may serve outside of it, too
                self._made = (state, self._make_positions(grid))
        return self._made[1]

    def _make_positions(self, grid: tuple[int, int]) -> Tensor:
        height, width = grid
        stretched = F.interpolate(self.pos_embed, size=grid, mode="bicubic")
        side = self.pos_embed_window.shape[-1]
        repeated = self.pos_embed_window.tile(1, 1, height // side, width // side)
        return (stretched + repeated).permute(0, 2, 3, 1)


def to_windows(x: Tensor, window: int) -> Tensor:
    """Cut (B, H, W, C) into windows → (B·windows, window, window, C), row by row."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height // window, window, width // window, window, channels)
    return x.transpose(2, 3).reshape(-1, window, window, channels)


def from_windows(x: Tensor, rows: int, columns: int) -> Tensor:
    """Put rows·columns windows of every picture together again → (B, H, W, C)."""
    _, window, _, channels = x.shape
    x = x.reshape(-1, rows, columns, window, window, channels)
    return x.transpose(2, 3).reshape(-1, rows * window, columns * window, channels)


def _regroup(x: Tensor, side: int, window: int) -> Tensor:
    """Tokens of a picture of this side, in windows of one size (or whole), in windows of another size (or whole)."""
    across = side // x.shape[1]
    if across > 1:
        x = from_windows(x, across, across)
    return to_windows(x, window) if window < side else x


def _run_in_parts(block: Block, x: Tensor) -> Tensor:
    """Run a block on some windows at a time: each is by itself, and their inner tensors then stay in the cache."""
    windows_at_once = max(1, _TOKENS_AT_ONCE // (x.shape[1] * x.shape[2]))
    if not takes_fast_form(x) or len(x) <= windows_at_once:
        return block(x)
    return torch.cat([block(part) for part in x.split(windows_at_once)])


def _pool(x: Tensor) -> Tensor:
    """The largest of each 2×2 square of (B, H, W, C) → (B, H/2, W/2, C)."""
    upper, lower = x[:, 0::2], x[:, 1::2]
    return torch.maximum(
        torch.maximum(upper[:, :, 0::2], upper[:, :, 1::2]), torch.maximum(lower[:, :, 0::2], lower[:, :, 1::2])
    )
