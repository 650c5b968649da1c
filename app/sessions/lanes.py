"""What the timeline shows of each object: where it is seen, how surely, what is out of date, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, sqrt
from typing import Any

from app.projects.mask_note import Basis, MaskNote
from app.sessions.session import Session

UNKNOWN, ABSENT, SEEN, OLD_ABSENT, OLD_SEEN = "01234"
"""One a frame: no mask; not visible; visible; and the same two where newer clicks would change the mask."""

_UNSURE = 0.35
_JUMP_OF_AREA = 1.7
_JUMP_OF_PLACE = 0.6  # of the object's own size, taken as the side of a square of its area


def describe_lanes(session: Session, object_ids: tuple[int, ...] | None = None) -> dict[str, Any]:
    """The lanes of some objects, all by default: {"seen": a digit a frame, "sure": likewise 0-9, "doubts": frames}."""
    project = session.project
    return {
        str(each): describe_lane(session.masks.notes(each), Basis(project, each), session.info.num_frames)
        for each in (project.object_ids if object_ids is None else object_ids)
    }


def describe_lane(notes: Mapping[int, MaskNote], basis: Basis, num_frames: int) -> dict[str, Any]:
    """One object's lane."""
    seen, sure = [UNKNOWN] * num_frames, ["0"] * num_frames
    for index, note in notes.items():
        if index >= num_frames:
            continue
        is_old = note.basis not in ("", basis.of(index))
        if note.area:
            seen[index] = OLD_SEEN if is_old else SEEN
        else:
            seen[index] = OLD_ABSENT if is_old else ABSENT
        sure[index] = str(min(9, int(note.sure * 10)))
    return {"seen": "".join(seen), "sure": "".join(sure), "doubts": find_doubts(notes)}


def find_doubts(notes: Mapping[int, MaskNote]) -> list[int]:
    """The frames where a correction pays most: where it is lost, unsure, or jumps in size or place.

    Of neighbouring ones only the first, because a correction there is followed onwards.
    """
    doubts: list[int] = []
    before = None
    was_doubtful = False
    for index in sorted(notes):
        note = notes[index]
        is_doubtful = _is_doubtful(note, before)
        if is_doubtful and not was_doubtful:
            doubts.append(index)
        was_doubtful = is_doubtful
        before = note if note.area else None
    return doubts


def _is_doubtful(note: MaskNote, before: MaskNote | None) -> bool:
    if not note.area:
        return before is not None  # it was there a moment ago
    if note.sure < _UNSURE:
        return True
    if before is None:
        return False
    growth = note.area / before.area
    way = hypot(note.x - before.x, note.y - before.y)
    return not 1 / _JUMP_OF_AREA < growth < _JUMP_OF_AREA or way > _JUMP_OF_PLACE * sqrt(before.area)
