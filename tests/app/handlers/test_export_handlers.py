"""The handlers behind the export dialog: every kind that it offers can be sized and made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.exports.catalogue import KINDS
from app.handlers import exporting
from app.handlers.envelope import Studio, answer
from app.sessions.session import Session
from tests.app.asking import run
from tests.app.made_clips import NUM_FRAMES, square_mask


@pytest.fixture
def tracked(edited: str, session: Session) -> str:
    for index in range(NUM_FRAMES):
        session.masks.write(1, index, square_mask(index))
    return edited


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in ("cutout", "animation", "everything")])
def test_each_kind_is_sized_and_made(studio: Studio, tracked: str, kind: str) -> None:
    (sized,) = run(studio, exporting.estimate, tracked, kind=kind, values={})
    assert sized["estimate"] > 0
    *_, message = run(studio, exporting.render, tracked, kind=kind, values={})
    assert "error" not in message
    output = message["output"]
    path = Path(output["path"])
    assert path.stat().st_size == output["bytes"] > 0
    assert output["name"].startswith("square-")
    assert output["shown"] == ("video" if kind in ("video", "matte") else "file")
    assert output["has_sound"] == (kind == "video")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"kind": "nonsense"}, "no export"),
        ({"kind": "video", "values": {"format": "../x"}}, "must be one of"),
        ({"kind": "masks", "values": {"objects": [9]}}, "no object 9"),
        ({"kind": "video", "values": [1]}, "does not understand"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(
    studio: Studio, tracked: str, request_: dict[str, Any], words: str
) -> None:
    *_, message = run(studio, exporting.render, tracked, **request_)
    assert words in message["error"]
    assert message["task"] is None


def test_an_export_that_ends_takes_neither_a_finished_one_away_nor_one_in_the_making(
    studio: Studio, tracked: str
) -> None:
    """The same session may be open in two windows."""
    *_, first = run(studio, exporting.render, tracked, kind="project")
    making = answer(exporting.render, studio, tracked, {"n": 1, "kind": "video"})
    next(making)
    *_, second = run(studio, exporting.render, tracked, kind="csv")
    *_, last = making
    for message in (first, second, last):
        assert Path(message["output"]["path"]).stat().st_size == message["output"]["bytes"] > 0
