"""What a track remembers of one object, and which of it a frame gets to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from .config import SAM2Config

Step = Literal[1, -1]


@dataclass(frozen=True, eq=False)
class FrameMemory:
    """One object on one frame, as later frames will remember it.

    Attributes:
        frame_index: counted from 0.
        features: (1, Cm, H, W) spatial memory.
        pointer: (1, C) object pointer.
        mask_logits: (1, 1, S/4, S/4) the low-res mask, shown again or refined by later clicks.
        object_score_logits: (1, 1), above 0 where the object is visible.
    """

    frame_index: int
    features: Tensor
    pointer: Tensor
    mask_logits: Tensor
    object_score_logits: Tensor

    def to(self, device: torch.device) -> FrameMemory:
        """The same memory on a device."""
        parts = (self.features, self.pointer, self.mask_logits, self.object_score_logits)
        return FrameMemory(self.frame_index, *(part.to(device) for part in parts))


class Recall(NamedTuple):
    """The memories that one frame reads.

    Attributes:
        spatial: each memory with its row in the temporal embedding; row 0 is the frame just before,
            the last row belongs to prompted frames.
        pointers: each memory whose object pointer is read, with its distance in frames along the direction
            of tracking.
    """

    spatial: list[tuple[FrameMemory, int]]
    pointers: list[tuple[FrameMemory, int]]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of spatial memories and of pointers; objects of equal shape can be read in one batch."""
        return len(self.spatial), len(self.pointers)


@dataclass
class MemoryBank:
    """The memories of one object: prompted frames for good, recent frames until newer ones push them out.

    Attributes:
        keep_recent: how many recent frames stay, or None for all of them.
        prompted: by frame index.
        recent: by frame index, the one written longest ago first.
    """

    keep_recent: int | None
    prompted: dict[int, FrameMemory] = field(default_factory=dict)
    recent: dict[int, FrameMemory] = field(default_factory=dict)

    def remember(self, memory: FrameMemory, *, is_prompted: bool) -> None:
        """Take in a memory; it replaces what was known of that frame."""
        self.recent.pop(memory.frame_index, None)
        if is_prompted:
            self.prompted[memory.frame_index] = memory
            return
        self.recent[memory.frame_index] = memory
        if self.keep_recent is not None and len(self.recent) > self.keep_recent:
            self.recent.pop(next(iter(self.recent)))

    def of_frame(self, frame_index: int) -> FrameMemory | None:
        """What is known of a frame, if anything."""
        return self.prompted.get(frame_index) or self.recent.get(frame_index)

    def move(self, device: torch.device) -> None:
        """Bring all memories to a device."""
        for memories in (self.prompted, self.recent):
            memories.update({index: memory.to(device) for index, memory in memories.items()})

    def demote(self, frame_index: int) -> None:
        """A frame's prompts were taken back: its memory counts as a recent one."""
        if memory := self.prompted.pop(frame_index, None):
            self.remember(memory, is_prompted=False)

    def forget_around(self, frame_index: int, reach: int) -> None:
        """Drop recent memories within `reach` frames: after a correction they may tell the old story."""
        for near in range(frame_index - reach, frame_index + reach + 1):
            self.recent.pop(near, None)

    def recall(self, frame_index: int, config: SAM2Config, step: Step = 1) -> Recall:
        """Choose the memories that frame `frame_index` reads.

        Prompted frames are always read: the user said what is there. Of the frames the tracker filled in by
        itself only the nearest are, because older ones may have drifted.

        Args:
            frame_index: the frame about to be segmented, counted from 0.
            config: gives the number of memories (7) and of object pointers (16).
            step: +1 when tracking forwards in time, -1 when tracking backwards.

        Returns:
            The memories; empty where the bank is.
        """
        prompted_row = config.memory_frames - 1
        spatial = [(memory, prompted_row) for memory in self.prompted.values()]
        for distance in range(prompted_row, 0, -1):  # oldest first, as in training
            if memory := self.recent.get(frame_index - step * distance):
                spatial.append((memory, distance - 1))

        # A pointer from a prompt that lies ahead would leak the future into the past.
        pointers = [
            (memory, distance)
            for memory in self.prompted.values()
            if (distance := step * (frame_index - memory.frame_index)) >= 0
        ]
        for distance in range(1, config.pointer_frames):
            if memory := self.recent.get(frame_index - step * distance):
                pointers.append((memory, distance))
        return Recall(spatial, pointers)
