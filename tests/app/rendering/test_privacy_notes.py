"""Which frames to look at, told of those alone whom a layer covers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np

from app.editor.assets import read_asset, read_words
from app.handlers.exporting import describe_doubts
from app.projects.changes import add_object, with_layers
from app.projects.mask_folder import MaskFolder
from app.rendering.footage import ClipFootage
from app.rendering.privacy_notes import privacy_notes, session_doubts
from app.sessions.session import Session
from app.sessions.store import Sessions
from effects.doubts import Doubt, Reason
from effects.layer import parse_layer
from tests.app.editor.test_scripts import needs_node, run_script
from tests.app.made_clips import NUM_FRAMES, SIZE, square_mask


def test_the_frames_to_check_are_told_of_covered_objects(tmp_path: Path) -> None:
    masks = MaskFolder(tmp_path / "masks")
    for index in range(10):
        masks.write(1, index, square_mask(index) & (index != 4))
        if index != 7:
            masks.write(2, index, square_mask(index))
    frame = np.zeros((*SIZE, 3), np.uint8)
    footage = ClipFootage(lambda index: frame, masks, num_frames=10, fps=25, size=SIZE)
    names = {1: "Anna"}
    assert privacy_notes([parse_layer("1 blur")], footage, names) == []
    assert privacy_notes([parse_layer("1,2 privacy"), parse_layer("1 blur")], footage, names) == [
        "Please check Anna on frame 4: out of sight.",
        "Please check Object 2 on frame 7: not tracked.",
    ]


def test_a_session_tells_them_without_reading_a_frame(session: Session, sessions: Sessions) -> None:
    project = with_layers(add_object(session.project, "Anna"), [parse_layer("1 privacy")])
    sessions.save(session.id, project)
    for index in range(NUM_FRAMES):
        session.masks.write(1, index, square_mask(index) & (index not in (3, 4)))
    ((name, doubts),) = session_doubts(sessions.open(session.id), range(NUM_FRAMES)).items()
    assert describe_doubts(name, doubts) == {
        "key": "check.frames",
        "name": "Anna",
        "places": [{"key": "check.out_of_sight", "frames": "4–5"}],  # the page counts from 1
    }
    assert describe_doubts(name, ()) == {"key": "notice.covered", "name": "Anna"}
    assert session_doubts(sessions.open(session.id), range(4, 9)) == {"Anna": (Doubt(4, 5, "out of sight"),)}
    assert session_doubts(sessions.open(session.id), range(5, 9)) == {"Anna": ()}


@needs_node
def test_the_page_has_words_for_each_reason_and_says_all_places_in_one_sentence() -> None:
    doubts = tuple(Doubt(3 * at, 3 * at + 1, reason) for at, reason in enumerate(get_args(Reason)))
    said = describe_doubts("Object 2", doubts)
    script = f"""const studio = {{}};
        const element = {{ querySelectorAll: () => [] }};
        {read_asset("words.js")}
        words.tables = {json.dumps(read_words())};
        show(["en", "de"].map((language) => {{ words.language = language; return spoken({json.dumps(said)}); }}));"""
    assert run_script(script) == [
        "Please check Object 2 on these frames: 1 (not tracked), 4 (out of sight), 7 (suddenly small), 10 (jumps).",
        "Bitte prüfe Objekt 2 auf diesen Bildern: "
        "1 (nicht verfolgt), 4 (nicht zu sehen), 7 (plötzlich klein) und 10 (springt).",
    ]
