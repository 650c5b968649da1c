from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.handlers.envelope import Studio
from app.projects.changes import add_object
from app.sessions.session import Session
from app.sessions.store import Sessions
from app.tracking import service
from app.tracking.models import DefaultModel
from sam2_model import PRESETS, SAM2
from sam2_model.weight_files import find
from tests.app.made_clips import make_clip


def make_model() -> SAM2:
    """A seeded network of `nano`'s classes, even smaller: its masks mean nothing, but they are always the same."""
    torch.manual_seed(7)
    config = replace(
        PRESETS["nano"],
        image_size=256,
        refines_last_mask=False,  # untrained, it would add up noise from frame to frame
        answers_with_first=False,
        embed_dim=16,
        blocks_per_stage=(1, 1, 2, 1),
        global_attention_blocks=(3,),
        model_dim=64,
        memory_dim=32,
        memory_layers=1,
        feedforward_dim=64,
    )
    network = SAM2(config).requires_grad_(False).eval()
    # Untrained, it would call about half of all objects hidden, and a hidden object's mask is empty.
    network.mask_decoder.object_score_head.layers[-1].bias += 2
    return network


@pytest.fixture(scope="session")
def model() -> SAM2:
    return make_model()


@pytest.fixture(scope="session")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "square.mp4", with_sound=True)


@pytest.fixture(scope="session")
def checkpoint() -> str:
    """The embedded weights, as a file that `--model` takes."""
    return str(find("nano"))


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    known = Sessions(tmp_path / "sessions")
    yield known
    for folder in known.root.iterdir() if known.root.is_dir() else ():
        service.forget_session(folder.name)  # each holds a process that decodes


@pytest.fixture
def session(sessions: Sessions, clip_path: Path, model: SAM2) -> Iterator[Session]:
    """A fresh session with the made clip, known to `tracking`."""
    service.connect(sessions, load=lambda name: model)
    *_, last = sessions.create(clip_path)
    assert last.session_id is not None
    yield sessions.open(last.session_id)
    service.forget_session(last.session_id)


@pytest.fixture
def studio(sessions: Sessions, clip_path: Path) -> Studio:
    return Studio(sessions, DefaultModel("nano", "It is the test's."), clip_path.parent)


@pytest.fixture
def edited(session: Session, studio: Studio) -> str:
    """A session with one object, as opening a clip leaves it."""
    studio.sessions.save(session.id, add_object(session.project))
    return session.id
