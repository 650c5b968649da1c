"""The files that a session gives away: each in a folder of its own, of which the last few are kept.

They lie beside the session and not in it. A result's address is passed on, and who has a session's id may edit it and
see the clip without its effects: so the address must not tell the id.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KEPT = 3
"""Results in whole: a page shows one, and the same clip may be open in another window or still be downloading."""

RESULTS_PREFIX = "out-"


def results_name(session_id: str) -> str:
    """The name of the folder of a session's results; the id follows from it for nobody."""
    return RESULTS_PREFIX + hashlib.sha256(f"results of {session_id}".encode()).hexdigest()[:32]


class Results:
    """What was made of one session.

    Args:
        folder: where they lie; made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
