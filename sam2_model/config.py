"""The architecture of every preset: numbers that belong to the weights, and no inference policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class SAM2Config:
    """Sizes of one SAM 2 network; everything here is fixed by its weights, except `image_size`.

    The eight released presets differ in the trunk's first six values and in `version`.

    Attributes:
        name: the preset's name, as `load` and the command line spell it.
        version: "2.0" or "2.1". 2.1 adds a no-object embedding to spatial memories and gives object
            pointers a signed, projected temporal position; each difference lives in one place.
        embed_dim: channels of the trunk's first stage; doubles at every stage.
        num_heads: attention heads of the trunk's first stage; doubles at every stage.
        blocks_per_stage: transformer blocks in each of the trunk's four stages.
        global_attention_blocks: indices of the blocks that attend over the whole picture, not a window.
        position_grid: side of the learned background position grid, in cells.
        window_per_stage: side of the attention windows of each stage, in tokens.
        image_size: side S of the square input [px]; any multiple of 32 from 256 to 1024.
        model_dim: channels of the pyramid, the prompt encoder, the decoder and the memory attention.
        memory_dim: channels of a spatial memory; an object pointer is cut into tokens of this width.
        memory_frames: spatial memories that a frame attends to at most, besides further prompted ones.
        pointer_frames: object pointers that a frame attends to at most.
        memory_layers: layers of the memory attention.
        feedforward_dim: hidden width of the feed-forward parts of memory attention and decoder.
        dense_clicks: draw each click as a heat map into the mask-prompt path, besides its token. Off in the
            released weights; a small network learns from clicks some fifty times faster with it.
        refines_last_mask: while tracking, bring the last frame's mask along by optical flow, hand it to the
            mask-prompt path, besides the memories, and let the decoder's answer be a correction of it. Off in the
            released weights; a small network follows much better when it only has to correct what has changed.
        answers_with_first: a tracker answers single clicks, too, with candidate 0, not with the one of candidates
            1–3 whose predicted IoU is highest. Off in the released weights; a small network judges them badly.
    """

    name: str
    version: Literal["2.0", "2.1"] = "2.1"
    embed_dim: int = 96
    num_heads: int = 1
    blocks_per_stage: tuple[int, int, int, int] = (1, 2, 7, 2)
    global_attention_blocks: tuple[int, ...] = (5, 7, 9)
    position_grid: int = 7
    window_per_stage: tuple[int, int, int, int] = (8, 4, 14, 7)
    image_size: int = 1024
    model_dim: int = 256
    memory_dim: int = 64
    memory_frames: int = 7
    pointer_frames: int = 16
    memory_layers: int = 4
    feedforward_dim: int = 2048
    dense_clicks: bool = False
    refines_last_mask: bool = False
    answers_with_first: bool = False

    def __post_init__(self) -> None:
        if self.image_size % 32 or not 256 <= self.image_size <= 1024:
            raise ValueError(f"image_size is {self.image_size}; a multiple of 32 from 256 to 1024 is wanted.")
        if self.version not in ("2.0", "2.1"):
            raise ValueError(f'version is {self.version!r}; "2.0" or "2.1" is wanted.')
        if self.model_dim % self.memory_dim:
            raise ValueError(f"model_dim {self.model_dim} must be a multiple of memory_dim {self.memory_dim}.")

    @property
    def grid_size(self) -> int:
        """Side of the token grid at stride 16, on which memories and the decoder work."""
        return self.image_size // 16

    @property
    def low_res_size(self) -> int:
        """Side of the low-res masks, at stride 4 [px]."""
        return self.image_size // 4

    @property
    def stage_dims(self) -> tuple[int, int, int, int]:
        """Channels of the trunk's four stages."""
        dims = [self.embed_dim * 2**stage for stage in range(4)]
        return dims[0], dims[1], dims[2], dims[3]


# Trunk sizes: Meta's configs/sam2.1/*.yaml and configs/sam2/*.yaml.
_TINY = SAM2Config("sam2.1_tiny")
_SMALL = replace(_TINY, name="sam2.1_small", blocks_per_stage=(1, 2, 11, 2), global_attention_blocks=(7, 10, 13))
_BASE_PLUS = replace(
    _TINY,
    name="sam2.1_base_plus",
    embed_dim=112,
    num_heads=2,
    blocks_per_stage=(2, 3, 16, 3),
    global_attention_blocks=(12, 16, 20),
    position_grid=14,
)
_LARGE = replace(
    _TINY,
    name="sam2.1_large",
    embed_dim=144,
    num_heads=2,
    blocks_per_stage=(2, 6, 36, 4),
    global_attention_blocks=(23, 33, 43),
    window_per_stage=(8, 4, 16, 8),
)
# The embedded model: the same classes, sized for two CPU cores.
_NANO = SAM2Config(
    "nano",
    embed_dim=48,
    num_heads=1,
    blocks_per_stage=(1, 2, 5, 1),
    global_attention_blocks=(4, 6),
    position_grid=7,
    window_per_stage=(8, 4, 8, 4),
    image_size=480,
    model_dim=128,
    memory_layers=2,
    feedforward_dim=512,
    dense_clicks=True,
    refines_last_mask=True,
    answers_with_first=True,
)

RELEASED: tuple[SAM2Config, ...] = (
    *(_TINY, _SMALL, _BASE_PLUS, _LARGE),
    *(
        replace(config, name=config.name.replace("sam2.1", "sam2"), version="2.0")
        for config in (_TINY, _SMALL, _BASE_PLUS, _LARGE)
    ),
)
"""The presets with weights released by Meta."""

PRESETS: dict[str, SAM2Config] = {config.name: config for config in (_NANO, *RELEASED)}
"""Every preset by its name."""
