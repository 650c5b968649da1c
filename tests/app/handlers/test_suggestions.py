"""What a click would take, and the three sizes of what it may have meant."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.handlers import editing
from app.handlers.envelope import Studio
from app.sessions.session import Session
from app.tracking import service
from sam2_model import SAM2
from tests.app.asking import last

CLICK = {"object": 1, "frame": 0, "points": [[20, 24, 1]], "box": None}


pytestmark = pytest.mark.usefixtures("edited")


def alpha_of(png: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(png))) as image:
        return np.asarray(image.convert("RGBA"))[..., 3] > 0


def test_a_suggestion_changes_nothing(studio: Studio, session: Session) -> None:
    before = studio.sessions.open(session.id).project
    found = last(studio, editing.suggest, session.id, **CLICK)["suggestion"]
    assert (found["object"], found["frame"], len(found["masks"])) == (1, 0, 3)
    assert studio.sessions.open(session.id).project == before
    assert session.masks.frames(1) == ()
    two = last(studio, editing.suggest, session.id, **{**CLICK, "points": [[20, 24, 1], [50, 40, 0]]})
    assert len(two["suggestion"]["masks"]) == 1


def test_the_chosen_size_becomes_the_mask_also_for_a_worker_that_knows_nothing(
    studio: Studio, session: Session
) -> None:
    sizes = last(studio, editing.suggest, session.id, **CLICK)["suggestion"]["masks"]
    choice = max(range(3), key=lambda index: sizes[index]["area"])
    message = last(studio, editing.prompt, session.id, **CLICK, choice=choice)
    assert message["history"]["undo"]["what"] == "click"
    found = session.masks.read(1, 0)
    assert found is not None
    wanted = alpha_of(sizes[choice]["png"])
    # The mask goes through the network's own grid, four pixels of its square to a cell.
    assert (found & wanted).sum() / (found | wanted).sum() > 0.7
    service.forget_session(session.id)
    service.segment(session.id, 1, 0)
    assert np.array_equal(session.masks.read(1, 0), found)


def test_a_frame_that_was_looked_at_beforehand_is_not_looked_at_again(
    studio: Studio, session: Session, model: SAM2, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "can_suggest", lambda name: True)
    looks: list[int] = []
    watch = model.image_encoder.register_forward_hook(lambda *_: looks.append(1))
    try:
        assert "error" not in last(studio, editing.prepare, session.id, frame=3)
        assert len(looks) == 1
        for handler in (editing.suggest, editing.prompt):
            last(studio, handler, session.id, **{**CLICK, "frame": 3})
        assert len(looks) == 1
        assert "error" in last(studio, editing.prepare, session.id, frame=99)
        monkeypatch.setattr(service, "can_suggest", lambda name: False)
        last(studio, editing.prepare, session.id, frame=4)  # a slow model is left in peace
        assert len(looks) == 1
    finally:
        watch.remove()
