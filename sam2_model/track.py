"""Everything that is known of one object: answers to prompts, and memories."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from .memory_bank import MemoryBank, Step
from .results import MaskPrediction


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
