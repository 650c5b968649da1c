"""The folders in which a session's results lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.sessions.results import Results


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
