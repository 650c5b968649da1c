"""One clip's tracker: brings the model's state in line with a project, and runs it.

It knows nothing of sessions, GPUs or the page; the command line uses it as it is.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from math import exp

import cv2
import numpy as np

from app.pipeline import read_ahead
from app.projects.mask_folder import MaskFolder, overlay_from_png
from app.projects.mask_note import Basis, measure
from app.projects.project import FramePrompt, Project, mask_from_text
from app.tracking.passes import TrackingError, TrackingPass
from app.tracking.tracked_frame import ObjectMask, TrackedFrame
from media.video_clip import VideoClip
from sam2_model import SAM2, Budget, FrameMasks, Prompt, PromptError, VideoPredictor

# Backward tracking decodes forwards, a block at a time, and turns each block round.
_BLOCK_BYTES = 64 * 2**20
_LONGEST_BLOCK = 32
# A run that begins in the midst of the clip reads some frames before it first, because each frame is found
# from the memories of the few just before, and older ones are not kept.
_LEAD_IN = 6
# Pixels whose logit is nearer to 0 could as well be the other way.
_ON_THE_FENCE = 1.0


class ClipTracker:
    """The model's state for one clip, kept in line with a project.

    Args:
        model: the network; may be shared with other trackers.
        clip: the opened clip; stays the caller's to close.
        masks: where the masks are written.
        tracked_before: where, for each prompted frame, the mask is kept that tracking had left there before the
            first click. A click on a tracked frame corrects that mask, so a state rebuilt from the project needs
            it; None where nothing is corrected.
        budget: how much is done at once; what suits the model's device by default.

    Attributes:
        predictor: the model's state.
    """

    def __init__(
        self,
        model: SAM2,
        clip: VideoClip,
        masks: MaskFolder,
        tracked_before: MaskFolder | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.clip = clip
        self.masks = masks
        self.tracked_before = tracked_before
        self.predictor = VideoPredictor(model, size=clip.size, num_frames=clip.num_frames, budget=budget)
        self._applied: dict[tuple[int, int], FramePrompt] = {}

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the person about what had to shrink because the device's memory was full."""
        return tuple(self.predictor.notices)

    def segment(self, project: Project, object_id: int, frame_index: int) -> ObjectMask:
        """Segment an object on a frame from all its prompts there, and write the mask.

        Raises:
            TrackingError: unknown object, no such frame, no prompt on that frame, a click outside the frame.
        """
        project.object(object_id)
        self._check_frame(frame_index)
        prompt = project.prompt(object_id, frame_index)
        if prompt is None:
            raise TrackingError(f"Object {object_id} has no click on frame {frame_index} yet; click it first.")
        self._keep_tracked(object_id, frame_index)
        found = self._follow(project, wanted=prompt)
        assert found is not None  # a prompt that is kept says something
        return self.write(found, object_id, project, Basis(project, object_id))

    def prepare(self, frame_index: int) -> None:
        """Decode and encode a frame before anything is asked about it, so that a click there is answered at once.

        Raises:
            TrackingError: no such frame.
        """
        self._check_frame(frame_index)
        self.predictor.prepare(frame_index, self.clip.frame(frame_index).pixels)

    def suggest(self, frame_index: int, prompt: Prompt) -> list[np.ndarray]:
        """What a click would take, remembering nothing: masks (H, W) bool, in the model's order.

        Three for a single click, which may mean a part, the whole or more; else one. Of an object that is tracked
        already the memory is left out, so a click may answer a little differently.

        Raises:
            TrackingError: no such frame, a click outside it.
        """
        self._check_frame(frame_index)
        try:
            is_ambiguous = len(prompt.points) == 1 and prompt.box is None
            pixels = self.clip.frame(frame_index).pixels
            found = self.predictor.suggest(frame_index, pixels, prompt, multimask=is_ambiguous)
        except PromptError as error:
            raise TrackingError(str(error)) from error
        return [(logits > 0).cpu().numpy() for logits in found]

    def propagate(self, project: Project, run: TrackingPass) -> Generator[TrackedFrame, None, None]:
        """Track over the frames of a run and write every mask; closing the generator keeps what is done.

        Objects are left out on frames before their first prompt, in the direction of the run.

        Raises:
            TrackingError: no prompt at all, frames that the clip does not have, a click outside the frame.
        """
        self._check_run(project, run)
        self._follow(project)
        others = {each: track for each, track in self.predictor.tracks.items() if each not in run.object_ids}
        try:
            # The network looks only for the objects of this run; what it knows of the others waits.
            for each in others:
                del self.predictor.tracks[each]
            yield from self._run(project, run)
        finally:
            self.predictor.tracks.update(others)

    def _run(self, project: Project, run: TrackingPass) -> Iterator[TrackedFrame]:
        bases = {each: Basis(project, each) for each in run.object_ids}
        with closing(read_ahead(self._frames(self._lead_in(project, run)))) as frames:
            for _ in self.predictor.propagate(frames, run.step):
                pass
        began, told = time.monotonic(), len(self.notices)
        with closing(read_ahead(self._frames(run.frames))) as frames:
            for done, found in enumerate(self.predictor.propagate(frames, run.step), start=1):
                kept = [each for each in run.object_ids if run.keeps(project, each, found.frame_index)]
                masks = tuple(self.write(found, each, project, bases[each]) for each in kept)
                rate = done / max(time.monotonic() - began, 1e-6)
                news = self.notices[told:]
                told += len(news)
                yield TrackedFrame(found.frame_index, masks, done, len(run.frames), rate, news)

    def _follow(self, project: Project, wanted: FramePrompt | None = None) -> FrameMasks | None:
        """Bring the model's state in line with the project; returns what it found for `wanted`.

        Only what changed is given to the model: further clicks on a frame are added, anything else on that
        frame is taken back and given again.
        """
        prompts = {(each.object_id, each.frame_index): each for each in project.prompts}
        found = None
        try:
            for key in [each for each in self._applied if each not in prompts]:
                self._take_back(key)
            for key, prompt in prompts.items():
                if prompt is wanted:
                    found = self._apply(key, prompt)
                elif self._applied.get(key) != prompt:
                    self._apply(key, prompt)
        except PromptError as error:
            raise TrackingError(str(error)) from error
        return found

    def _apply(self, key: tuple[int, int], prompt: FramePrompt) -> FrameMasks | None:
        """Give the model what it does not know of a prompt yet, one click at a time; returns its last answer."""
        object_id, frame_index = key
        self._check_frame(frame_index)
        known = self._applied.get(key)
        steps = list(_steps(prompt, self._mask_before(prompt), self._chosen(prompt)))
        if known is not None and _is_continued(known, prompt):
            steps = steps[len(known.points) - len(prompt.points) :]
        elif known is not None:
            self._take_back(key)
        answer = None
        pixels = self.clip.frame(frame_index).pixels
        for step in steps:
            answer = self.predictor.add_prompt(object_id, frame_index, pixels, step)
        self._applied[key] = prompt
        return answer

    def _chosen(self, prompt: FramePrompt) -> np.ndarray | None:
        """The answer to the first click that the user chose, where it was not the model's own favourite."""
        if prompt.choice is None or not prompt.points:
            return None
        first = Prompt(points=prompt.points[:1], labels=prompt.labels[:1])
        return self.suggest(prompt.frame_index, first)[prompt.choice]

    def _take_back(self, key: tuple[int, int]) -> None:
        object_id, frame_index = key
        del self._applied[key]
        if object_id in self.predictor.object_ids:
            self.predictor.clear_prompts(object_id, frame_index)

    def _mask_before(self, prompt: FramePrompt) -> np.ndarray | None:
        """The mask that the clicks correct: the prompt's own, or what tracking had found there."""
        if prompt.mask_png is not None:
            return mask_from_text(prompt.mask_png)
        if self.tracked_before is None or prompt.box is not None:
            return None
        before = self.tracked_before.read(prompt.object_id, prompt.frame_index)
        return before if before is not None and before.any() else None

    def _keep_tracked(self, object_id: int, frame_index: int) -> None:
        """Before the first click on a frame: keep what tracking had found there; an empty mask says nothing was."""
        if self.tracked_before is None:
            return
        present = self.masks.read(object_id, frame_index)
        if present is None or not self.tracked_before.path(object_id, frame_index).is_file():
            if present is not None:
                self.tracked_before.adopt(object_id, frame_index, self.masks.path(object_id, frame_index))
            else:
                self.tracked_before.write(object_id, frame_index, np.zeros(self.clip.size, dtype=bool))

    def write(self, found: FrameMasks, object_id: int, project: Project, basis: Basis) -> ObjectMask:
        """Write an object's mask of a frame, and what the network thought of it; `basis` is the object's own."""
        row = found.object_ids.index(object_id)
        logits = found.mask_logits[row].float().cpu().numpy()
        mask = logits > 0
        score = 1 / (1 + exp(-max(min(float(found.object_score_logits[row]), 50.0), -50.0)))
        on_the_fence = int((np.abs(logits) < _ON_THE_FENCE).sum()) / max(int(mask.sum()), 1)
        note = measure(mask, score, basis.of(found.frame_index), sure=score * max(0.0, 1 - on_the_fence))
        png = self.masks.write(object_id, found.frame_index, mask, note=note)
        # Nothing more is known than on the network's own grid, and there it takes a kilobyte or two.
        side = self.predictor.model.config.image_size // 4
        grid = min(side, mask.shape[1]), min(side, mask.shape[0])
        coarse = cv2.resize(logits, grid, interpolation=cv2.INTER_AREA)
        self.masks.write_logits(object_id, found.frame_index, coarse)
        overlay = overlay_from_png(png, project.object(object_id).color)
        return ObjectMask(object_id, found.frame_index, overlay, score, note.area, note.sure)

    def _lead_in(self, project: Project, run: TrackingPass) -> range:
        """The frames to track, and not to write, so that the run does not begin without recent memories."""
        prompted = [project.prompted_frames(each) for each in run.object_ids]
        behind = max(run.step * (run.start - frame_index) for frames in prompted for frame_index in frames)
        is_fresh = all(run.start in frames for frames in prompted)
        length = 0 if is_fresh else max(0, min(_LEAD_IN, behind))
        return range(run.start - run.step * length, run.start, run.step)

    def _frames(self, frames: range) -> Iterator[tuple[int, np.ndarray]]:
        """The pixels of these frames, forwards or backwards, in bounded memory."""
        if frames.step == 1:
            for frame in self.clip.frames(frames.start, frames.stop):
                yield frame.index, frame.pixels
            return
        height, width = self.clip.size
        block = max(1, min(_LONGEST_BLOCK, _BLOCK_BYTES // (height * width * 3)))
        for last in range(frames.start, frames.stop, -block):
            first = max(last - block + 1, frames.stop + 1)
            for frame in reversed(list(self.clip.frames(first, last + 1))):
                yield frame.index, frame.pixels

    def _check_frame(self, frame_index: int) -> None:
        if not 0 <= frame_index < self.clip.num_frames:
            raise TrackingError(
                f"There is no frame {frame_index}: the clip's frames are 0 to {self.clip.num_frames - 1}."
            )

    def _check_run(self, project: Project, run: TrackingPass) -> None:
        if not project.prompts:
            raise TrackingError("There is nothing to track yet; click an object on a frame first.")
        for prompt in project.prompts:
            self._check_frame(prompt.frame_index)
        for object_id in run.object_ids:
            if not project.prompted_frames(object_id):
                raise TrackingError(f"{project.object(object_id).name} has no click yet; click it on a frame first.")
        if run.step not in (1, -1) or not run.frames:
            raise TrackingError(f"There are no frames to track from {run.start} to {run.stop} by {run.step}.")
        self._check_frame(run.frames[0])
        self._check_frame(run.frames[-1])


def _steps(prompt: FramePrompt, before: np.ndarray | None, chosen: np.ndarray | None) -> Iterator[Prompt]:
    """One prompt for each thing the user did: each refines the answer to the one before, as it did live.

    A `chosen` answer stands in the place of the first click, which it answers.
    """
    if before is not None:
        yield Prompt(mask=before)
    if prompt.box is not None:
        yield Prompt(box=prompt.box)
    if chosen is not None:
        yield Prompt(mask=chosen)
    for count in range(1 if chosen is None else 2, len(prompt.points) + 1):
        yield Prompt(points=prompt.points[:count], labels=prompt.labels[:count], box=prompt.box)


def _is_continued(known: FramePrompt, prompt: FramePrompt) -> bool:
    """Whether `prompt` is `known` and further clicks."""
    count = len(known.points)
    shortened = replace(prompt, points=prompt.points[:count], labels=prompt.labels[:count])
    return 0 < count < len(prompt.points) and shortened == known
