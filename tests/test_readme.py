"""The README promises a tree, one line a file; here it is held to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ROOMS = ("app", "effects", "media", "sam2_model", "training", "benchmarks", "examples")


def named_in_tree() -> set[str]:
    """The paths in the README's tree: a room's heading line, then its files, indented."""
    tree = re.search(r"## The tree\n.*?```\n(.*?)```", README, re.DOTALL)
    assert tree, "README.md has no section 'The tree'"
    found, room = set(), ""
    for line in tree[1].splitlines():
        if heading := re.match(r"([\w/]+)/(?:\s|$)", line):
            room = heading[1]
        elif entries := re.match(r"  +(\S+\.\w+)\s", line):
            found.add(f"{room}/{entries[1]}")
    return found


def files_of(room: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", room], cwd=ROOT, capture_output=True, text=True, check=False)
    paths = listed.stdout.split() or [str(p.relative_to(ROOT)) for p in (ROOT / room).rglob("*.py")]
    return {path for path in paths if path.endswith((".py", ".js", ".html", ".css")) and "__init__" not in path}


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_has_its_line(room: str) -> None:
    missing = files_of(room) - named_in_tree()
    assert not missing, f"README.md does not name {sorted(missing)}"


def test_every_line_has_its_file() -> None:
    gone = {path for path in named_in_tree() if not (ROOT / path).exists()}
    assert not gone, f"README.md names {sorted(gone)}, which do not exist"


def test_every_link_and_picture_exists() -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert targets
    broken = [target for target in targets if not (ROOT / target).exists()]
    assert not broken, f"README.md points to {broken}"
