"""Serves the page for the browser test, in a process of its own: a seeded model where no weights are at hand.

`python -m tests.browser.serve FOLDER PORT`: sessions go to FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from app import tracking
from app.handlers import Studio
from app.interface import launch_page
from app.models import DefaultModel, load_model
from app.sessions import Sessions
from sam2_model import SAM2
from sam2_model.checkpoints import find_local
from sam2_model.config import PRESETS

ROOT = Path(__file__).resolve().parents[2]


def seeded_model(name: str) -> SAM2:
    """A model with random weights: its masks mean nothing, but they are masks, and always the same."""
    return _models.setdefault(name, _build(name))


def _build(name: str) -> SAM2:
    torch.manual_seed(3)
    return SAM2(PRESETS[name]).eval()


_models: dict[str, SAM2] = {}


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    sessions = Sessions(folder / "sessions")
    tracking.connect(sessions, load=load_model if find_local("nano") else seeded_model)
    model = DefaultModel("nano", "A model for tests.")
    launch_page(Studio(sessions, model, ROOT / "examples" / "clips"), port=port)


if __name__ == "__main__":
    main()
