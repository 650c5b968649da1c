"""Files that are written whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media.whole_file import write_whole


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path, contents = tmp_path / "a.json", [bytes([65 + number]) * 100_000 for number in range(20)]
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda content: write_whole(path, content), contents))
    assert path.read_bytes() in contents
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_written_leaves_the_old_file_alone(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)  # a folder gives its name to no file
    with pytest.raises(OSError, match="taken"):
        write_whole(taken, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]
