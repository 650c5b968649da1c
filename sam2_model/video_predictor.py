"""Tracks any number of objects through one clip, frame by frame, in bounded memory."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .budget import Budget, is_memory_full
from .mask_ops import resize_logits, without_overlap
from .memory_bank import MemoryBank, Step
from .model import SAM2
from .preprocessing import check_pixels
from .prompts import Prompt, PromptError
from .results import NO_OBJECT_LOGIT, FrameMasks
from .segmenter import Segmenter
from .side_by_side import SideBySide, num_threads
from .track import Track
from .tracking_options import TrackingOptions
from .uploads import NumberedFrame

logger = logging.getLogger(__name__)

_ENCODED_AHEAD = 2  # frames: with one, an encoder that takes longer than all objects would be waited for

_Result = TypeVar("_Result")


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
        self.budget = budget or Budget.suiting(model.device, model.config.image_size)
        self.notices: list[str] = []
        self._segmenter = Segmenter(model, size, num_frames, self.options, self.budget)

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
        self._afford(self._segmenter.features.of, frame_index, pixels)

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
        return self._segmenter.suggest(frame_index, pixels, prompt, multimask=multimask)

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
        self._check_frame(frame_index, pixels)
        if self.model.config.refines_last_mask:
            self._segmenter.motion.keep(frame_index, pixels)
        track = self.tracks.get(object_id) or Track(object_id, MemoryBank(self.options.keep_recent))
        track.drafts[frame_index] = self._afford(self._segmenter.answer, track, frame_index, pixels, prompt)
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
        waiting = self._begin_frame(frame_index, pixels)
        while waiting:
            done = self._afford(self._segmenter.track_some, frame_index, pixels, waiting, step)
            waiting = [track for track in waiting if track.object_id not in done]
        return self._end_frame(frame_index, step)

    def _begin_frame(self, frame_index: int, pixels: NDArray[np.uint8]) -> list[Track]:
        """Turn to the next frame → the objects to be found there."""
        if not self.tracks:
            raise PromptError("There is nothing to track yet; click an object on a frame first.")
        self._check_frame(frame_index, pixels)
        if self.model.config.refines_last_mask:
            self._segmenter.motion.see(frame_index, pixels)
        self._afford(self._segmenter.remember_drafts, self.tracks.values())
        return [track for track in self.tracks.values() if frame_index not in track.memory.prompted]

    def _end_frame(self, frame_index: int, step: Step) -> FrameMasks:
        for track in self.tracks.values():
            track.tracked[frame_index] = step
        return self._afford(self.masks_on, frame_index)

    def propagate(
        self, frames: Iterable[tuple[int, NDArray[np.uint8]]], step: Step = 1
    ) -> Generator[FrameMasks, None, None]:
        """Track over many frames, one at a time; close it to cancel.

        Between two frames objects may be added, corrected and removed: it counts from the next frame on.

        Args:
            frames: (frame_index, pixels) in the order of `step`.
            step: +1 forwards in time, -1 backwards.

        Yields:
            The masks of each frame.
        """
        pieces = min(num_threads(), 1 + len(self.tracks))
        # torch chooses number types by itself on the caller's thread alone.
        if self.budget.side_by_side and pieces > 1 and not torch.is_autocast_enabled("cpu"):
            with SideBySide(pieces) as beside:
                yield from self._propagate_beside(beside, frames, step)
            return
        coming = iter(frames)
        group = list(islice(coming, self.budget.look_ahead))
        while group:
            following: list[NumberedFrame] = []
            if len(group) > 1:
                self._encode_ahead(group)
                following = list(islice(coming, self.budget.look_ahead))
                self._segmenter.features.announce(following)  # they travel while these are tracked
            for frame_index, pixels in group:
                yield self.track(frame_index, pixels, step)
            group = following or list(islice(coming, self.budget.look_ahead))

    def _propagate_beside(
        self, beside: SideBySide, frames: Iterable[NumberedFrame], step: Step
    ) -> Iterator[FrameMasks]:
        """Objects are found side by side, while coming frames are encoded."""
        coming = iter(frames)
        ahead: deque[NumberedFrame] = deque()
        try:
            self._encode_beside(beside, coming, ahead)
            while ahead:
                frame_index, pixels = ahead.popleft()
                with torch.inference_mode():
                    waiting = self._begin_frame(frame_index, pixels)
                    begun = self._segmenter.track_beside(beside, frame_index, pixels, waiting, step)
                self._encode_beside(beside, coming, ahead)  # after the objects, which are waited for
                for each in begun:
                    each.result()
                with torch.inference_mode():
                    found = self._end_frame(frame_index, step)
                yield found
        finally:
            self._segmenter.features.drop_coming()

    def _encode_beside(self, beside: SideBySide, coming: Iterator[NumberedFrame], ahead: deque[NumberedFrame]) -> None:
        """Fill up what is encoded ahead."""
        for frame_index, pixels in islice(coming, _ENCODED_AHEAD - len(ahead)):
            self._check_frame(frame_index, pixels)
            if self._is_looked_at(frame_index):
                self._segmenter.features.encode_beside(beside, frame_index, pixels)
            ahead.append((frame_index, pixels))

    def _is_looked_at(self, frame_index: int) -> bool:
        """Whether tracking will look at a frame: not where all objects are prompted."""
        tracks = self.tracks.values()
        return any(frame_index not in track.memory.prompted and frame_index not in track.drafts for track in tracks)

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

    def _check_frame(self, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        check_pixels(pixels)
        if pixels.shape[:2] != self.size:
            raise ValueError(f"Frame {frame_index} has size {pixels.shape[:2]}; the clip has {self.size}.")
        if frame_index < 0 or (self.num_frames is not None and frame_index >= self.num_frames):
            last = "" if self.num_frames is None else f" to {self.num_frames - 1}"
            raise ValueError(f"Frame {frame_index} is not in the clip; frames count from 0{last}.")

    @torch.inference_mode()
    def _encode_ahead(self, group: Sequence[NumberedFrame]) -> None:
        """Encode the coming frames in one batch, but for those that are prompted: they will not be looked at."""
        needed = [frame for frame in group if self._is_looked_at(frame[0])]
        needed = needed[: self.budget.look_ahead]  # it may have shrunk since the group was read
        if len(needed) > 1:
            try:
                self._segmenter.features.encode(needed)
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
        self._segmenter.features.forget()
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
