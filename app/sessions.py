"""Sessions: who is editing what, on disk.

A session is one folder, `<root>/<128 random bits in hex>/`, with the clip as it was uploaded, a pack of
JPEGs for scrubbing, `project.json` and the folder of masks. Nothing about it lives in memory: another
process, or this one after a restart, opens it by its id.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from app.mask_folder import MaskFolder
from app.project import Project, ProjectError
from media.errors import MediaError
from media.frame_pack import FramePack, write_frame_pack
from media.limits import LOCAL, Limits
from media.video_clip import VideoClip

logger = logging.getLogger(__name__)

_ID = re.compile(r"[0-9a-f]{32}")
_GONE = "This session is no longer there: it was idle for too long or was closed. Upload the clip again to go on."
_PACK_LONGEST_SIDE = 1280


class SessionError(Exception):
    """A session that cannot be made or opened; the message is one sentence for the person."""


@dataclass(frozen=True)
class ClipInfo:
    """What a page needs to know of the clip, without opening it.

    Args:
        name: the file name as the user knows it.
        size: displayed `(height, width)` [px].
        num_frames: counted by decoding.
        fps: the mean rate [1/s].
        duration: [s].
        has_audio: whether the render will carry sound.
        notices: sentences for the person, e.g. that the clip was trimmed.
    """

    name: str
    size: tuple[int, int]
    num_frames: int
    fps: float
    duration: float
    has_audio: bool
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """A session as it was when it was opened; `Sessions.save` stores another project in it."""

    id: str
    folder: Path
    info: ClipInfo
    project: Project

    @property
    def clip_path(self) -> Path:
        """The uploaded file under a name of our own (its suffix is kept)."""
        return next(self.folder.glob("clip.*"))

    @property
    def masks(self) -> MaskFolder:
        """The current masks of all objects."""
        return MaskFolder(self.folder / "masks")

    @property
    def tracked_before(self) -> MaskFolder:
        """For each prompted frame the mask that tracking had left there before the first click (see tracking.py)."""
        return MaskFolder(self.folder / "tracked_before")

    @property
    def frames(self) -> FramePack:
        """The JPEGs for scrubbing."""
        return FramePack.open(self.folder)

    def output(self, name: str) -> Path:
        """A path in the session's folder of results, e.g. `output("render.mp4")`."""
        folder = self.folder / "out"
        folder.mkdir(exist_ok=True)
        return folder / Path(name).name


@dataclass(frozen=True)
class IngestProgress:
    """How far an upload is: `session_id` comes with the last message only."""

    frames_done: int
    num_frames: int | None
    session_id: str | None = None


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

    def create(self, upload: Path, *, name: str | None = None, model: str = "nano") -> Iterator[IngestProgress]:
        """Take a clip in: copy, probe, and write its JPEGs while decoding once.

        The session appears under its id only when it is whole; a refused or cancelled upload leaves nothing.

        Args:
            upload: the file as it arrived; it is copied, never moved or changed.
            name: the file's name as the user knows it; `upload.name` by default.
            model: the model that the new project starts with.

        Yields:
            Progress at least twice a second; the last message carries the new session's id.

        Raises:
            SessionError: no room on the disk. MediaError: the clip is refused.
        """
        raise NotImplementedError

    def open(self, session_id: str) -> Session:
        """Open a session and note that it is in use; raises `SessionError` for an unknown, expired or malformed id."""
        raise NotImplementedError

    def save(self, session_id: str, project: Project) -> None:
        """Store the project of a session, whole or not at all."""
        raise NotImplementedError

    def touch(self, session_id: str) -> None:
        """Note that the session is in use, so that it does not expire; an unknown one is ignored."""
        raise NotImplementedError

    def delete(self, session_id: str) -> None:
        """Delete a session and all it holds; an unknown one is ignored."""
        raise NotImplementedError

    def expire(self) -> int:
        """Delete the sessions that have been idle for too long, and what broken ingests left; returns their number."""
        raise NotImplementedError

    def used_bytes(self) -> int:
        """The space that all sessions take on the disk [bytes]."""
        raise NotImplementedError
