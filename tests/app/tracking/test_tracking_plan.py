"""What a press of "Track" goes over: only what a correction can change, within marks, scenes and locks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.projects.changes import add_object, set_locked, with_marks, with_prompt
from app.projects.mask_note import Basis, MaskNote, measure, read_note
from app.projects.project import FramePrompt, Project
from app.sessions.lanes import describe_lanes, find_doubts
from app.sessions.session import Session
from app.sessions.store import Sessions
from app.tracking.passes import TrackingError
from app.tracking.plan import Plan, Wish, plan_tracking
from tests.app.made_clips import NUM_FRAMES, SIZE


def click(object_id: int, frame: int) -> FramePrompt:
    return FramePrompt(object_id, frame, ((20.0, 24.0),), (1,))


@pytest.fixture
def project() -> Project:
    """Object 1 clicked on frame 0, object 2 on frame 5."""
    project = add_object(add_object(Project("square.mp4")))
    return with_prompt(with_prompt(project, click(1, 0)), click(2, 5))


def stored(session: Session, sessions: Sessions, project: Project) -> Session:
    sessions.save(session.id, project)
    return sessions.open(session.id)


def tracked(session: Session, sessions: Sessions, project: Project) -> Session:
    """As if every frame had been tracked with the project as it is."""
    mask = np.zeros(SIZE, bool)
    mask[10:20, 10:20] = True
    for each in project.object_ids:
        for frame in range(NUM_FRAMES):
            session.masks.write(each, frame, mask, note=measure(mask, 0.9, Basis(project, each).of(frame)))
    return stored(session, sessions, project)


def frames_of(plan: Plan) -> list[tuple[int, int, tuple[int, int]]]:
    """(object, step, span) of every part of a plan."""
    return [
        (object_id, run.step, span)
        for run in plan.passes
        for object_id, span in zip(run.object_ids, run.spans or (), strict=True)
    ]


def test_the_first_run_goes_forward_and_then_back_for_whoever_came_late(
    session: Session, sessions: Sessions, project: Project
) -> None:
    plan = plan_tracking(stored(session, sessions, project), Wish())
    assert frames_of(plan) == [(1, 1, (0, NUM_FRAMES)), (2, 1, (5, NUM_FRAMES)), (2, -1, (0, 5))]


def test_a_correction_is_followed_from_its_frame_on_and_for_its_object_only(
    session: Session, sessions: Sessions, project: Project
) -> None:
    session = tracked(session, sessions, project)
    session = stored(session, sessions, with_prompt(project, click(1, 7)))
    assert frames_of(plan_tracking(session, Wish())) == [(1, 1, (7, NUM_FRAMES))]
    lanes = describe_lanes(session)
    assert lanes["1"]["seen"] == "2" * 7 + "4" * (NUM_FRAMES - 7)
    assert lanes["2"]["seen"] == "2" * NUM_FRAMES
    session = stored(session, sessions, project)
    assert describe_lanes(session)["1"]["seen"] == "2" * NUM_FRAMES, "without the correction nothing is out of date"


def test_where_nothing_is_due_everything_is_done_again(session: Session, sessions: Sessions, project: Project) -> None:
    plan = plan_tracking(tracked(session, sessions, project), Wish())
    assert sum(stop - start for _, _, (start, stop) in frames_of(plan)) == 2 * NUM_FRAMES


@pytest.mark.parametrize(
    ("direction", "wanted"),
    [
        ("forward", [(1, 1, (4, NUM_FRAMES)), (2, 1, (5, NUM_FRAMES))]),
        ("backward", [(1, -1, (0, 1)), (2, -1, (0, 5))]),
        ("both", [(1, 1, (0, NUM_FRAMES)), (2, 1, (5, NUM_FRAMES)), (2, -1, (0, 5))]),
    ],
)
def test_one_way_begins_at_the_playhead(
    session: Session, sessions: Sessions, project: Project, direction: str, wanted: list
) -> None:
    session = tracked(session, sessions, project)
    assert frames_of(plan_tracking(session, Wish(direction, frame=4))) == wanted  # type: ignore[arg-type]


def test_nothing_outside_the_marks_and_nothing_locked_is_tracked(
    session: Session, sessions: Sessions, project: Project
) -> None:
    project = with_marks(set_locked(project, 1, True), (3, 9))
    assert frames_of(plan_tracking(stored(session, sessions, project), Wish())) == [(2, 1, (5, 9)), (2, -1, (3, 5))]
    with pytest.raises(TrackingError, match="click an object"):
        plan_tracking(stored(session, sessions, set_locked(project, 2, True)), Wish())


def test_a_run_stops_where_a_scene_without_a_click_begins(
    session: Session, sessions: Sessions, project: Project
) -> None:
    session = stored(session, sessions, project)
    plan = plan_tracking(session, Wish(), cuts=(4, 8))
    assert frames_of(plan) == [(1, 1, (0, 4)), (2, 1, (5, 8)), (2, -1, (4, 5))]
    assert plan.cut == 4
    across = plan_tracking(session, Wish(across_cuts=True), cuts=(4, 8))
    assert (frames_of(across)[0], across.cut) == ((1, 1, (0, NUM_FRAMES)), None)
    known = with_prompt(project, click(1, 4))
    plan = plan_tracking(stored(session, sessions, known), Wish(), cuts=(4,))
    assert frames_of(plan)[0] == (1, 1, (0, NUM_FRAMES))


def note(area: int, x: float = 10.0, score: float = 0.9) -> MaskNote:
    return MaskNote(score, score, area, x, 10.0, "")


@pytest.mark.parametrize(
    ("notes", "doubts"),
    [
        ([note(100), note(110), note(120)], []),
        ([note(100), note(0), note(0), note(100)], [1]),
        ([note(100), note(300), note(300)], [1]),
        ([note(100), note(100, x=30), note(100, x=30)], [1]),
        ([note(100), note(100, score=0.1), note(100, score=0.1), note(100)], [1]),
    ],
)
def test_the_frames_to_look_at_are_where_it_is_lost_jumps_or_is_unsure(
    notes: list[MaskNote], doubts: list[int]
) -> None:
    assert find_doubts(dict(enumerate(notes))) == doubts


def test_a_note_travels_in_its_masks_file(session: Session, tmp_path: Path) -> None:
    mask = np.zeros(SIZE, bool)
    mask[4:8, 20:30] = True
    wanted = measure(mask, 0.75, "abc")
    assert (wanted.area, wanted.x, wanted.y) == (40, 24.5, 5.5)
    session.masks.write(1, 3, mask, note=wanted)
    assert read_note(session.masks.path(1, 3)) == wanted
    assert np.array_equal(session.masks.read(1, 3), mask)
    assert b"masklet" in (session.masks.overlay_png(1, 3, "#ff0000") or b"")
    session.masks.write(1, 4, mask)
    assert session.masks.notes(1)[4] == measure(mask, 1.0, "")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    assert read_note(tmp_path / "broken.png") is None
