"""Attention as SAM 2 uses it: with a narrower inner width, and with rotary positions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .positions import rotary_turns, rotate

_QUERY_TILE, _KEY_TILE = 256, 1024  # a megabyte of scores; measured best among 256–1024 × 512–2048


class Attention(nn.Module):
    """Multi-head attention whose inner width may be smaller than its outer width.

    Args:
        channels: width C of queries and output.
        heads: number of heads.
        inner: width of queries, keys and values inside; C by default.
    """

    def __init__(self, channels: int, heads: int, inner: int | None = None) -> None:
        super().__init__()
        inner = inner or channels
        self.heads = heads
        self.q_proj = nn.Linear(channels, inner)
        self.k_proj = nn.Linear(channels, inner)
        self.v_proj = nn.Linear(channels, inner)
        self.out_proj = nn.Linear(inner, channels)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Let queries (B, N, C) read values (B, M, C) by their keys (B, M, C) → (B, N, C)."""
        q, k, v = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, inner/heads)
            for projection, x in ((self.q_proj, queries), (self.k_proj, keys), (self.v_proj, values))
        )
        out = F.scaled_dot_product_attention(q, k, v)
        return self.out_proj(out.transpose(1, 2).flatten(2))


class RotaryAttention(nn.Module):
    """Single-head attention with axial rotary positions, for self-attention and for reading memories.

    Values are read before they are projected: with one head, `A·(m·Wᵥ + bᵥ)` equals `(A·m)·Wᵥ + bᵥ` because
    the rows of the attention matrix A sum to one. Memories are 64 channels wide and there are up to seven
    times as many of them as there are queries, so reading them raw saves most of the arithmetic.

    Args:
        channels: width C of queries and output.
        key_channels: width of keys and values as they come; C by default.
    """

    def __init__(self, channels: int, key_channels: int | None = None) -> None:
        super().__init__()
        key_channels = key_channels or channels
        self.q_proj = nn.Linear(channels, channels)
        self.k_proj = nn.Linear(key_channels, channels)
        self.v_proj = nn.Linear(key_channels, channels)
        self.out_proj = nn.Linear(channels, channels)
        self._turns: dict[tuple[tuple[int, int], torch.device], Tensor] = {}

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, grid: tuple[int, int], unrotated: int = 0
    ) -> Tensor:
        """Let queries read values by their keys.

        Args:
            queries: (B, H·W, C), the frame's tokens row by row.
            keys: (B, k·H·W + P, Ck): k memories of the grid, then P tokens without a place.
            values: (B, k·H·W + P, Ck).
            grid: (H, W) in tokens.
            unrotated: P, the number of object-pointer tokens at the end of the keys.

        Returns:
            (B, H·W, C).
        """
        turns = self._turns_of(grid, queries.device)
        q = rotate(self.q_proj(queries), turns)
        k = self.k_proj(keys)
        placed = k.shape[1] - unrotated
        k = torch.cat((rotate(k[:, :placed], turns), k[:, placed:]), dim=1) if unrotated else rotate(k, turns)
        return self.out_proj(self.v_proj(_attend(q, k, values)))

    def _turns_of(self, grid: tuple[int, int], device: torch.device) -> Tensor:
        if (grid, device) not in self._turns:
            # Made outside inference mode, so that the cached tensors may serve a later training step too.
            with torch.inference_mode(False):
                self._turns = {(grid, device): rotary_turns(self.q_proj.out_features, grid, device)}
        return self._turns[grid, device]


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q·kᵀ/√D)·v for queries (B, N, D), keys (B, M, D) and values (B, M, Dv) → (B, N, Dv)."""
    if torch.is_grad_enabled() or q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v)
    return _attend_in_tiles(q * q.shape[-1] ** -0.5, k, v.to(q.dtype))


def _attend_in_tiles(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q·kᵀ)·v, some queries and some keys at a time, so that the scores never leave the cache.

    The library's kernel for CPUs wants values as wide as keys, and peaked scores make its exponentials denormal,
    hence slow. Here the best score so far is subtracted, as in FlashAttention (Dao et al. 2022), and what lies more
    than 80 below it, which weighs less than 2e-35, is lifted to that.
    """
    keys = [block.transpose(1, 2).contiguous() for block in k.split(_KEY_TILE, dim=1)]  # (B, D, m) each
    values = v.split(_KEY_TILE, dim=1)
    out = []
    for rows in q.split(_QUERY_TILE, dim=1):
        best = rows.new_full((*rows.shape[:2], 1), -torch.inf)
        weight = torch.zeros_like(best)
        read = rows.new_zeros(*rows.shape[:2], v.shape[-1])
        for key_tile, value_tile in zip(keys, values, strict=True):
            scores = rows @ key_tile
            higher = torch.maximum(best, scores.amax(-1, keepdim=True))
            scores.sub_(higher).clamp_(min=-80).exp_()
            fade = (best - higher).exp_()  # what was read so far was weighed by a lower best
            weight.mul_(fade).add_(scores.sum(-1, keepdim=True))
            read.mul_(fade).add_(scores @ value_tile)
            best = higher
        out.append(read.div_(weight))
    return torch.cat(out, dim=1)
