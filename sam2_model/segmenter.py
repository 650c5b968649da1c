"""The network at work on one frame: it answers prompts, finds objects by their memories, and remembers them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .budget import Budget
from .frame_features import FrameFeatures
from .image_encoder import ImageFeatures
from .mask_ops import fill_holes, resize_logits
from .memory_bank import FrameMemory, Recall, Step
from .model import SAM2
from .motion import Motion
from .preprocessing import as_tensor
from .prompt_encoder import PromptTensors, prompt_tensors
from .prompts import Prompt
from .results import MaskPrediction
from .side_by_side import SideBySide
from .track import Draft, Track
from .tracking_options import TrackingOptions

_REFINED_LOGIT = 32.0  # an earlier mask goes back in with its logits clamped to ±32, as in the reference


class Segmenter:
    """Segments objects of one clip frame by frame; which objects there are is the predictor's to know.

    Args:
        model: the network.
        size: (height, width) of the clip's frames [px].
        num_frames: length of the clip, if known.
        options: how to track.
        budget: how much is done at once; whoever shares it may shrink it.

    Attributes:
        features: of the frames at hand.
        motion: of the frames seen last, where the model asks for it.
    """

    def __init__(
        self, model: SAM2, size: tuple[int, int], num_frames: int | None, options: TrackingOptions, budget: Budget
    ) -> None:
        self.model = model
        self.size = size
        self.num_frames = num_frames
        self.options = options
        self.budget = budget
        self.features = FrameFeatures(model)
        self.motion = Motion()

    def suggest(self, frame_index: int, pixels: NDArray[np.uint8], prompt: Prompt, *, multimask: bool) -> Tensor:
        """What a prompt would take if the frame were a still → logits (M, H, W)."""
        features = self.features.of(frame_index, pixels)
        conditioned = self.model.condition(features.low, [Recall([], [])], self.num_frames)
        decoded = self.model.decode(features, conditioned, self._prompt_tensors(prompt, None))
        return resize_logits(self.model.choose(decoded, multimask=multimask).mask_logits, self.size)[0]

    def answer(self, track: Track, frame_index: int, pixels: NDArray[np.uint8], prompt: Prompt) -> Draft:
        """What the network makes of a prompt, given what is known of the object."""
        features = self.features.of(frame_index, pixels)
        if prompt.mask is not None:
            prediction = self.model.take_mask(features, self._model_mask(prompt.mask))
        else:
            prediction = self._answer_clicks(track, frame_index, features, prompt)
        masks = fill_holes(prediction.best(), self.options.fill_hole_area)
        is_prompted = frame_index not in track.tracked or self.options.corrections_are_prompts
        return Draft(features.low, prediction._replace(mask_logits=masks), is_prompted)

    def _answer_clicks(self, track: Track, frame_index: int, features: ImageFeatures, prompt: Prompt) -> MaskPrediction:
        # A frame not yet tracked is looked at by itself, like a still; a tracked one is corrected, so what is
        # remembered of the object counts.
        step = track.tracked.get(frame_index)
        recall = Recall([], []) if step is None else track.memory.recall(frame_index, self.model.config, step)
        shown = track.shown_on(frame_index)
        mask = None if shown is None else shown[0].to(self.model.device).clamp(-_REFINED_LOGIT, _REFINED_LOGIT)
        tensors = self._prompt_tensors(prompt, mask)
        conditioned = self.model.condition(features.low, [recall], self.num_frames)
        is_ambiguous = tensors.labels.shape[1] <= 1 and not self.model.config.answers_with_first
        return self.model.segment(features, conditioned, tensors, multimask=is_ambiguous)

    def _prompt_tensors(self, prompt: Prompt, mask_logits: Tensor | None) -> PromptTensors:
        side = self.model.config.image_size
        return prompt_tensors(prompt, self.size, side, device=self.model.device, mask_logits=mask_logits)

    def _model_mask(self, mask: NDArray[np.bool_]) -> Tensor:
        """A mask of the clip's size in the model's square → (1, 1, S, S) bool."""
        side = self.model.config.image_size
        given = as_tensor(mask)[None, None].to(self.model.device).float()
        if given.shape[-2:] == (side, side):
            return given > 0
        return F.interpolate(given, size=(side, side), mode="bilinear", antialias=True) >= 0.5

    def remember_drafts(self, tracks: Iterable[Track]) -> None:
        """Clicking is over for now: turn every draft into a memory."""
        for track in tracks:
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

    def track_some(self, frame_index: int, pixels: NDArray[np.uint8], waiting: Sequence[Track], step: Step) -> set[int]:
        """Track the objects whose memories are shaped like the first one's, as many as the budget has it; their ids."""
        recalls = [(track, track.memory.recall(frame_index, self.model.config, step)) for track in waiting]
        shape = recalls[0][1].shape
        batch = [each for each in recalls if each[1].shape == shape][: self.budget.objects_at_once]
        self._track_batch(frame_index, self.features.of(frame_index, pixels), batch, step)
        return {track.object_id for track, _ in batch}

    def track_beside(
        self, beside: SideBySide, frame_index: int, pixels: NDArray[np.uint8], waiting: Sequence[Track], step: Step
    ) -> list[Future[None]]:
        """Have each object tracked beside the others; over when all that is returned is done."""
        if not waiting:
            return []
        # What they share is made before they part.
        features = self.features.of(frame_index, pixels)
        self.features.begun(frame_index)
        if self.model.config.refines_last_mask:
            self.motion.flow(frame_index - step, frame_index)
        config = self.model.config
        batches = [[(track, track.memory.recall(frame_index, config, step))] for track in waiting]
        return [beside.begin(self._track_batch, frame_index, features, batch, step) for batch in batches]

    def _track_batch(
        self, frame_index: int, features: ImageFeatures, batch: Sequence[tuple[Track, Recall]], step: Step
    ) -> None:
        """Segment some objects on a frame by their memories alone, and remember what was found."""
        recalls = [recall for _, recall in batch]
        begun = self.features.begun(frame_index)
        conditioned = self.model.condition(features.low, recalls, self.num_frames, begun)
        is_ambiguous = not self.model.config.answers_with_first
        last = self.model.last_masks(recalls)
        if last is not None and last.mask_logits is not None:
            brought = self.motion.bring(last.mask_logits, frame_index - step, frame_index)
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
