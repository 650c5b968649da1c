"""One session: a clip, its project and its masks, as they lie in one folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.projects.history import History
from app.projects.mask_folder import MaskFolder
from app.projects.project import FramePrompt, Project, mask_to_text
from app.sessions.results import Results, results_name
from media.frame_pack import FramePack
from media.limits import LOCAL, Limits
from media.video_clip import VideoClip

CLIP_INDEX, TIMES = "clip_index.json", "times.json"
_INFO = "session.json"


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

    def save(self, folder: Path) -> None:
        """Write it into a session's folder."""
        (folder / _INFO).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ClipInfo:
        """Read what `save` wrote."""
        data = json.loads((folder / _INFO).read_text(encoding="utf-8"))
        height, width = data.pop("size")
        return cls(size=(height, width), notices=tuple(data.pop("notices")), **data)


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
            index=self.folder / CLIP_INDEX,
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
    def results(self) -> Results:
        """The files that were made of it."""
        return Results(self.folder.parent / results_name(self.id))

    @property
    def times(self) -> list[float]:
        """When each frame is shown [s], counted from the clip's start; where sound begins is 0."""
        times: list[float] = json.loads((self.folder / TIMES).read_text(encoding="utf-8"))
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
