"""Turns prompts into tokens and a dense map that the mask decoder understands (SAM, appendix A)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .config import SAM2Config
from .layers import LayerNorm2d
from .positions import FourierPositions
from .prompts import Prompt

PADDING_LABEL = -1
BOX_LABELS = (2, 3)  # top left, bottom right corner
_MASK_CHANNELS = 16


class PromptTensors(NamedTuple):
    """Prompts of B objects in the coordinates of the model's square input.

    Attributes:
        points: (B, P, 2) x, y in pixels of the square input.
        labels: (B, P) int: 1 part of the object, 0 not, 2 and 3 a box's corners, -1 padding.
        mask_logits: (B, 1, S/4, S/4) an earlier mask to refine, or None.
    """

    points: Tensor
    labels: Tensor
    mask_logits: Tensor | None = None

    def mask_alone(self) -> Tensor | None:
        """The mask where it comes without a click or box."""
        return None if bool((self.labels != PADDING_LABEL).any()) else self.mask_logits


def prompt_tensors(
    prompt: Prompt, size: tuple[int, int], side: int, *, device: torch.device, mask_logits: Tensor | None = None
) -> PromptTensors:
    """The clicks and the box of one object in the model's square.

    Args:
        prompt: in pixels of a picture of `size`; its own mask is left out.
        size: (height, width) of that picture [px].
        side: of the square [px].
        device: where the tensors are wanted.
        mask_logits: (1, 1, S/4, S/4) a mask to refine.
    """
    corners = [] if prompt.box is None else [prompt.box[:2], prompt.box[2:]]
    labels = [*(() if prompt.box is None else BOX_LABELS), *prompt.labels]
    points = torch.tensor([*corners, *prompt.points], dtype=torch.float32).reshape(1, -1, 2)
    points = points / torch.tensor((size[1], size[0])) * side
    return PromptTensors(points.to(device), torch.tensor([labels], dtype=torch.int32, device=device), mask_logits)


class PromptEncoder(nn.Module):
    """Clicks and boxes become tokens, masks become a map of the decoder's grid."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        channels = config.model_dim
        self.dense_clicks = config.dense_clicks
        self.positions = FourierPositions(channels)
        # By label: 0 not part of the object, 1 part of it, 2 and 3 a box's corners.
        self.label_embeddings = nn.ParameterList(nn.Parameter(torch.randn(1, channels)) for _ in range(4))
        self.padding_embedding = nn.Parameter(torch.randn(1, channels))
        self.no_mask_embedding = nn.Parameter(torch.randn(1, channels))
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, _MASK_CHANNELS // 4, kernel_size=2, stride=2),
            LayerNorm2d(_MASK_CHANNELS // 4),
            nn.GELU(),
            nn.Conv2d(_MASK_CHANNELS // 4, _MASK_CHANNELS, kernel_size=2, stride=2),
            LayerNorm2d(_MASK_CHANNELS),
            nn.GELU(),
            nn.Conv2d(_MASK_CHANNELS, channels, kernel_size=1),
        )

    def forward(self, prompt: PromptTensors, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Encode the prompts of B objects.

        Args:
            prompt: points, labels and perhaps an earlier mask.
            grid: (H, W) of the decoder's tokens; the square input is 16 times as large.

        Returns:
            Tokens (B, P + 1, C), the last one padding, or none (B, 0, C) where P is 0; and the dense map (B, C, H, W).
        """
        dense = prompt.mask_logits
        if self.dense_clicks and bool((prompt.labels != PADDING_LABEL).any()):
            drawn = draw_clicks(prompt.points, prompt.labels, grid)
            dense = drawn if dense is None else dense + drawn
        if dense is None:
            dense_map = self.no_mask_embedding[:, :, None, None].expand(prompt.points.shape[0], -1, *grid)
        else:
            dense_map = self.mask_downscaling(dense.to(self.padding_embedding.dtype))
        return self._encode_points(prompt.points, prompt.labels, grid), dense_map

    def _encode_points(self, points: Tensor, labels: Tensor, grid: tuple[int, int]) -> Tensor:
        if points.shape[1] == 0:  # a mask alone: as in the reference, not even padding comes with it
            return self.padding_embedding.new_zeros(points.shape[0], 0, self.padding_embedding.shape[-1])
        # One padding point follows any other: SAM was trained with it wherever no box is given, and SAM 2 gives
        # boxes as two labelled points.
        points = torch.cat((points, points.new_zeros(points.shape[0], 1, 2)), dim=1)
        labels = torch.cat((labels, labels.new_full((labels.shape[0], 1), PADDING_LABEL)), dim=1)
        side = points.new_tensor((16 * grid[1], 16 * grid[0]))
        tokens = self.positions((points + 0.5) / side).to(self.padding_embedding.dtype)  # (B, P + 1, C)
        tokens = torch.where(labels[..., None] == PADDING_LABEL, self.padding_embedding, tokens)
        for label, embedding in enumerate(self.label_embeddings):
            tokens = torch.where(labels[..., None] == label, tokens + embedding, tokens)
        return tokens

    def image_positions(self, grid: tuple[int, int]) -> Tensor:
        """Positions of the decoder's grid in the same code as the clicks → (1, C, H, W)."""
        return self.positions.grid(grid)[None].to(self.padding_embedding.dtype)


def draw_clicks(points: Tensor, labels: Tensor, grid: tuple[int, int]) -> Tensor:
    """Draw clicks and boxes as a map of logits, as if they were a rough mask.

    A click raises (or, on what is not the object, lowers) the logits around it: by 8 within about a tenth of the
    picture and by 4 within about a third; elsewhere they stay at -4. A box raises its inside by 4.

    Args:
        points: (B, P, 2) in pixels of the square input.
        labels: (B, P) as in `PromptTensors`.
        grid: (H, W) of the decoder's tokens.

    Returns:
        (B, 1, 4·H, 4·W), the size of low-res masks.
    """
    height, width = 4 * grid[0], 4 * grid[1]
    y = (torch.arange(height, device=points.device, dtype=torch.float32) + 0.5) / height
    x = (torch.arange(width, device=points.device, dtype=torch.float32) + 0.5) / width
    side = points.new_tensor((16 * grid[1], 16 * grid[0]))
    at = (points.float() + 0.5) / side  # (B, P, 2) in the unit square
    # Widths were measured on a picture of 128 pixels; in its units they serve every size.
    squared = 128**2 * ((x - at[:, :, 0, None])[:, :, None, :] ** 2 + (y - at[:, :, 1, None])[:, :, :, None] ** 2)
    sign = (labels == 1).float() - (labels == 0).float()
    bumps = 8 * torch.exp(-squared / 200) + 4 * torch.exp(-squared / 2500)
    drawn = (sign[:, :, None, None] * bumps).sum(1) - 4  # (B, 4H, 4W)
    if bool((labels == BOX_LABELS[0]).any()):
        is_first, is_second = (labels == label for label in BOX_LABELS)
        first = (at * is_first[..., None]).sum(1)
        second = (at * is_second[..., None]).sum(1)
        inside_x = (x >= first[:, :1]) & (x <= second[:, :1])
        inside_y = (y >= first[:, 1:]) & (y <= second[:, 1:])
        drawn = drawn + 4 * (inside_y[:, :, None] & inside_x[:, None, :]).float()
    return drawn[:, None]
