"""Undo and redo through everything, as plain functions: the project and every mask come back byte for byte."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.handlers import editing, opening, running
from app.handlers.envelope import Handler, Studio
from app.projects import history as app_history
from app.projects.changes import add_object
from app.projects.history import History, Scope, Step
from app.projects.project import Project
from app.sessions.session import Session
from effects.layer import Layer
from tests.app.asking import last
from tests.app.made_clips import NUM_FRAMES, SIZE

CLICK = {"object": 1, "frame": 0, "points": [[20, 24, 1]], "box": None}
BLUR = {"target": "background", "effect": {"name": "blur", "strength": 0.5}}


def everything(studio: Studio, session_id: str) -> tuple[Project, dict[str, bytes]]:
    """The project and every mask file of a session."""
    session = studio.sessions.open(session_id)
    files = {
        str(path.relative_to(session.folder)): path.read_bytes()
        for name in ("masks", "tracked_before")
        for path in sorted((session.folder / name).rglob("*.png"))
    }
    return session.project, files


def test_undo_goes_back_through_everything_and_redo_forward_again(studio: Studio, edited: str) -> None:
    deeds: list[tuple[Handler, dict[str, Any]]] = [
        (editing.prompt, CLICK),
        (editing.prompt, {**CLICK, "points": [[20, 24, 1], [50, 40, 0]]}),
        (editing.objects, {"action": "add"}),
        (editing.prompt, {"object": 2, "frame": 3, "points": [], "box": [4, 4, 40, 40]}),
        (running.track, {}),
        (editing.prompt, {**CLICK, "frame": 7}),
        (editing.prompt, {**CLICK, "frame": 7, "points": []}),
        (editing.objects, {"action": "rename", "object": 1, "name": "Bird"}),
        (editing.objects, {"action": "remove", "object": 2}),
        (opening.model, {"name": "sam2.1_tiny"}),
    ]
    states = [everything(studio, edited)]
    for handler, request in deeds:
        assert "error" not in last(studio, handler, edited, **request)
        states.append(everything(studio, edited))
    assert all(before != after for before, after in pairwise(states)), "each deed changes something"

    for wanted in states[-2::-1]:
        message = last(studio, editing.history, edited, action="undo", frame=0)
        assert everything(studio, edited) == wanted
    assert message["history"] == {"undo": None, "redo": {"what": "click", "subject": "Object 1"}}
    for wanted in states[1:]:
        message = last(studio, editing.history, edited, action="redo", frame=0)
        assert everything(studio, edited) == wanted
    assert message["history"]["redo"] is None
    message = last(studio, editing.history, edited, action="redo", frame=0)
    assert message["status"] == {"key": "status.nothing_to_redo"}


def test_undo_says_which_masks_changed_and_where_to_look(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **{**CLICK, "frame": 4})
    message = last(studio, editing.history, edited, action="undo", frame=0)
    assert (message["forget"], message["go"], message["select"]) == ([[1, 4, 5]], 4, 1)
    assert message["lanes"]["1"]["seen"] == "0" * NUM_FRAMES
    message = last(studio, editing.history, edited, action="redo", frame=0)
    assert [each.split(":")[:2] for each in message["stored"].split(" ")] == [["1", "4"]]


def test_a_click_after_undo_answers_as_if_the_undone_had_never_been(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    last(studio, running.track, edited)
    last(studio, editing.history, edited, action="undo", frame=0)
    last(studio, editing.history, edited, action="undo", frame=0)
    last(studio, editing.prompt, edited, **{**CLICK, "frame": 5, "points": [[30, 24, 1]]})
    found = studio.sessions.open(edited).masks.read(1, 5)

    fresh = next(each.session_id for each in studio.sessions.create(studio.examples / "square.mp4") if each.session_id)
    studio.sessions.save(fresh, add_object(studio.sessions.open(fresh).project))
    last(studio, editing.prompt, fresh, **{**CLICK, "frame": 5, "points": [[30, 24, 1]]})
    assert np.array_equal(found, studio.sessions.open(fresh).masks.read(1, 5))


def test_a_new_change_ends_what_could_be_redone(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    last(studio, editing.history, edited, action="undo", frame=0)
    message = last(studio, editing.objects, edited, action="add")
    assert message["history"] == {"undo": {"what": "add", "subject": ""}, "redo": None}


def test_a_dragged_slider_is_one_step(tmp_path: Path) -> None:
    history = History(tmp_path)
    project = Project("a.mp4")
    for strength in (0.1, 0.2, 0.3):
        history.record(project, Step("layers", merge="blur"))
        layer = Layer.from_json({**BLUR, "effect": {"name": "blur", "strength": strength}})
        project = Project("a.mp4", layers=(layer,))
    restored = history.undo(project)
    assert restored is not None
    assert restored.project == Project("a.mp4")
    assert history.undoable is None


def test_steps_are_bounded_and_survive_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_history, "_MOST_STEPS", 3)
    for number in range(5):
        History(tmp_path).record(Project(f"{number}.mp4"), Step("change"))
    history = History(tmp_path)
    project = Project("now.mp4")
    names = []
    while restored := history.undo(project):
        project = restored.project
        names.append(project.clip)
    assert names == ["4.mp4", "3.mp4", "2.mp4"]
    assert len(list((tmp_path / "history").glob("*/before"))) == 3


def test_a_step_keeps_only_the_masks_of_its_scope(session: Session) -> None:
    for frame_index in range(3):
        session.masks.write(1, frame_index, np.zeros(SIZE, bool))
    session.history.record(session.project, Step("click", scope=(Scope(1, 1, 2),)))
    kept = sorted(path.name for path in (session.folder / "history").rglob("*.png"))
    assert kept == ["00001.png"]
