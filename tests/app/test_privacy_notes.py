"""Which frames to look at, told of those alone whom a layer covers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.footage import ClipFootage
from app.mask_folder import MaskFolder
from app.privacy_notes import privacy_notes, session_notes
from app.project_changes import add_object, with_layers
from app.session import Session
from app.sessions import Sessions
from effects.layer import parse_layer
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
    assert session_notes(sessions.open(session.id)) == ["Please check Anna on frames 3–4: out of sight."]
