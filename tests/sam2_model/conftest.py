"""A small seeded network that finds something, and a clip to look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sam2_model import PRESETS, SAM2, SAM2Config

SIZE = (96, 160)  # of the clip, on purpose neither square nor the model's
NUM_FRAMES = 30

SMALL = replace(
    PRESETS["sam2.1_tiny"],
    name="small",
    embed_dim=16,
    blocks_per_stage=(1, 1, 2, 1),
    global_attention_blocks=(3,),
    image_size=256,
    model_dim=64,
    memory_dim=32,
    memory_layers=2,
    feedforward_dim=64,
)


def make_model(config: SAM2Config, seed: int = 0) -> SAM2:
    """A network of seeded random weights that declares objects visible."""
    torch.manual_seed(seed)
    model = SAM2(config).eval()
    with torch.no_grad():
        model.mask_decoder.object_score_head.layers[-1].bias.fill_(3.0)
    return model


@pytest.fixture(scope="session")
def model() -> SAM2:
    """The small network; predictors share it, since it keeps no state."""
    return make_model(SMALL)


@pytest.fixture(scope="session")
def clip() -> NDArray[np.uint8]:
    """(T, H, W, 3): a bright disc wandering over a gradient."""
    height, width = SIZE
    y, x = np.mgrid[:height, :width]
    frames = np.zeros((NUM_FRAMES, height, width, 3), np.uint8)
    for t in range(NUM_FRAMES):
        frames[t, ..., 0] = x * 255 // width
        frames[t, ..., 1] = y * 255 // height
        frames[t][(x - 40 - 2 * t) ** 2 + (y - 48) ** 2 < 20**2] = (250, 240, 30)
    return frames
