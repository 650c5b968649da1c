"""Where a token, a click or a memory is, in space and in time, told as vectors."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor, nn


def sine_grid(channels: int, grid: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Sine and cosine codes of every cell of a grid; half of the channels for y, half for x.

    As in DETR (Carion et al. 2020, appendix A.4) and the reference's position_encoding.py: coordinates
    run from 1 to the side and are scaled to (0, 2π].

    Args:
        channels: width C of the code, a multiple of 4.
        grid: (H, W) of the grid, in cells.
        device: where the result is made.

    Returns:
        (C, H, W), float32; always the same tensor, not to be written into.
    """
    if torch.compiler.is_compiling():
        return _make_sine_grid(channels, grid, device)
    return _kept_sine_grid(channels, grid, device)


@lru_cache(maxsize=16)
def _kept_sine_grid(channels: int, grid: tuple[int, int], device: torch.device | None) -> Tensor:
    with torch.inference_mode(False):  # so that it may serve a later training step too
        return _make_sine_grid(channels, grid, device)


def _make_sine_grid(channels: int, grid: tuple[int, int], device: torch.device | None) -> Tensor:
    height, width = grid
    half = channels // 2
    exponent = torch.arange(half, dtype=torch.float32, device=device)
    period = 10000.0 ** (2 * (exponent // 2) / half)

    def axis(length: int) -> Tensor:
        steps = torch.arange(1, length + 1, dtype=torch.float32, device=device)
        angle = steps[:, None] / (length + 1e-6) * (2 * math.pi) / period  # (L, C/2)
        return torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), dim=2).flatten(1)

    y = axis(height)[:, None, :].expand(height, width, half)
    x = axis(width)[None, :, :].expand(height, width, half)
    return torch.cat((y, x), dim=2).permute(2, 0, 1)


def sine_steps(distances: Tensor, channels: int) -> Tensor:
    """Sine and cosine codes of distances in time (reference: get_1d_sine_pe).

    Args:
        distances: (N,) float, usually frames divided by the longest distance used.
        channels: width C of the code, even.

    Returns:
        (N, C): C/2 sines, then C/2 cosines.
    """
    half = channels // 2
    exponent = torch.arange(half, dtype=torch.float32, device=distances.device)
    period = 10000.0 ** (2 * (exponent // 2) / half)
    angle = distances[:, None] / period
    return torch.cat((angle.sin(), angle.cos()), dim=-1)


class FourierPositions(nn.Module):
    """Random Fourier codes of points in the unit square (Tancik et al. 2020; SAM, Kirillov et al. 2023, appendix A).

    The frequencies are drawn once and then belong to the weights.
    """

    frequencies: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.randn(2, channels // 2))

    def forward(self, points: Tensor) -> Tensor:
        """Encode points.

        Args:
            points: (…, 2), x and y in 0–1 of the picture's width and height.

        Returns:
            (…, C), float32: C/2 sines, then C/2 cosines.
        """
        angle = 2 * math.pi * ((2 * points.float() - 1) @ self.frequencies.float())
        return torch.cat((angle.sin(), angle.cos()), dim=-1)

    def grid(self, size: tuple[int, int]) -> Tensor:
        """The codes of all cell centres of a grid (H, W) → (C, H, W)."""
        height, width = size
        device = self.frequencies.device
        y = (torch.arange(height, dtype=torch.float32, device=device) + 0.5) / height
        x = (torch.arange(width, dtype=torch.float32, device=device) + 0.5) / width
        points = torch.stack((x[None, :].expand(height, width), y[:, None].expand(height, width)), dim=-1)
        return self(points).permute(2, 0, 1)


def rotary_turns(channels: int, grid: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Axial rotary codes of a grid (Heo et al. 2024; SAM 2 paper, appendix C).

    Channels are taken in neighbouring pairs; the first half of the pairs turns with x, the second with y.

    Args:
        channels: width D of one attention head, a multiple of 4.
        grid: (H, W) in tokens; need not be square.
        device: where the result is made.

    Returns:
        (H·W, D/2, 2) complex numbers of length one as cosine and sine, row by row.
    """
    height, width = grid
    frequency = 10000.0 ** (-torch.arange(0, channels, 4, dtype=torch.float32, device=device) / channels)
    cell = torch.arange(height * width, device=device)
    x = (cell % width).float()[:, None] * frequency
    y = (cell // width).float()[:, None] * frequency
    angle = torch.cat((x, y), dim=-1)
    return torch.stack((angle.cos(), angle.sin()), dim=-1)


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Turn neighbouring channel pairs by the angles of their token.

    Args:
        x: (B, N, D).
        turns: (n, D/2, 2) from `rotary_turns` with N a multiple of n: the codes repeat for each memory in turn.

    Returns:
        (B, N, D), in the type of `x`; the turning itself is done in float32.
    """
    batch, tokens, channels = x.shape
    if torch.compiler.is_compiling():  # one kernel, without complex numbers, and the same for any number of memories
        re, im = x.float().unflatten(-1, (-1, 2)).unbind(-1)
        cosine, sine = turns[torch.arange(tokens, device=x.device) % len(turns)].unbind(-1)
        turned = torch.stack((re * cosine - im * sine, re * sine + im * cosine), dim=-1)
    else:
        pairs = torch.view_as_complex(x.float().reshape(batch, -1, len(turns), channels // 2, 2))
        turned = torch.view_as_real(pairs * torch.view_as_complex(turns))
    return turned.reshape(batch, tokens, channels).to(x.dtype)
