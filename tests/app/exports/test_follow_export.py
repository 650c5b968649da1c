"""A video that follows its objects in another aspect, asked for on the way out."""

from __future__ import annotations

from app.exports.catalogue import estimate_bytes, export
from app.projects.changes import add_object
from app.sessions.session import Session
from app.sessions.store import Sessions
from tests.app.made_clips import NUM_FRAMES, decode, square_mask


def test_the_export_follows_the_objects(session: Session, sessions: Sessions) -> None:
    sessions.save(session.id, add_object(session.project))
    for index in range(NUM_FRAMES):
        session.masks.write(1, index, square_mask(index))
    opened = sessions.open(session.id)
    *_, last = export(opened, "video", {"aspect": "1:1"})
    assert last.path is not None
    assert {each.shape for each in decode(last.path)[0]} == {(48, 48, 3)}
    assert estimate_bytes(opened, "video", {"aspect": "9:16"}) < estimate_bytes(opened, "video", {})


def test_without_objects_the_picture_stays_whole(session: Session) -> None:
    *_, last = export(session, "video", {"aspect": "1:1"})
    assert last.path is not None
    assert {each.shape for each in decode(last.path)[0]} == {(48, 64, 3)}
