"""Takes an uploaded clip in: decodes it once, and counts its frames and writes their JPEGs on the way."""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.projects.project import Project
from app.sessions.folder_size import folder_bytes
from app.sessions.session import CLIP_INDEX, TIMES, ClipInfo, SessionError
from media.frame import Pixels
from media.frame_pack import FramePackWriter
from media.limits import Limits
from media.motion_photo import copy_upload
from media.video_clip import VideoClip

logger = logging.getLogger(__name__)

_PACK_LONGEST_SIDE = 1280


@dataclass(frozen=True)
class IngestProgress:
    """How far an upload is: the first frame as a JPEG comes as soon as there is one, `session_id` with the last."""

    frames_done: int
    num_frames: int | None
    session_id: str | None = None
    first_jpeg: bytes | None = None


@dataclass
class Ingest:
    """Takes one clip in on a thread of its own, so that the page hears of it at least twice a second.

    Args:
        upload: the file as it arrived; it is copied.
        folder: of the session in the making.
        name: the file's name as the user knows it.
        model: the model that the new project starts with.
        part: where the part that is wanted begins and ends [s]; None: at the file's end.
        limits: what the clip may be.
        most_bytes: what the folder may grow to.
    """

    upload: Path
    folder: Path
    name: str
    model: str
    part: tuple[float, float | None]
    limits: Limits
    most_bytes: int
    frames_done: int = field(default=0, init=False)
    num_frames: int | None = field(default=None, init=False)
    _first_jpeg: bytes | None = field(default=None, init=False)
    _cancelled: threading.Event = field(default_factory=threading.Event, init=False)
    _news: queue.SimpleQueue[int | BaseException | None] = field(default_factory=queue.SimpleQueue, init=False)

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
                limits=self.limits,
                start=start,
                stop=stop,
                index=self.folder / CLIP_INDEX,
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
        (self.folder / TIMES).write_text(json.dumps(times), encoding="utf-8")
        info.save(self.folder)
        Project(clip=info.name, model=self.model).save(self.folder / "project.json")

    def take_first_jpeg(self) -> bytes | None:
        """The first frame, once."""
        jpeg, self._first_jpeg = self._first_jpeg, None
        return jpeg

    def _on_frame(self, frame_index: int) -> None:
        if self._cancelled.is_set():
            raise SessionError("The upload was cancelled.")
        if frame_index % 50 == 0 and folder_bytes(self.folder) > self.most_bytes:
            raise SessionError("The clip does not fit on this computer's disk; cut it shorter.")
        self._news.put(frame_index + 1)
