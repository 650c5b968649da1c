"""Small layers that several parts share."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .products import Activation, Linear, takes_fast_form

_ROWS_AT_ONCE = 2048  # a hidden layer of 2048 channels then takes 16 MB, which the allocator keeps for the next block


class LayerNorm2d(nn.Module):
    """Layer normalisation over the channels of a channel-first map (B, C, H, W)."""

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each pixel's channel vector.

        Args:
            x: (B, C, H, W).

        Returns:
            (B, C, H, W).
        """
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class MLP(nn.Module):
    """Linear layers with an activation between them, none after the last."""

    def __init__(self, widths: tuple[int, ...], activation: Activation = "relu") -> None:
        super().__init__()
        self.layers = nn.ModuleList(Linear(a, b) for a, b in pairwise(widths))
        self.activation: Activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map (…, widths[0]) to (…, widths[-1])."""
        return feed_forward(x, self.layers, self.activation)


def feed_forward(x: Tensor, layers: Iterable[nn.Module], activation: Activation) -> Tensor:
    """Linear layers with an activation between them, for some tokens at a time: the hidden layer is the widest tensor.

    Args:
        x: (…, K).
        layers: `Linear`s.
        activation: between them.

    Returns:
        (…, N).
    """
    rows = x.reshape(-1, x.shape[-1])
    if not takes_fast_form(x) or len(rows) <= _ROWS_AT_ONCE:
        return _run(rows, layers, activation).reshape(*x.shape[:-1], -1)
    parts = [_run(part, layers, activation) for part in rows.split(_ROWS_AT_ONCE)]
    return torch.cat(parts).reshape(*x.shape[:-1], -1)


def _run(x: Tensor, layers: Iterable[nn.Module], activation: Activation) -> Tensor:
    *hidden, last = layers
    for layer in hidden:
        x = layer(x, activation)
    return last(x)
