"""Undo and redo: a session's earlier projects, with the masks that went with them.

A step keeps the project as it was before a change, and hard links to the masks that the change may
replace. A mask file is never written over, only replaced whole, so a link keeps the old picture and
costs no room but its own; taking a step back needs no model and takes some milliseconds.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.projects.project import Project
from media.whole_file import write_whole

_MOST_STEPS = 100
# A slider that is dragged changes the project many times, and is one step for the person.
_MERGE_SECONDS = 1.2
_MASK_FOLDERS = ("masks", "masks/logits", "tracked_before")


@dataclass(frozen=True)
class Scope:
    """The masks that a step may change: of one object, on the frames from `start` up to, but not including, `stop`."""

    object_id: int
    start: int
    stop: int


@dataclass(frozen=True)
class Step:
    """What a change was.

    Args:
        what: one word for the page, which has a text for each: click, box, track, layers, …
        subject: the name of the object concerned, or "".
        object_id: its number, to select it again.
        frame: where it happened, to go there again.
        scope: the masks that it may change.
        merge: equal non-empty words in close succession are one step.
    """

    what: str
    subject: str = ""
    object_id: int | None = None
    frame: int | None = None
    scope: tuple[Scope, ...] = ()
    merge: str = ""


class Restored(NamedTuple):
    """A step that was taken back or made again, and the project that holds now."""

    step: Step
    project: Project


class History:
    """The steps of one session; whoever uses it holds the session's lock.

    Args:
        session_folder: where `masks`, `tracked_before` and `history` lie.
    """

    def __init__(self, session_folder: Path) -> None:
        self._session = session_folder
        self._folder = session_folder / "history"
        self._steps, self._done, self._number = self._read()

    @property
    def undoable(self) -> Step | None:
        """The step that undo would take back."""
        return _step(self._steps[self._done - 1]) if self._done else None

    @property
    def redoable(self) -> Step | None:
        """The step that redo would make again."""
        return _step(self._steps[self._done]) if self._done < len(self._steps) else None

    def record(self, before: Project, step: Step) -> None:
        """Note a change that is about to be made; called before the project and the masks change."""
        last = self._steps[-1] if self._steps else None
        if last is not None and self._done == len(self._steps) and _is_one(last, step):
            last["time"] = time.time()
            self._write()
            return
        for dropped in self._steps[self._done :]:
            shutil.rmtree(self._place(dropped), ignore_errors=True)
        self._number += 1
        record = {"number": self._number, "time": time.time(), **asdict(step)}
        self._keep(record, "before", before)
        self._steps = [*self._steps[: self._done], record]
        while len(self._steps) > _MOST_STEPS:
            shutil.rmtree(self._place(self._steps.pop(0)), ignore_errors=True)
        self._done = len(self._steps)
        self._write()

    def undo(self, now: Project) -> Restored | None:
        """Take the last step back: its masks are put back; the project is given, for the caller to save."""
        if not self._done:
            return None
        record = self._steps[self._done - 1]
        self._keep(record, "after", now)
        project = self._restore(record, "before")
        self._done -= 1
        self._write()
        return Restored(_step(record), project)

    def redo(self) -> Restored | None:
        """Make the step that was taken back last again."""
        if self._done == len(self._steps):
            return None
        record = self._steps[self._done]
        project = self._restore(record, "after")
        self._done += 1
        self._write()
        return Restored(_step(record), project)

    def forget_last(self) -> None:
        """Drop the last step, because nothing came of it."""
        if self._done:
            shutil.rmtree(self._place(self._steps.pop(self._done - 1)), ignore_errors=True)
            self._done -= 1
            self._write()

    def _keep(self, record: dict[str, Any], side: str, project: Project) -> None:
        """Store the project, and link the masks of the step's scope, as they are now."""
        place = self._place(record) / side
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        project.save(place / "project.json")
        for name in _MASK_FOLDERS:
            for path in _files(self._session / name, _step(record).scope):
                _link(path, place / name / path.parent.name / path.name)

    def _restore(self, record: dict[str, Any], side: str) -> Project:
        place = self._place(record) / side
        project = Project.load(place / "project.json")
        scope = _step(record).scope
        for name in _MASK_FOLDERS:
            for path in _files(self._session / name, scope):
                path.unlink()
            for path in _files(place / name, scope):
                _link(path, self._session / name / path.parent.name / path.name)
        return project

    def _place(self, record: dict[str, Any]) -> Path:
        return self._folder / str(record["number"])

    def _read(self) -> tuple[list[dict[str, Any]], int, int]:
        try:
            data = json.loads((self._folder / "steps.json").read_text(encoding="utf-8"))
            return data["steps"], data["done"], data["number"]
        except (OSError, ValueError, KeyError):
            return [], 0, 0

    def _write(self) -> None:
        data = {"steps": self._steps, "done": self._done, "number": self._number}
        write_whole(self._folder / "steps.json", json.dumps(data).encode())


def _is_one(last: dict[str, Any], step: Step) -> bool:
    """Whether a step only goes on with the one before it."""
    return step.merge != "" and step.merge == last["merge"] and time.time() - last["time"] < _MERGE_SECONDS


def _step(record: dict[str, Any]) -> Step:
    fields = {name: record[name] for name in ("what", "subject", "object_id", "frame", "merge")}
    return Step(**fields, scope=tuple(Scope(**each) for each in record["scope"]))


def _files(masks: Path, scope: tuple[Scope, ...]) -> Iterator[Path]:
    """The mask files of a folder that lie in the scope."""
    for each in scope:
        folder = masks / str(each.object_id)
        if each.stop - each.start == 1:  # a click: looking at one name beats listing thousands
            names = [f"{each.start:05d}.png"]
        else:
            names = sorted(os.listdir(folder)) if folder.is_dir() else []
        for name in names:
            stem = name.removesuffix(".png")
            if stem.isdecimal() and each.start <= int(stem) < each.stop and (folder / name).is_file():
                yield folder / name


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    try:
        os.link(path, to)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, to)
