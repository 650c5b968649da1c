"""A simulated user: first clicks, corrections where the mask is wrong, boxes drawn by hand, whole masks.

Everything works on low-res masks (one cell is `stride` pixels of the model's input) and in batches, so
that it costs little beside the network and runs on its device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from training.textures import normal, uniform

DEEPEST = 12  # cells; a place further inside than this counts as equally deep


def depths(mask: Tensor) -> Tensor:
    """How far inside the mask each cell lies, in cells (chessboard distance, at most DEEPEST).

    Args:
        mask: (N, h, w) bool.

    Returns:
        (N, h, w) float32; 0 outside. Beyond the picture's border counts as outside.
    """
    left = F.pad(mask.float()[:, None], (1, 1, 1, 1))
    depth = left.clone()
    for _ in range(DEEPEST - 1):
        left = -F.max_pool2d(-left, 3, stride=1, padding=1)  # padding of -inf: the border is zero already
        depth = depth + left
    return depth[:, 0, 1:-1, 1:-1]


def random_clicks(mask: Tensor, stride: int, gen: torch.Generator, *, deepest: Tensor | float = 0.5) -> Tensor:
    """One click inside each mask: at its deepest place, or anywhere in it.

    Args:
        mask: (N, h, w) bool. Where a mask is empty the click lies anywhere and means nothing.
        stride: pixels of a cell.
        deepest: chance of the deepest place, one number or (N,).

    Returns:
        (N, 2) x and y in pixels of the model's input.
    """
    n, height, width = mask.shape
    noise = uniform(gen, n, height, width)
    aim_deep = (uniform(gen, n) < deepest)[:, None, None]
    # Noise below 1 only breaks ties between equally deep cells; outside the mask the value is below any inside.
    worth = torch.where(aim_deep, depths(mask), mask.float()) * 2 + noise
    cell = worth.flatten(1).argmax(1)
    inside = uniform(gen, n, 2)  # anywhere within the cell
    return (torch.stack([cell % width, cell // width], -1) + inside) * stride


def corrections(
    predicted: Tensor, truth: Tensor, stride: int, gen: torch.Generator, *, deepest: float = 0.7
) -> tuple[Tensor, Tensor]:
    """The next click: where the mask is most wrong.

    The deepest place of the error is the middle of its largest compact region, as in the usual protocol.

    Args:
        predicted, truth: (N, h, w) bool.
        deepest: chance of the deepest place rather than any wrong one.

    Returns:
        Points (N, 2) in pixels and labels (N,) int64: 1 where the object was missed, 0 where too much was
        taken. Where nothing is wrong the click confirms: inside the truth, or outside it if that is empty.
    """
    missed, excess = truth & ~predicted, predicted & ~truth
    missed_depth, excess_depth = depths(missed).flatten(1).amax(1), depths(excess).flatten(1).amax(1)
    adds = missed_depth > excess_depth
    adds |= (missed_depth == excess_depth) & (missed.flatten(1).sum(1) >= excess.flatten(1).sum(1))
    right = ~(missed | excess).flatten(1).any(1)
    adds = torch.where(right, truth.flatten(1).any(1), adds)
    region = torch.where(adds[:, None, None], missed, excess)
    confirming = torch.where(adds[:, None, None], truth, ~truth)
    region = torch.where(right[:, None, None], confirming, region)
    return random_clicks(region, stride, gen, deepest=deepest), adds.long()


def drawn_boxes(mask: Tensor, stride: int, gen: torch.Generator, *, sloppiness: float = 0.1) -> Tensor:
    """Boxes around masks as a hand draws them.

    Args:
        mask: (N, h, w) bool; an empty one gets the whole picture.
        sloppiness: standard deviation of each side, as a share of the box's size; at most 20 px, as in SAM.

    Returns:
        (N, 4) x0 y0 x1 y1 in pixels, inside the picture.
    """
    n, height, width = mask.shape
    columns, rows = mask.any(1), mask.any(2)
    sides = torch.stack(
        [
            columns.float().argmax(1),
            rows.float().argmax(1),
            width - columns.flip(1).float().argmax(1),
            height - rows.flip(1).float().argmax(1),
        ],
        -1,
    ).float()
    size = (sides[:, 2:] - sides[:, :2]).repeat(1, 2) * stride
    jitter = (normal(gen, n, 4) * sloppiness * size).clamp(-20, 20)
    limit = torch.tensor([width, height, width, height], device=mask.device) * stride
    drawn = torch.minimum((sides * stride + jitter).clamp(min=0), limit)
    # A jittered side may pass its opposite on a tiny object.
    return torch.cat([torch.minimum(drawn[:, :2], drawn[:, 2:]), torch.maximum(drawn[:, :2], drawn[:, 2:])], 1)
