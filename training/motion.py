"""How things move in a generated clip: smooth random paths, similarity transforms and soft bending."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from training.textures import normal, uniform

BENDING_MODES = 3


def smooth_paths(gen: torch.Generator, n: int, frames: int, speed: Tensor) -> Tensor:
    """Smooth random functions of time that start at 0.

    A steady drift plus two slow oscillations; the mean change a frame is about `speed`.

    Args:
        speed: (n,) mean change a frame, in whatever unit the caller wants.

    Returns:
        (n, frames).
    """
    time = torch.arange(frames, device=gen.device, dtype=torch.float32)[None]
    path = normal(gen, n, 1) * 0.7 * time
    for _ in range(2):
        rate = uniform(gen, n, 1, low=0.15, high=0.9)  # radians a frame: periods of 7 to 40 frames
        phase = uniform(gen, n, 1, high=2 * math.pi)
        swing = normal(gen, n, 1) * 0.8 / rate
        path = path + swing * (torch.sin(rate * time + phase) - torch.sin(phase))
    return path * speed[:, None]


def inverse_transforms(center: Tensor, scale: Tensor, angle: Tensor, stretch: Tensor) -> Tensor:
    """Matrices that take a frame's coordinates to a thing's own, for sampling.

    Args:
        center: (n, frames, 2) where the thing's middle lies, frame coordinates -1…1.
        scale: (n, frames) half the thing's size, in half frames.
        angle: (n, frames) [rad].
        stretch: (n, frames) factor on its height over its width.

    Returns:
        (n, frames, 2, 3).
    """
    cos, sin = angle.cos() / scale, angle.sin() / scale
    linear = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1) / stretch[..., None]], -2)
    shift = -(linear @ center[..., None])
    return torch.cat([linear, shift], -1)


def bent_grids(gen: torch.Generator, transforms: Tensor, side: int, bending: Tensor) -> Tensor:
    """Sampling grids of one thing over time: its transform, then a soft bending in its own coordinates.

    The bending is smooth, so it is computed on a grid four times coarser and interpolated.

    Args:
        transforms: (n, frames, 2, 3) from `inverse_transforms`.
        side: of the frames [px], a multiple of 4.
        bending: (n,) largest displacement in the thing's own coordinates.

    Returns:
        (n * frames, side, side, 2) for `grid_sample` with `align_corners=False`.
    """
    n, frames = transforms.shape[:2]
    coarse = side // 4
    size = [n * frames, 1, coarse, coarse]
    grid = F.affine_grid(transforms.flatten(0, 1), size, align_corners=False).view(n, frames, coarse, coarse, 2)
    time = torch.arange(frames, device=gen.device, dtype=torch.float32).view(1, frames, 1, 1)
    moved = grid.clone()
    for _ in range(BENDING_MODES):
        wave = normal(gen, n, 1, 1, 1, 2) * 1.6
        rate = uniform(gen, n, 1, 1, 1, low=0.1, high=0.6)
        phase = uniform(gen, n, 1, 1, 1, high=2 * math.pi)
        along = normal(gen, n, 1, 1, 1, 2) * (bending / BENDING_MODES).view(n, 1, 1, 1, 1)
        moved = moved + along * torch.sin((grid * wave).sum(-1) + rate * time + phase)[..., None]
    fine = F.interpolate(
        moved.flatten(0, 1).permute(0, 3, 1, 2), size=(side, side), mode="bilinear", align_corners=False
    )
    return fine.permute(0, 2, 3, 1)
