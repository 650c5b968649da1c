"""Procedural textures and shapes: everything a generated clip is made of, without any file.

All functions work on whole batches and on whatever device their generator lives on. `n` counts
pictures, `side` is their width and height [px]; coordinates run from -1 to 1 across a picture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

OCTAVES = (3, 6, 12, 24, 48)  # cells across a picture; one octave each
SHAPE_PARTS = 4


def uniform(gen: torch.Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Random numbers in [low, high) on the generator's device."""
    return low + (high - low) * torch.rand(shape, generator=gen, device=gen.device)


def normal(gen: torch.Generator, *shape: int) -> Tensor:
    """Random numbers of zero mean and unit variance on the generator's device."""
    return torch.randn(shape, generator=gen, device=gen.device)


def coordinates(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y of every pixel centre, each (side, side), from -1 to 1."""
    line = (torch.arange(side, device=device) + 0.5) * (2 / side) - 1
    return line.expand(side, side), line[:, None].expand(side, side)


def smooth_noise(gen: torch.Generator, n: int, cells: int, side: int) -> Tensor:
    """Noise with one value a cell, interpolated smoothly: (n, 1, side, side), about unit variance."""
    grid = normal(gen, n, 1, cells + 2, cells + 2)
    return F.interpolate(grid, size=(side, side), mode="bilinear", align_corners=True) * 1.3


def fractal_noise(gen: torch.Generator, n: int, side: int) -> Tensor:
    """Octaves of noise, each picture with its own roughness: (n, 1, side, side), about unit variance."""
    persistence = uniform(gen, n, 1, 1, 1, low=0.35, high=1.1)
    total = torch.zeros(n, 1, side, side, device=gen.device)
    power = torch.zeros(n, 1, 1, 1, device=gen.device)
    for octave, cells in enumerate(OCTAVES):
        weight = persistence**octave
        total = total + weight * smooth_noise(gen, n, cells, side)
        power = power + weight**2
    return total / power.sqrt()


def _gratings(gen: torch.Generator, n: int, side: int) -> Tensor:
    """Stripes of random direction, width and wobble: (n, 1, side, side) in -1…1."""
    x, y = coordinates(side, gen.device)
    angle = uniform(gen, n, 1, 1, 1, high=math.pi)
    waves = 2.0 ** uniform(gen, n, 1, 1, 1, low=0.5, high=3.8)
    wobble = uniform(gen, n, 1, 1, 1, high=1.5) * smooth_noise(gen, n, 3, side)
    phase = math.pi * waves * (x * angle.cos() + y * angle.sin()) + wobble
    return torch.sin(phase + uniform(gen, n, 1, 1, 1, high=2 * math.pi))


def _checks(gen: torch.Generator, n: int, side: int) -> Tensor:
    """Two crossing gratings multiplied: checks and lattices, hard-edged."""
    return torch.tanh(6 * _gratings(gen, n, side) * _gratings(gen, n, side))


def _spots(gen: torch.Generator, n: int, side: int) -> Tensor:
    """Patches of one colour in another, as on a cow or a leopard."""
    cells = (5, 9, 15)[int(torch.randint(3, (1,), generator=gen, device=gen.device))]
    level = uniform(gen, n, 1, 1, 1, low=-0.7, high=0.7)
    return torch.tanh(5 * (smooth_noise(gen, n, cells, side) - level))


def _gradients(gen: torch.Generator, n: int, side: int) -> Tensor:
    """A plain surface with light from one side and a little roughness."""
    x, y = coordinates(side, gen.device)
    angle = uniform(gen, n, 1, 1, 1, high=2 * math.pi)
    roughness = uniform(gen, n, 1, 1, 1, high=0.35)
    return x * angle.cos() + y * angle.sin() + roughness * fractal_noise(gen, n, side)


_PATTERNS = (fractal_noise, fractal_noise, _gratings, _checks, _spots, _gradients, _gradients)


def procedural_textures(gen: torch.Generator, n: int, side: int) -> Tensor:
    """Coloured textures of many kinds.

    A scalar pattern runs through a palette of two colours, a second weaker one adds a third. Two
    textures differ in pattern, palette and scale, so that a boundary can be told by more than colour.

    Returns:
        (n, 3, side, side) in 0–1.
    """
    device = gen.device
    pattern = torch.empty(n, 1, side, side, device=device)
    kind = torch.randint(len(_PATTERNS), (n,), generator=gen, device=device)
    for index, make in enumerate(_PATTERNS):
        chosen = (kind == index).nonzero()[:, 0]
        if len(chosen):
            pattern[chosen] = make(gen, len(chosen), side)
    first = uniform(gen, n, 3, 1, 1)
    contrast = uniform(gen, n, 1, 1, 1, low=0.2, high=1.0)
    second = first + contrast * (uniform(gen, n, 3, 1, 1) - first)
    third = 0.12 * normal(gen, n, 3, 1, 1)
    share = torch.sigmoid(pattern * uniform(gen, n, 1, 1, 1, low=0.8, high=3.0))
    return (first + (second - first) * share + third * smooth_noise(gen, n, 12, side)).clamp(0, 1)


def mosaics(gen: torch.Generator, textures: Tensor, others: Tensor, chance: float) -> Tensor:
    """Give some pictures a second texture in part of them, as clothes or ground and sky have.

    Args:
        textures, others: (n, 3, side, side) in 0–1.
        chance: share of pictures that become two-part.
    """
    n, _, side, _ = textures.shape
    field = smooth_noise(gen, n, 2, side) + uniform(gen, n, 1, 1, 1, low=-0.5, high=0.5)
    share = torch.sigmoid(40 * field) * (uniform(gen, n, 1, 1, 1) < chance)
    return textures + (others - textures) * share


def procedural_shapes(gen: torch.Generator, n: int, side: int) -> tuple[Tensor, Tensor]:
    """Outlines of made-up things: a body with up to three limbs, rounded, angular or ragged, some with a hole.

    Returns:
        alpha (n, 1, side, side) in 0–1, and depth (n, 1, side, side) in 0–1: 0 at the outline, 1 well
        inside, for shading.
    """
    x, y = coordinates(side, gen.device)
    level = torch.full((n, 1, side, side), -4.0, device=gen.device)
    angle_of_limbs = uniform(gen, n, 1, 1, 1, high=2 * math.pi)
    limbs = torch.randint(SHAPE_PARTS, (n, 1, 1, 1), generator=gen, device=gen.device)
    for part in range(SHAPE_PARTS):
        body = part == 0
        angle = uniform(gen, n, 1, 1, 1, high=2 * math.pi) if body else angle_of_limbs + part * 2.1
        out = 0.0 if body else uniform(gen, n, 1, 1, 1, low=0.3, high=0.5)
        long = uniform(gen, n, 1, 1, 1, low=0.4, high=0.75) if body else uniform(gen, n, 1, 1, 1, low=0.25, high=0.42)
        wide = long * uniform(gen, n, 1, 1, 1, low=0.45 if body else 0.3, high=1.0)
        dx, dy = x - out * angle.cos(), y - out * angle.sin()
        u = (dx * angle.cos() + dy * angle.sin()) / long
        v = (dy * angle.cos() - dx * angle.sin()) / wide
        # The exponent of the superellipse: 1 a diamond, 2 an ellipse, 6 almost a box.
        power = 2.0 ** uniform(gen, n, 1, 1, 1, low=0.0, high=2.6)
        radius = (u.abs() ** power + v.abs() ** power + 1e-6) ** (1 / power)
        theta = torch.atan2(v, u)
        ripple = torch.zeros_like(radius)
        for wave in (2, 3, 5):
            ripple = ripple + normal(gen, n, 1, 1, 1) * 0.12 / wave * torch.cos(
                wave * theta + uniform(gen, n, 1, 1, 1, high=2 * math.pi)
            )
        this = (1 - radius + ripple) * torch.minimum(long, wide)
        level = torch.where(limbs >= part, torch.maximum(level, this), level)
    level = level + uniform(gen, n, 1, 1, 1, high=0.05) * smooth_noise(gen, n, 10, side)
    hole = (x**2 + y**2).sqrt() - uniform(gen, n, 1, 1, 1, low=0.1, high=0.2)
    level = torch.where(uniform(gen, n, 1, 1, 1) < 0.06, torch.minimum(level, hole), level)
    # Nothing may touch the picture's border, or the outline would be cut straight.
    level = torch.minimum(level, 0.97 - torch.maximum(x.abs(), y.abs()))
    return torch.sigmoid(level * side), (level * 4).clamp(0, 1)
