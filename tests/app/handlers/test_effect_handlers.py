"""The handlers behind the effects' panel: drafts are shown but not kept, thumbnails and playback arrive."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.handlers import effects
from app.handlers.envelope import Handler, Studio
from app.panels.effects import describe_layer_settings
from app.projects.changes import with_reframe
from app.sessions.session import Session
from effects.catalogue import EFFECTS
from effects.layer import LAYER_SETTINGS, parse_layer
from effects.looks import LOOKS
from effects.reframe import parse_reframe
from tests.app.asking import run
from tests.app.made_clips import NUM_FRAMES, SIZE, square_mask

GREEN = parse_layer("background cutout color=#00c000").to_json()


@pytest.fixture
def edited(edited: str, session: Session) -> str:
    """One whose object has a mask."""
    session.masks.write(1, 0, square_mask(0))
    return edited


def pixels_of(jpeg: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(jpeg))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_draft_is_shown_but_not_kept(studio: Studio, edited: str) -> None:
    *_, message = run(studio, effects.look, edited, frame=0, layers=[GREEN], version=4)
    assert message["composed"]["version"] == 4
    assert pixels_of(message["composed"]["jpeg"])[-4:, -4:].mean(axis=(0, 1)) == pytest.approx([0, 192, 0], abs=8)
    assert studio.sessions.open(edited).project.layers == ()


def test_a_frame_is_shown_whole_and_with_the_part_that_reframing_keeps(studio: Studio, edited: str) -> None:
    *_, message = run(studio, effects.look, edited, frame=0)
    assert message["composed"]["kept"] is None
    project = studio.sessions.open(edited).project
    studio.sessions.save(edited, with_reframe(project, parse_reframe("1 aspect=1:1")))
    *_, message = run(studio, effects.look, edited, frame=0)
    assert pixels_of(message["composed"]["jpeg"]).shape == (*SIZE, 3)
    x0, y0, x1, y1 = message["composed"]["kept"]
    assert (x1 - x0, y0, y1) == pytest.approx((SIZE[0], 0, SIZE[0]))


def test_a_stack_is_kept_and_shown_from_then_on(studio: Studio, edited: str) -> None:
    *_, message = run(studio, effects.layers, edited, layers=[GREEN])
    assert "error" not in message
    assert [each.to_json() for each in studio.sessions.open(edited).project.layers] == [GREEN]
    *_, message = run(studio, effects.look, edited, frame=0)
    assert pixels_of(message["composed"]["jpeg"])[-4:, -4:].mean(axis=(0, 1)) == pytest.approx([0, 192, 0], abs=8)


@pytest.mark.parametrize("handler", [effects.layers, effects.look])
@pytest.mark.parametrize("bad", [{**GREEN, "target": [9]}, {**GREEN, "effect": {"name": "no such"}}])
def test_a_stack_that_cannot_be_is_refused_and_the_kept_one_comes_back(
    studio: Studio, edited: str, handler: Handler, bad: dict[str, Any]
) -> None:
    run(studio, effects.layers, edited, layers=[GREEN])
    *_, message = run(studio, handler, edited, frame=0, layers=[bad])
    assert message["error"].endswith(".")
    assert message["layers"] == [GREEN]


def test_a_picture_of_this_frame_comes_for_every_effect(studio: Studio, edited: str) -> None:
    messages = run(studio, effects.thumbs, edited, frame=0, target=[1], version="v")
    pictures = {name: jpeg for each in messages for name, jpeg in each["thumbs"]["pictures"].items()}
    assert set(pictures) == set(EFFECTS)
    assert all(each["thumbs"]["version"] == "v" for each in messages)
    assert all(pixels_of(jpeg).shape == (*SIZE, 3) for jpeg in pictures.values())


def test_a_look_takes_the_place_of_the_stack_and_none_takes_it_off(studio: Studio, edited: str) -> None:
    run(studio, effects.layers, edited, layers=[GREEN])
    *_, message = run(studio, effects.looks, edited, look="Comic", objects=[1])
    kept = [each.to_json() for each in studio.sessions.open(edited).project.layers]
    assert message["layers"] == kept != [GREEN]
    *_, first = run(studio, effects.looks, edited, seed=5, objects=[1])
    *_, second = run(studio, effects.looks, edited, seed=5, objects=[1])
    assert first["layers"] == second["layers"] != kept
    *_, message = run(studio, effects.looks, edited, look="", objects=[1])
    assert message["layers"] == []
    *_, message = run(studio, effects.looks, edited, look="no such", objects=[1])
    assert "no look" in message["error"]


def test_a_picture_of_this_frame_comes_for_every_look(studio: Studio, edited: str) -> None:
    messages = run(studio, effects.thumbs, edited, frame=0, looks=True, objects=[1], version="v")
    pictures = {name: jpeg for each in messages for name, jpeg in each["thumbs"]["pictures"].items()}
    assert set(pictures) == {"", *LOOKS}
    changed = [np.abs(pixels_of(pictures[name]) - pixels_of(pictures[""])).mean() for name in LOOKS]
    assert min(changed) > 1


def test_playback_tells_where_its_frames_lie(studio: Studio, edited: str) -> None:
    messages = run(studio, effects.playback, edited, layers=[GREEN], **{"from": 3}, version=8)
    chunks = [chunk for each in messages for chunk in each["playback"]["chunks"]]
    assert sum(len(each["offsets"]) - 1 for each in chunks) == NUM_FRAMES
    for each in chunks:
        path = Path(each["path"])
        assert path.is_relative_to(studio.sessions.root / edited)
        assert path.stat().st_size == each["offsets"][-1]


def test_the_page_can_show_each_setting_of_a_layer() -> None:
    described = {each["name"]: each for each in describe_layer_settings()}
    assert set(described) == set(LAYER_SETTINGS) - {"start", "stop"}
    for each in described.values():
        assert each["section"] in ("edge", "mix", "time")
        if each["kind"] in ("number", "integer"):
            assert each["high"] - each["low"] <= 1000, "a slider that no hand can use"
