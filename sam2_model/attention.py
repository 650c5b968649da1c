"""Attention as SAM 2 uses it: with a narrower inner width, and with rotary positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .positions import rotary_turns, rotate
from .products import Linear, linear, takes_fast_form

# Queries for each core, and keys: two megabytes of scores a core. Measured best among 128–512 × 512–2048; larger tiles
# are fewer moments at which cores wait for each other.
_QUERY_TILE, _KEY_TILE = 512, 1024


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
        self.q_proj = Linear(channels, inner)
        self.k_proj = Linear(channels, inner)
        self.v_proj = Linear(channels, inner)
        self.out_proj = Linear(inner, channels)

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
        self.q_proj = Linear(channels, channels)
        self.k_proj = Linear(key_channels, channels)
        self.v_proj = Linear(key_channels, channels)
        self.out_proj = Linear(channels, channels)
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
        if takes_fast_form(q):
            tiles = (self._key_tiles(each, turns, unrotated) for each in keys)
            read = torch.stack([_read_tiles(*each) for each in zip(q, tiles, values, strict=True)])
        else:
            k = self.k_proj(keys)
            placed = k.shape[1] - unrotated
            k = torch.cat((rotate(k[:, :placed], turns), k[:, placed:]), dim=1) if unrotated else rotate(k, turns)
            # With an axis for heads, though there is one: without it a GPU has no kernel but the one that writes out
            # all scores, half a gigabyte an object.
            read = F.scaled_dot_product_attention(q[:, None], k[:, None], values[:, None].to(q.dtype))[:, 0]
        return self.out_proj(self.v_proj(read))

    def _key_tiles(self, keys: Tensor, turns: Tensor, unrotated: int) -> Iterator[Tensor]:
        """Project and rotate the keys (M, Ck) of one object some at a time → (m, C) each; they never lie whole."""
        placed = len(keys) - unrotated
        for start in range(0, placed, len(turns)):
            for part in range(0, len(turns), _KEY_TILE):
                stop = min(part + _KEY_TILE, len(turns))
                yield rotate(self.k_proj(keys[None, start + part : start + stop]), turns[part:stop])[0]
        if unrotated:
            yield self.k_proj(keys[placed:])

    def _turns_of(self, grid: tuple[int, int], device: torch.device) -> Tensor:
        if torch.compiler.is_compiling():  # what a graph makes it must not leave behind
            return rotary_turns(self.q_proj.out_features, grid, device)
        if (grid, device) not in self._turns:
            # Made outside inference mode, so that the cached tensors may serve a later training step too.
            with torch.inference_mode(False):
                self._turns = {(grid, device): rotary_turns(self.q_proj.out_features, grid, device)}
        return self._turns[grid, device]


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q·kᵀ/√D)·v for queries (…, N, D), keys (…, M, D) and values (…, M, Dv) → (…, N, Dv)."""
    if not takes_fast_form(q) or k.shape[-2] < _KEY_TILE:
        return F.scaled_dot_product_attention(q, k, v)
    rows = (t.flatten(0, -3) for t in (q, k, v))
    read = [_read_tiles(a, b.contiguous().split(_KEY_TILE), c) for a, b, c in zip(*rows, strict=True)]
    return torch.stack(read).unflatten(0, q.shape[:-2])


def _read_tiles(q: Tensor, keys: Iterable[Tensor], values: Tensor) -> Tensor:
    """Attention of one head, some queries and some keys at a time, so that the scores never leave the cache.

    The library's kernel for CPUs wants values as wide as keys, and peaked scores make its exponentials denormal,
    hence slow. Here the best score so far is subtracted, as in FlashAttention (Dao et al. 2022), and what lies more
    than 80 below it, which weighs less than 2e-35, is lifted to that.

    Args:
        q: (N, D).
        keys: (m, D) each, M in all.
        values: (M, Dv).

    Returns:
        (N, Dv).
    """
    q = q * q.shape[-1] ** -0.5
    best = q.new_full((len(q), 1), -torch.inf, dtype=torch.float32)
    weight, read = torch.zeros_like(best), q.new_zeros(len(q), values.shape[-1], dtype=torch.float32)
    at_once = _QUERY_TILE * torch.get_num_threads()
    tiles = list(zip(*(t.split(at_once) for t in (q, best, weight, read)), strict=True))
    done = 0
    for key_tile in keys:
        value_tile = values[done : done + len(key_tile)].to(q.dtype).T.contiguous()  # (Dv, m)
        done += len(key_tile)
        for rows, best_here, weight_here, read_here in tiles:
            scores = linear(rows, key_tile).float()
            higher = torch.maximum(best_here, scores.amax(-1, keepdim=True))
            scores.sub_(higher).clamp_(min=-80).exp_()
            fade = best_here.sub_(higher).exp_()  # what was read so far was weighed by a lower best
            weight_here.mul_(fade).add_(scores.sum(-1, keepdim=True))
            read_here.mul_(fade).add_(linear(scores.to(q.dtype), value_tile))
            best_here.copy_(higher)
    return read.div_(weight).to(q.dtype)
