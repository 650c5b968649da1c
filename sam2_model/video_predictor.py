"""Tracks any number of objects through one clip, frame by frame, in bounded memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .budget import Budget, is_memory_full
from .frame_features import FrameFeatures
from .image_encoder import ImageFeatures
from .mask_ops import fill_holes, resize_logits, without_overlap
from .memory_bank import FrameMemory, MemoryBank, Recall, Step
from .model import SAM2
from .motion import Motion
from .prompt_encoder import PromptTensors
from .prompts import Prompt, PromptError
from .results import NO_OBJECT_LOGIT, FrameMasks, MaskPrediction
from .uploads import NumberedFrame

_REFINED_LOGIT = 32.0  # an earlier mask goes back in with its logits clamped to ±32, as in the reference

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TrackingOptions:
    """How to track; never changes the weights.

    Attributes:
        fill_hole_area: holes of at most this many low-res pixels are filled; 0 leaves them.
        non_overlapping: let each pixel belong to one object only.
        binarize_prompted_masks: remember prompted frames as the user saw them, hard-edged.
        corrections_are_prompts: a frame corrected after tracking is read for good, like the first prompt. The
            reference's default is False, which lets a correction be tracked over again.
        forget_around_prompts: drop the recent memories around a new prompt, which may tell the old story.
        keep_recent: recent frames whose memories stay, or None for all. Frames read at most 15 back; more are
            of use only to corrections in the midst of what was tracked.
    """

    fill_hole_area: int = 8
    non_overlapping: bool = False
    binarize_prompted_masks: bool = True
    corrections_are_prompts: bool = True
    forget_around_prompts: bool = False
    keep_recent: int | None = 16


@dataclass(frozen=True, eq=False)
class Draft:
    """The answer to prompts on one frame, not yet remembered: further clicks may still change it.

    Attributes:
        low: (1, C, H, W) the frame's features, kept because its memory is encoded only when tracking goes on.
        prediction: one candidate of low-res logits, holes filled.
        is_prompted: whether it will be remembered as a prompted frame or, as a correction, as a recent one.
    """

    low: Tensor
    prediction: MaskPrediction
    is_prompted: bool


@dataclass
class Track:
    """Everything of one object; removing the object is removing this."""

    object_id: int
    memory: MemoryBank
    drafts: dict[int, Draft] = field(default_factory=dict)
    tracked: dict[int, Step] = field(default_factory=dict)  # frames tracked so far, and in which direction

    @property
    def prompted_frames(self) -> tuple[int, ...]:
        """The frames that are read for good, in order of time."""
        drafts = {frame_index for frame_index, draft in self.drafts.items() if draft.is_prompted}
        return tuple(sorted(drafts | self.memory.prompted.keys()))

    def shown_on(self, frame_index: int) -> tuple[Tensor, Tensor] | None:
        """Low-res logits (1, 1, S/4, S/4) and object score (1, 1) last found on a frame, if any."""
        if draft := self.drafts.get(frame_index):
            return draft.prediction.mask_logits, draft.prediction.object_score_logits
        if memory := self.memory.of_frame(frame_index):
            return memory.mask_logits, memory.object_score_logits
        return None


class VideoPredictor:
    """The tracking session of one clip. Frames are handed in; nothing is read from disk.

    Args:
        model: the network; shared by any number of predictors.
        size: (height, width) of the clip's frames [px].
        num_frames: length of the clip, if known. Clips under 16 frames are tracked a little differently, as in the
            reference, which scales the distances of object pointers by it.
        options: how to track.
        budget: how much is done at once; what suits the model's device by default. It shrinks where memory runs out.

    Attributes:
        notices: sentences for the person about what had to shrink.
    """

    def __init__(
        self,
        model: SAM2,
        size: tuple[int, int],
        num_frames: int | None = None,
        options: TrackingOptions | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.model = model
        self.size = size
        self.num_frames = num_frames
        self.options = options or TrackingOptions()
        self.tracks: dict[int, Track] = {}
        self.budget = budget or Budget.of_device(model.device)
        self.notices: list[str] = []
        self._features = FrameFeatures(model)
        self._motion = Motion()

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The objects, in the order they were added."""
        return tuple(self.tracks)

    @torch.inference_mode()
    def prepare(self, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        """Encode a frame before anything is asked about it; the next question about it then costs no encoder.

        Args:
            frame_index: counted from 0.
            pixels: (H, W, 3) uint8 RGB of that frame.

        Raises:
            ValueError: the frame has another size than the clip.
        """
        self._check_frame(frame_index, pixels)
        self._afford(self._features.of, frame_index, pixels)

    @torch.inference_mode()
    def suggest(self, frame_index: int, pixels: NDArray[np.uint8], prompt: Prompt, *, multimask: bool = True) -> Tensor:
        """What a prompt would take if the frame were a still, remembering nothing.

        Args:
            frame_index: counted from 0.
            pixels: (H, W, 3) uint8 RGB of that frame.
            prompt: what is said about one object.
            multimask: three candidates, which is best where a prompt is ambiguous (one click), or one.

        Returns:
            Logits (M, H, W), also where the model takes the object for hidden.

        Raises:
            PromptError: the prompt lies outside the frame.
            ValueError: the frame has another size than the clip.
        """
        prompt.check_inside(self.size)
        self.prepare(frame_index, pixels)
        features = self._features.of(frame_index, pixels)
        conditioned = self.model.condition(features.low, [Recall([], [])], self.num_frames)
        decoded = self.model.decode(features, conditioned, self._prompt_tensors(prompt, None))
        return resize_logits(self.model.choose(decoded, multimask=multimask).mask_logits, self.size)[0]

    @torch.inference_mode()
    def add_prompt(self, object_id: int, frame_index: int, pixels: NDArray[np.uint8], prompt: Prompt) -> FrameMasks:
        """Say what an object is on a frame, or correct what was found there.

        A second prompt on the same frame refines the first one's mask. To take clicks back, call `clear_prompts`
        and give the remaining ones again.

        Args:
            object_id: a new id adds an object, also after tracking began.
            frame_index: counted from 0.
            pixels: (H, W, 3) uint8 RGB of that frame.
            prompt: all that is said about the object on this frame so far.

        Returns:
            The masks of all objects on this frame; empty where nothing is known of an object there.

        Raises:
            PromptError: the prompt lies outside the frame.
            ValueError: the frame has another size than the clip.
        """
        prompt.check_inside(self.size)
        self._look_at(frame_index, pixels)
        track = self.tracks.get(object_id) or Track(object_id, MemoryBank(self.options.keep_recent))
        is_first = frame_index not in track.tracked
        low, prediction = self._afford(self._answer, track, frame_index, pixels, prompt)
        masks = fill_holes(prediction.best(), self.options.fill_hole_area)
        is_prompted = is_first or self.options.corrections_are_prompts
        track.drafts[frame_index] = Draft(low, prediction._replace(mask_logits=masks), is_prompted)
        self.tracks[object_id] = track
        return self._afford(self.masks_on, frame_index)

    @torch.inference_mode()
    def track(self, frame_index: int, pixels: NDArray[np.uint8], step: Step = 1) -> FrameMasks:
        """Find every object on the next frame.

        Args:
            frame_index: counted from 0; call frame after frame, in the direction of `step`.
            pixels: (H, W, 3) uint8 RGB of that frame.
            step: +1 forwards in time, -1 backwards.

        Returns:
            The masks of all objects; a frame that was prompted shows the prompted mask.

        Raises:
            PromptError: no object has a prompt.
            ValueError: the frame has another size than the clip.
        """
        if not self.tracks:
            raise PromptError("There is nothing to track yet; click an object on a frame first.")
        self._look_at(frame_index, pixels)
        self._afford(self._remember_drafts)
        waiting = [track for track in self.tracks.values() if frame_index not in track.memory.prompted]
        while waiting:
            done = self._afford(self._track_some, frame_index, pixels, waiting, step)
            waiting = [track for track in waiting if track.object_id not in done]
        for track in self.tracks.values():
            track.tracked[frame_index] = step
        return self._afford(self.masks_on, frame_index)

    def propagate(self, frames: Iterable[tuple[int, NDArray[np.uint8]]], step: Step = 1) -> Iterator[FrameMasks]:
        """Track over many frames, one at a time; stop iterating to cancel.

        Args:
            frames: (frame_index, pixels) in the order of `step`.
            step: +1 forwards in time, -1 backwards.

        Yields:
            The masks of each frame.
        """
        coming = iter(frames)
        group = list(islice(coming, self.budget.look_ahead))
        while group:
            following: list[NumberedFrame] = []
            if len(group) > 1:
                self._encode_ahead(group)
                following = list(islice(coming, self.budget.look_ahead))
                self._features.announce(following)  # they travel while these are tracked
            for frame_index, pixels in group:
                yield self.track(frame_index, pixels, step)
            group = following or list(islice(coming, self.budget.look_ahead))

    def masks_on(self, frame_index: int) -> FrameMasks:
        """What is known of every object on a frame, without looking at it again; empty where nothing is."""
        if not self.tracks:
            return FrameMasks(frame_index, (), torch.zeros(0, *self.size), torch.zeros(0))
        side = self.model.config.low_res_size
        unknown = (torch.full((1, 1, side, side), NO_OBJECT_LOGIT), torch.full((1, 1), NO_OBJECT_LOGIT))
        shown = [track.shown_on(frame_index) or unknown for track in self.tracks.values()]
        masks = torch.cat([logits.to(self.model.device) for logits, _ in shown])
        scores = torch.cat([score.to(self.model.device) for _, score in shown])
        full = resize_logits(masks, self.size)[:, 0]
        if self.options.non_overlapping:
            full = without_overlap(full)
        return FrameMasks(frame_index, self.object_ids, full, scores[:, 0])

    def clear_prompts(self, object_id: int, frame_index: int) -> None:
        """Take back what was said about an object on a frame; an object with no prompt left is removed.

        Raises:
            PromptError: there is no such object.
        """
        track = self._track_of(object_id)
        track.drafts.pop(frame_index, None)
        if frame_index in track.memory.prompted:
            track.memory.demote(frame_index)
            track.tracked.pop(frame_index, None)
        if not track.prompted_frames:
            del self.tracks[object_id]

    def remove(self, object_id: int) -> None:
        """Forget an object; the others are not touched.

        Raises:
            PromptError: there is no such object.
        """
        self._track_of(object_id)
        del self.tracks[object_id]

    def reset(self) -> None:
        """Forget all objects; the clip stays."""
        self.tracks.clear()

    def _track_of(self, object_id: int) -> Track:
        if object_id not in self.tracks:
            known = ", ".join(map(str, self.tracks)) or "none"
            raise PromptError(f"There is no object {object_id}; known objects: {known}.")
        return self.tracks[object_id]

    def _look_at(self, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        """Check a frame, and remember of it what the next one's motion is told by."""
        self._check_frame(frame_index, pixels)
        if self.model.config.refines_last_mask:
            self._motion.see(frame_index, pixels)

    def _check_frame(self, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        if pixels.shape[:2] != self.size:
            raise ValueError(f"Frame {frame_index} has size {pixels.shape[:2]}; the clip has {self.size}.")
        if frame_index < 0 or (self.num_frames is not None and frame_index >= self.num_frames):
            last = "" if self.num_frames is None else f" to {self.num_frames - 1}"
            raise ValueError(f"Frame {frame_index} is not in the clip; frames count from 0{last}.")

    @torch.inference_mode()
    def _encode_ahead(self, group: Sequence[NumberedFrame]) -> None:
        """Encode the coming frames in one batch, but for those that are prompted: they will not be looked at."""
        needed = [
            frame
            for frame in group
            if any(
                frame[0] not in track.memory.prompted and frame[0] not in track.drafts for track in self.tracks.values()
            )
        ]
        if len(needed) > 1 and self.budget.look_ahead > 1:
            try:
                self._features.encode(needed)
            except RuntimeError as error:
                if not is_memory_full(error):
                    raise
                self._save_memory()  # the frames are encoded one by one when their turn comes

    def _afford(self, work: Callable[..., _Result], *arguments: Any) -> _Result:
        """Do some work; where the device's memory runs out, do it again with less at once."""
        while True:
            try:
                return work(*arguments)
            except RuntimeError as error:
                if not is_memory_full(error) or not self._save_memory():
                    raise

    def _save_memory(self) -> bool:
        """Free what can be made again and shrink the budget; False where nothing is left to shrink."""
        self._features.forget()
        notice = self.budget.shrink()
        if notice is not None:
            self.notices.append(notice)
            logger.warning(notice)
        if self.budget.memories_on_cpu:
            for track in self.tracks.values():
                track.memory.move(torch.device("cpu"))
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.model.device.type == "mps":
            torch.mps.empty_cache()
        return notice is not None

    def _answer(
        self, track: Track, frame_index: int, pixels: NDArray[np.uint8], prompt: Prompt
    ) -> tuple[Tensor, MaskPrediction]:
        """What the network makes of a prompt, and the frame's features (1, C, H, W) on which it stands."""
        features = self._features.of(frame_index, pixels)
        if prompt.mask is not None:
            return features.low, self.model.take_mask(features, self._model_mask(prompt.mask))
        # A frame not yet tracked is looked at by itself, like a still; a tracked one is corrected, so what is
        # remembered of the object counts.
        step = track.tracked.get(frame_index)
        recall = Recall([], []) if step is None else track.memory.recall(frame_index, self.model.config, step)
        tensors = self._prompt_tensors(prompt, track.shown_on(frame_index))
        conditioned = self.model.condition(features.low, [recall], self.num_frames)
        is_ambiguous = tensors.labels.shape[1] <= 1 and not self.model.config.answers_with_first
        return features.low, self.model.segment(features, conditioned, tensors, multimask=is_ambiguous)

    def _prompt_tensors(self, prompt: Prompt, shown: tuple[Tensor, Tensor] | None) -> PromptTensors:
        """A prompt in the model's square, with the mask shown so far as the one to refine."""
        corners = [] if prompt.box is None else [prompt.box[:2], prompt.box[2:]]
        labels = ([] if prompt.box is None else [2, 3]) + list(prompt.labels)
        height, width = self.size
        points = torch.tensor([[*corners, *prompt.points]], dtype=torch.float32)
        points = points / torch.tensor((width, height)) * self.model.config.image_size
        device = self.model.device
        mask = None if shown is None else shown[0].to(device).clamp(-_REFINED_LOGIT, _REFINED_LOGIT)
        return PromptTensors(points.to(device), torch.tensor([labels], dtype=torch.int32, device=device), mask)

    def _model_mask(self, mask: NDArray[np.bool_]) -> Tensor:
        """A mask of the clip's size in the model's square → (1, 1, S, S) bool."""
        side = self.model.config.image_size
        given = torch.from_numpy(mask)[None, None].to(self.model.device).float()
        if given.shape[-2:] == (side, side):
            return given > 0
        return F.interpolate(given, size=(side, side), mode="bilinear", antialias=True) >= 0.5

    def _remember_drafts(self) -> None:
        """Clicking is over for now: turn every draft into a memory."""
        for track in self.tracks.values():
            for frame_index, draft in track.drafts.items():
                memory = self._memory(frame_index, draft.low, draft.prediction, self.options.binarize_prompted_masks)
                # A prompted frame stays one when it is corrected (the reference drops the correction in that case).
                is_prompted = draft.is_prompted or frame_index in track.memory.prompted
                track.memory.remember(memory, is_prompted=is_prompted)
                if self.options.forget_around_prompts:
                    track.memory.forget_around(frame_index, reach=self.model.config.memory_frames)
            track.drafts.clear()

    def _memory(self, frame_index: int, low: Tensor, prediction: MaskPrediction, binarize: bool) -> FrameMemory:
        """The memory of one object on one frame; `prediction` holds one object and one candidate."""
        masks, score = prediction.mask_logits, prediction.object_score_logits
        features = self.model.encode_memory(low, masks, score, binarize=binarize)
        # bfloat16 as in the reference: half the memory, and the same values on every device.
        return self._stored(
            FrameMemory(frame_index, features.to(torch.bfloat16), prediction.object_pointer, masks, score)
        )

    def _stored(self, memory: FrameMemory) -> FrameMemory:
        return memory.to(torch.device("cpu")) if self.budget.memories_on_cpu else memory

    def _track_some(
        self, frame_index: int, pixels: NDArray[np.uint8], waiting: Sequence[Track], step: Step
    ) -> set[int]:
        """Track the objects whose memories are shaped like the first one's, as many as the budget has it; their ids."""
        recalls = [(track, track.memory.recall(frame_index, self.model.config, step)) for track in waiting]
        shape = recalls[0][1].shape
        batch = [each for each in recalls if each[1].shape == shape][: self.budget.objects_at_once]
        self._track_batch(frame_index, self._features.of(frame_index, pixels), batch, step)
        return {track.object_id for track, _ in batch}

    def _track_batch(
        self, frame_index: int, features: ImageFeatures, batch: Sequence[tuple[Track, Recall]], step: Step
    ) -> None:
        """Segment some objects on a frame by their memories alone, and remember what was found."""
        recalls = [recall for _, recall in batch]
        begun = self._features.begun(frame_index)
        conditioned = self.model.condition(features.low, recalls, self.num_frames, begun)
        is_ambiguous = not self.model.config.answers_with_first
        last = self.model.last_masks(recalls)
        if last is not None and last.mask_logits is not None:
            brought = self._motion.bring(last.mask_logits, frame_index - step, frame_index)
            last = last._replace(mask_logits=brought)
        prediction = self.model.segment(features, conditioned, last, multimask=is_ambiguous)
        best, pointers, scores = prediction.best(), prediction.object_pointer, prediction.object_score_logits
        memories = self.model.encode_memory(features.low, best, scores, binarize=False).to(torch.bfloat16)
        shown = fill_holes(best, self.options.fill_hole_area)
        for row, (track, _) in enumerate(batch):
            one = slice(row, row + 1)
            # Copies, because a view would keep the whole batch alive for as long as its longest-lived row.
            parts = (memories, pointers, shown, scores)
            memory = self._stored(FrameMemory(frame_index, *(part[one].clone() for part in parts)))
            track.memory.remember(memory, is_prompted=False)
