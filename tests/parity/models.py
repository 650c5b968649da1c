"""Our network and the oracles with the same weights, made once a preset."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import pytest

from sam2_model.checkpoints import build
from sam2_model.config import PRESETS
from sam2_model.model import SAM2

from . import oracles

IMAGE_SIZE = 256
QUICK = ("sam2.1_tiny", "sam2_tiny")
"""The presets that every test run compares; the others wait for `make parity`."""

EVERY_PRESET = [
    pytest.param(preset, marks=() if preset in QUICK else pytest.mark.parity) for preset in oracles.OFFICIAL_CONFIGS
]


class Twins(NamedTuple):
    """The official predictor and our network with equal weights."""

    official: Any
    ours: SAM2


@lru_cache(maxsize=4)  # a large pair is two gigabytes
def twins(preset: str, image_size: int = IMAGE_SIZE, score_shift: float = oracles.ALWAYS_VISIBLE) -> Twins:
    """Both networks of a preset, on the CPU in float32."""
    official = oracles.seeded_official(preset, image_size, score_shift=score_shift)
    config = replace(PRESETS[preset], image_size=image_size)
    return Twins(official, build(config, official.state_dict(), source="seeded weights"))
