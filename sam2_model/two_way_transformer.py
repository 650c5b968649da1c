"""The decoder's transformer: prompt tokens read the picture, and the picture reads the tokens (SAM, appendix A)."""

from __future__ import annotations

from torch import Tensor, nn

from .attention import Attention
from .layers import MLP


class TwoWayBlock(nn.Module):
    """Tokens attend to themselves, then to the picture; after an MLP the picture attends to the tokens.

    Args:
        channels: width C of tokens and picture.
        heads: attention heads.
        hidden: hidden width of the MLP.
        is_first: in the first block the tokens still are their own position, so none is added.
    """

    def __init__(self, channels: int, heads: int, hidden: int, is_first: bool) -> None:
        super().__init__()
        self.is_first = is_first
        self.self_attn = Attention(channels, heads)
        self.norm1 = nn.LayerNorm(channels)
        self.cross_attn_token_to_image = Attention(channels, heads, channels // 2)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = MLP((channels, hidden, channels))
        self.norm3 = nn.LayerNorm(channels)
        self.norm4 = nn.LayerNorm(channels)
        self.cross_attn_image_to_token = Attention(channels, heads, channels // 2)

    def forward(
        self, tokens: Tensor, image: Tensor, token_positions: Tensor, image_positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update tokens (B, N, C) and image (B, H·W, C), given the positions of both."""
        if self.is_first:
            tokens = self.self_attn(tokens, tokens, tokens)  # no residual here: as in the released weights
        else:
            placed = tokens + token_positions
            tokens = tokens + self.self_attn(placed, placed, tokens)
        tokens = self.norm1(tokens)
        image_keys = image + image_positions
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(tokens + token_positions, image_keys, image))
        tokens = self.norm3(tokens + self.mlp(tokens))
        image = self.norm4(image + self.cross_attn_image_to_token(image_keys, tokens + token_positions, tokens))
        return tokens, image


class TwoWayTransformer(nn.Module):
    """Two blocks and a last look of the tokens at the picture."""

    def __init__(self, channels: int, hidden: int, heads: int = 8, depth: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(channels, heads, hidden, is_first=i == 0) for i in range(depth))
        self.final_attn_token_to_image = Attention(channels, heads, channels // 2)
        self.norm_final_attn = nn.LayerNorm(channels)

    def forward(self, image: Tensor, image_positions: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Let tokens and picture inform each other.

        Args:
            image: (B, H·W, C).
            image_positions: (1, H·W, C).
            tokens: (B, N, C), which also serve as the tokens' positions throughout.

        Returns:
            Tokens (B, N, C) and picture (B, H·W, C).
        """
        positions = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, positions, image_positions)
        read = self.final_attn_token_to_image(tokens + positions, image + image_positions, image)
        return self.norm_final_attn(tokens + read), image
