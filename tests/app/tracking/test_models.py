from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.tracking import models
from sam2_model import PRESETS, CheckpointError


def test_every_preset_can_be_asked_for_and_says_what_it_costs() -> None:
    choices = models.available_models()
    assert [choice.name for choice in choices[: len(PRESETS)]] == list(PRESETS)
    fast = choices[len(PRESETS) :]
    assert [choice.name for choice in fast] == [f"{name}@512" for name in PRESETS if name.startswith("sam2.1")]
    assert all("fast" in choice.title and "not measured" in choice.note for choice in fast)
    assert choices[0].name == models.EMBEDDED
    for choice in choices[1:]:
        assert choice.title.startswith("SAM 2")
        assert choice.is_here or "MB" in choice.note


def test_without_a_gpu_the_embedded_model_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    chosen = models.default_model()
    assert chosen.name == "nano"
    assert "without a GPU" in chosen.reason


def test_with_a_gpu_the_best_weights_at_hand_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        models, "find_local", lambda name: Path("x") if name in ("sam2.1_small", "sam2.1_tiny") else None
    )
    assert models.default_model().name == "sam2.1_small"
    monkeypatch.setattr(models, "find_local", lambda name: None)
    assert models.default_model() == models.DefaultModel("nano", models.default_model().reason)
    assert "no released weights" in models.default_model().reason


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(CheckpointError, match="nano"):
        models.load_model("sam9_huge")
