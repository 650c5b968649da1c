"""Memory attention: a frame's tokens read the memories of an object (SAM 2 paper, section 4)."""

from __future__ import annotations

from torch import Tensor, nn

from .attention import RotaryAttention
from .config import SAM2Config
from .layers import feed_forward
from .positions import sine_grid
from .products import Linear


class MemoryAttentionLayer(nn.Module):
    """Self-attention, reading of the memories, feed-forward; each normalised first and added."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        channels = config.model_dim
        self.self_attn = RotaryAttention(channels)
        self.cross_attn_image = RotaryAttention(channels, config.memory_dim)
        self.linear1 = Linear(channels, config.feedforward_dim)
        self.linear2 = Linear(config.feedforward_dim, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.norm3 = nn.LayerNorm(channels)

    def look(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """The first of the three steps: the frame's tokens (B, H·W, C) attend to each other."""
        normed = self.linear1.narrowed(self.norm1(x))
        return x + self.self_attn(normed, normed, normed, grid)

    def read(self, x: Tensor, keys: Tensor, memory: Tensor, grid: tuple[int, int], pointers: int) -> Tensor:
        """The other two: they read the memories, and each is worked on by itself.

        Args:
            x: (B, H·W, C) from `look`.
            keys: (B, M, Cm), the memories with their positions added.
            memory: (B, M, Cm).
            grid: (H, W).
            pointers: how many tokens at the end of the memory are object pointers.

        Returns:
            (B, H·W, C).
        """
        x = x + self.cross_attn_image(self.norm2(x), keys, memory, grid, pointers)
        return x + feed_forward(self.norm3(x), [self.linear1, self.linear2], "relu")


class MemoryAttention(nn.Module):
    """A few layers and a last normalisation."""

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MemoryAttentionLayer(config) for _ in range(config.memory_layers))
        self.norm = nn.LayerNorm(config.model_dim)

    def begin(self, low: Tensor) -> Tensor:
        """What comes before the first memory is read: the same for all objects of a frame.

        Args:
            low: (B, C, H, W) features of the frame.

        Returns:
            (B, H·W, C).
        """
        grid = (low.shape[-2], low.shape[-1])
        positions = sine_grid(low.shape[1], grid, low.device).to(low.dtype)
        # A tenth of the position: as in the released weights.
        x = (low + 0.1 * positions).flatten(2).transpose(1, 2)  # (B, H·W, C)
        return self._layer(0).look(x, grid)

    def forward(
        self, begun: Tensor, grid: tuple[int, int], memory: Tensor, memory_positions: Tensor, pointers: int
    ) -> Tensor:
        """Let a frame's features read memories.

        Args:
            begun: (1 or B, H·W, C) from `begin`.
            grid: (H, W).
            memory: (B, M, Cm): spatial memories grid by grid, then object-pointer tokens.
            memory_positions: (B, M, Cm).
            pointers: how many of the M are object-pointer tokens.

        Returns:
            (B, C, H, W).
        """
        first = self._layer(0).linear1
        keys, memory = first.narrowed(memory + memory_positions), first.narrowed(memory)
        x = begun.expand(len(memory), -1, -1)
        for index in range(len(self.layers)):
            layer = self._layer(index)
            x = layer.read(layer.look(x, grid) if index else x, keys, memory, grid, pointers)
        return self.norm(x).transpose(1, 2).unflatten(-1, grid)

    def _layer(self, index: int) -> MemoryAttentionLayer:
        layer = self.layers[index]
        assert isinstance(layer, MemoryAttentionLayer)
        return layer
