"""The files that a session gives away: each in a folder of its own, of which the last few are kept."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KEPT = 3
"""Results in whole: a page shows one, and the same clip may be open in another window or still be downloading."""


class Results:
    """What was made of one session.

    Args:
        session_folder: where the folder `out` lies.
    """

    def __init__(self, session_folder: Path) -> None:
        self.folder = session_folder / "out"

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """A folder for one result; where none comes of it, the folder goes, else all but the last few results go."""
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            if _is_whole(folder):
                self._drop_old()
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _drop_old(self) -> None:
        whole = [each for each in self.folder.iterdir() if _is_whole(each)]
        for old in sorted(whole, key=_last_change)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Whether a result is there; while it is being made there are hidden parts at the most."""
    return any(not each.name.startswith(".") for each in folder.glob("*"))


def _last_change(folder: Path) -> float:
    """When the folder changed last [s]; one that another thread has removed meanwhile is the oldest."""
    return folder.stat().st_mtime if folder.is_dir() else 0.0
