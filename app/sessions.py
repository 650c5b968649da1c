"""Sessions: who is editing what, on disk.

A session is one folder, `<root>/<128 random bits in hex>/`, with the clip as it was uploaded, a pack of
JPEGs for scrubbing, `project.json` and the folder of masks. Nothing about it lives in memory: another
process, or this one after a restart, opens it by its id.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.history import History
from app.mask_folder import MaskFolder
from app.project import FramePrompt, Project, mask_to_text
from media.frame import Pixels
from media.frame_pack import FramePack, FramePackWriter
from media.limits import LOCAL, Limits
from media.motion_photo import copy_upload
from media.video_clip import VideoClip

logger = logging.getLogger(__name__)

_ID = re.compile(r"[0-9a-f]{32}")
_NEW = ".new-"
_GONE_PREFIX = ".gone-"
_LEFTOVER_SECONDS = 3600.0
_SPARE_BYTES = 50 * 2**20
_PACK_LONGEST_SIDE = 1280
_INDEX = "clip_index.json"


class SessionError(Exception):
    """A session that cannot be made or opened; the message is one sentence for the person."""


class SessionGoneError(SessionError):
    """There is no session of that id any more."""

    # The message is an argument, because unpickling gives it back: ZeroGPU's workers hand their errors over so.
    def __init__(
        self, message: str = "This session is no longer there: it was idle for too long or was closed."
    ) -> None:
        super().__init__(message)


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
        start: where in the uploaded file the clip begins [s].
        stop: where in it the clip ends [s]; None: at its end.
        file_duration: how long the whole file says it is [s]; None: it does not say.
    """

    name: str
    size: tuple[int, int]
    num_frames: int
    fps: float
    duration: float
    has_audio: bool
    notices: tuple[str, ...] = ()
    start: float = 0.0
    stop: float | None = None
    file_duration: float | None = None


@dataclass(frozen=True)
class Session:
    """A session as it was when it was opened; `Sessions.save` stores another project in it."""

    id: str
    folder: Path
    info: ClipInfo
    project: Project
    limits: Limits = LOCAL

    def open_clip(self) -> VideoClip:
        """Open the clip to read its frames: the same frames that were counted when it came in."""
        return VideoClip.open(
            self.clip_path,
            limits=self.limits,
            start=self.info.start,
            stop=self.info.stop,
            index=self.folder / _INDEX,
        )

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
    def history(self) -> History:
        """What can be undone and redone."""
        return History(self.folder)

    @property
    def times(self) -> list[float]:
        """When each frame is shown [s], counted from the clip's start; where sound begins is 0."""
        times: list[float] = json.loads((self.folder / "times.json").read_text(encoding="utf-8"))
        return times

    @property
    def frames(self) -> FramePack:
        """The JPEGs for scrubbing."""
        return FramePack.open(self.folder)

    def portable_project(self) -> Project:
        """The project with the tracked masks that its clicks correct, so that it stands without this folder."""
        return replace(self.project, prompts=tuple(self._with_mask_before(each) for each in self.project.prompts))

    def _with_mask_before(self, prompt: FramePrompt) -> FramePrompt:
        if prompt.mask_png is not None or prompt.box is not None:
            return prompt  # a mask of the user's own counts more, and a box begins anew
        before = self.tracked_before.read(prompt.object_id, prompt.frame_index)
        return replace(prompt, mask_png=mask_to_text(before)) if before is not None and before.any() else prompt

    def output(self, name: str) -> Path:
        """A path in the session's folder of results, e.g. `output("render.mp4")`."""
        folder = self.folder / "out"
        folder.mkdir(exist_ok=True)
        return folder / Path(name).name


@dataclass(frozen=True)
class IngestProgress:
    """How far an upload is: the first frame as a JPEG comes as soon as there is one, `session_id` with the last."""

    frames_done: int
    num_frames: int | None
    session_id: str | None = None
    first_jpeg: bytes | None = None


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
        ingest = _Ingest(upload, folder, name or upload.name, model, self, (start, stop))
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
            info = _read_info(folder / "session.json")
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

    def expire(self) -> int:
        """Delete the sessions that have been idle for too long, and what broken ingests left; returns their number."""
        if not self.root.is_dir():
            return 0
        expired = 0
        now = time.time()
        for folder in list(self.root.iterdir()):
            try:
                idle = now - folder.stat().st_mtime
            except FileNotFoundError:
                continue  # another process was quicker
            if _ID.fullmatch(folder.name) and idle > self.idle_seconds:
                logger.info("session %s… expired after %.0f s", folder.name[:6], idle)
                self.delete(folder.name)
                expired += 1
            elif folder.name.startswith((_NEW, _GONE_PREFIX)) and idle > _LEFTOVER_SECONDS:
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
        return _folder_bytes(self.root)

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


class _Ingest:
    """Takes one clip in on a thread of its own, so that the page hears of it at least twice a second."""

    def __init__(
        self,
        upload: Path,
        folder: Path,
        name: str,
        model: str,
        sessions: Sessions,
        part: tuple[float, float | None],
    ) -> None:
        self.upload, self.folder, self.name, self.model = upload, folder, name, model
        self.sessions = sessions
        self.part = part
        self._first_jpeg: bytes | None = None
        self.frames_done = 0
        self.num_frames: int | None = None
        self._cancelled = threading.Event()
        self._news: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()

    def run(self) -> Iterator[int]:
        """Yield the number of frames done so far until all are; what went wrong is raised here."""
        thread = threading.Thread(target=self._work, name="ingest", daemon=True)
        thread.start()
        try:
            while True:
                try:
                    news = self._news.get(timeout=0.5)
                except queue.Empty:
                    news = self.frames_done
                if news is None:
                    return
                if isinstance(news, BaseException):
                    raise news
                self.frames_done = news
                yield news
        finally:
            self._cancelled.set()
            thread.join()

    def _work(self) -> None:
        try:
            self._take_in()
            self._news.put(None)
        except OSError as error:
            logger.warning("an upload could not be copied: %s", error)
            self._news.put(SessionError("The clip could not be stored; is the disk full?"))
        except BaseException as error:  # whatever it is belongs to the thread that waits
            self._news.put(error)

    def _take_in(self) -> None:
        suffix = self.upload.suffix.lower()
        suffix = suffix if re.fullmatch(r"[.][a-z0-9]{1,5}", suffix) else ".bin"
        clip_path = copy_upload(self.upload, self.folder, "clip", suffix)
        start, stop = self.part
        with FramePackWriter(self.folder, longest_side=_PACK_LONGEST_SIDE) as pack:

            def on_picture(frame_index: int, pixels: Pixels) -> None:
                jpeg = pack.add(frame_index, pixels)
                if frame_index == 0:
                    self._first_jpeg = jpeg
                self._on_frame(frame_index)

            clip = VideoClip.open(
                clip_path,
                limits=self.sessions.limits,
                start=start,
                stop=stop,
                index=self.folder / _INDEX,
                on_picture=on_picture,
            )
        with clip:
            self.num_frames = clip.num_frames
            self._news.put(clip.num_frames)
            claimed = clip.facts.file_duration
            info = ClipInfo(
                name=Path(self.name).name,
                size=clip.size,
                num_frames=clip.num_frames,
                fps=float(clip.fps),
                duration=float(clip.duration),
                has_audio=clip.has_audio,
                notices=clip.notices,
                start=start,
                stop=stop,
                file_duration=None if claimed is None else float(claimed),
            )
            times = [round(float(time), 6) for time in clip.times]
        (self.folder / "times.json").write_text(json.dumps(times), encoding="utf-8")
        (self.folder / "session.json").write_text(json.dumps(asdict(info)), encoding="utf-8")
        Project(clip=info.name, model=self.model).save(self.folder / "project.json")

    def take_first_jpeg(self) -> bytes | None:
        """The first frame, once."""
        jpeg, self._first_jpeg = self._first_jpeg, None
        return jpeg

    def _on_frame(self, frame_index: int) -> None:
        if self._cancelled.is_set():
            raise SessionError("The upload was cancelled.")
        if frame_index % 50 == 0 and _folder_bytes(self.folder) > self.sessions.max_total_bytes:
            raise SessionError("The clip does not fit on this computer's disk; cut it shorter.")
        self._news.put(frame_index + 1)


def _read_info(path: Path) -> ClipInfo:
    data = json.loads(path.read_text(encoding="utf-8"))
    height, width = data.pop("size")
    return ClipInfo(size=(height, width), notices=tuple(data.pop("notices")), **data)


def _folder_bytes(folder: Path) -> int:
    """The size of all files under a folder [bytes], linked ones once; files that vanish meanwhile count nothing."""
    total, linked = 0, set()
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                facts = os.stat(os.path.join(parent, name))
                if facts.st_nlink == 1 or facts.st_ino not in linked:
                    total += facts.st_size
                    linked.add(facts.st_ino)
    return total
