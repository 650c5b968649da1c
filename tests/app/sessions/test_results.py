"""The folders in which a session's results lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.sessions.results import Results
from app.sessions.session import Session
from app.sessions.store import Sessions


def test_only_the_last_few_results_are_kept(tmp_path: Path) -> None:
    results = Results(tmp_path)
    made = []
    for number in range(5):
        with results.new_folder() as folder:
            (folder / "masks.zip").write_bytes(b"whole")
            os.utime(folder, (number, number))
            made.append(folder)
    assert [each.is_dir() for each in made] == [False, False, True, True, True]


def test_a_result_that_does_not_come_about_leaves_nothing(tmp_path: Path) -> None:
    results = Results(tmp_path)

    def fail() -> None:
        with results.new_folder() as folder:
            (folder / ".masklet-1.part").write_bytes(b"half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert list(results.folder.iterdir()) == []


def test_who_is_given_a_result_is_not_given_the_session(session: Session, sessions: Sessions) -> None:
    with session.results.new_folder() as folder:
        (folder / "blurred.mp4").write_bytes(b"what may be seen")
    assert folder.is_relative_to(sessions.root), "the browser may fetch it"
    assert session.id not in str(folder), "its address opens neither the clip nor the project"
    assert sessions.open(session.id).results.folder == session.results.folder


def test_results_go_with_their_session(session: Session, sessions: Sessions) -> None:
    with session.results.new_folder() as folder:
        (folder / "masks.zip").write_bytes(b"whole")
    sessions.expire()
    assert folder.is_dir()
    sessions.delete(session.id)
    assert not session.results.folder.exists()


def test_results_that_came_after_the_session_went_are_swept_away(session: Session, sessions: Sessions) -> None:
    sessions.delete(session.id)
    with session.results.new_folder() as folder:
        (folder / "masks.zip").write_bytes(b"made too late")
    sessions.expire()
    assert folder.is_dir(), "its maker may still be handing it over"
    os.utime(session.results.folder, (0, 0))
    sessions.expire()
    assert not session.results.folder.exists()
