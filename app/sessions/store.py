"""All sessions: who is editing what, on disk; made, opened, and gone when they have been idle for long.

A session is one folder, `<root>/<128 random bits in hex>/`, with the clip as it was uploaded, a pack of
JPEGs for scrubbing, `project.json` and the folder of masks; what was made of it lies beside it (see results.py).
Nothing about it lives in memory: another process, or this one after a restart, opens it by its id.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.projects.project import Project
from app.sessions.folder_size import folder_bytes
from app.sessions.ingest import Ingest, IngestProgress
from app.sessions.results import RESULTS_PREFIX, results_name
from app.sessions.session import ClipInfo, Session, SessionError, SessionGoneError
from media.limits import LOCAL, Limits

logger = logging.getLogger(__name__)

_ID = re.compile(r"[0-9a-f]{32}")
_NEW = ".new-"
_GONE_PREFIX = ".gone-"
_LEFTOVER_SECONDS = 3600.0
_SPARE_BYTES = 50 * 2**20


class Sessions:
    """All sessions under one folder; safe to use from several threads and processes.

    Args:
        root: where the sessions lie; made on first use.
        limits: what an uploaded clip may be.
        idle_seconds: a session untouched for longer expires.
        max_total_bytes: no new session starts where all sessions together would pass this.
    """

    def __init__(
        self,
        root: Path,
        *,
        limits: Limits = LOCAL,
        idle_seconds: float = 24 * 3600.0,
        max_total_bytes: int = 10 * 2**30,
    ) -> None:
        self.root = root.absolute()
        self.limits = limits
        self.idle_seconds = idle_seconds
        self.max_total_bytes = max_total_bytes

    def create(
        self,
        upload: Path,
        *,
        name: str | None = None,
        model: str = "nano",
        start: float = 0.0,
        stop: float | None = None,
    ) -> Iterator[IngestProgress]:
        """Take a clip in: copy it, and count its frames and write their JPEGs while decoding once.

        The session appears under its id only when it is whole; a refused or cancelled upload leaves nothing.

        Args:
            upload: the file as it arrived; it is copied, never moved or changed.
            name: the file's name as the user knows it; `upload.name` by default.
            model: the model that the new project starts with.
            start: where the part that is wanted begins [s].
            stop: where it ends [s]; None: at the file's end.

        Yields:
            Progress at least twice a second; the last message carries the new session's id.

        Raises:
            SessionError: no room on the disk. MediaError: the clip is refused.
        """
        self.expire()
        self._check_room(upload)
        session_id = secrets.token_hex(16)
        folder = self.root / f"{_NEW}{session_id}"
        folder.mkdir(parents=True)
        ingest = Ingest(upload, folder, name or upload.name, model, (start, stop), self.limits, self.max_total_bytes)
        try:
            for frames_done in ingest.run():
                yield IngestProgress(frames_done, ingest.num_frames, first_jpeg=ingest.take_first_jpeg())
            os.replace(folder, self.root / session_id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        yield IngestProgress(ingest.frames_done, ingest.frames_done, session_id)

    def open(self, session_id: str) -> Session:
        """Open a session and note that it is in use; raises `SessionError` for an unknown, expired or malformed id."""
        folder = self._folder(session_id)
        try:
            info = ClipInfo.load(folder)
            project = Project.load(folder / "project.json")
        except (OSError, KeyError, ValueError) as error:
            if not folder.is_dir():
                raise SessionGoneError() from error
            raise SessionError(f"This session cannot be read any more ({error}). Upload the clip again.") from error
        self.touch(session_id)
        return Session(session_id, folder, info, project, self.limits)

    def save(self, session_id: str, project: Project) -> None:
        """Store the project of a session, whole or not at all; raises `SessionError` where it is gone."""
        folder = self._folder(session_id)
        try:
            project.save(folder / "project.json")
        except FileNotFoundError as error:
            raise SessionGoneError() from error

    def touch(self, session_id: str) -> None:
        """Note that the session is in use, so that it does not expire; an unknown one is ignored."""
        with contextlib.suppress(OSError, SessionError):
            os.utime(self._folder(session_id))

    def delete(self, session_id: str) -> None:
        """Delete a session and all it holds; an unknown one is ignored."""
        gone = self.root / f"{_GONE_PREFIX}{secrets.token_hex(16)}"
        with contextlib.suppress(OSError, SessionError):
            # Renamed first, so that nobody opens half of it.
            os.rename(self._folder(session_id), gone)
            shutil.rmtree(gone, ignore_errors=True)
            shutil.rmtree(self.root / results_name(session_id), ignore_errors=True)

    def expire(self) -> int:
        """Delete the sessions that have been idle for too long, and what broken ingests left; returns their number."""
        if not self.root.is_dir():
            return 0
        expired = 0
        now = time.time()
        found = list(self.root.iterdir())
        owned = {results_name(folder.name) for folder in found if _ID.fullmatch(folder.name)}
        for folder in found:
            try:
                idle = now - folder.stat().st_mtime
            except FileNotFoundError:
                continue  # another process was quicker
            if _ID.fullmatch(folder.name) and idle > self.idle_seconds:
                logger.info("session %s… expired after %.0f s", folder.name[:6], idle)
                self.delete(folder.name)
                expired += 1
            elif _is_leftover(folder.name) and folder.name not in owned and idle > _LEFTOVER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        return expired

    def keep_expiring(self, every: float = 60.0) -> Callable[[], None]:
        """Call `expire` now and every so often [s], also while nobody comes; gives what stops it."""
        stopped = threading.Event()

        def work() -> None:
            while True:
                try:
                    self.expire()
                except OSError as error:
                    logger.warning("idle sessions could not be looked for: %s", error)
                if stopped.wait(every):
                    return

        threading.Thread(target=work, name="expiry", daemon=True).start()
        return stopped.set

    def used_bytes(self) -> int:
        """The space that all sessions take on the disk [bytes]."""
        return folder_bytes(self.root)

    def _folder(self, session_id: str) -> Path:
        """The folder of an id; nothing but 32 hex digits can name one, so no path gets through."""
        if not isinstance(session_id, str) or not _ID.fullmatch(session_id):
            raise SessionGoneError()
        return self.root / session_id

    def _check_room(self, upload: Path) -> None:
        """Refuse a clip for which the sessions' share of the disk, or the disk itself, has no room."""
        try:
            wanted = 2 * upload.stat().st_size + _SPARE_BYTES  # the copy, its JPEGs, masks and a render
        except OSError as error:
            raise SessionError(f"The file {upload.name} cannot be read; upload it again.") from error
        self.root.mkdir(parents=True, exist_ok=True)
        if self.used_bytes() + wanted > self.max_total_bytes or shutil.disk_usage(self.root).free < wanted:
            raise SessionError("There is no room for another clip on this computer's disk; try again later.")


def _is_leftover(name: str) -> bool:
    """Whether a folder is no session, and goes unless it belongs to one."""
    return name.startswith((_NEW, _GONE_PREFIX, RESULTS_PREFIX))
