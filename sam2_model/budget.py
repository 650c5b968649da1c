"""How much a predictor does at once, and how it makes do with less where the device's memory is full."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_SMALL_INPUT = 512  # [px] larger ones keep all threads busy with one product


@dataclass
class Budget:
    """What costs memory and buys speed; never changes a mask by more than rounding.

    Attributes:
        look_ahead: frames that `propagate` encodes in one batch before it tracks through them.
        objects_at_once: objects that are tracked in one batch.
        side_by_side: `propagate` computes coming frames and objects side by side, each on its share of torch's threads.
        memories_on_cpu: what is remembered waits in the computer's own memory until it is read.
    """

    look_ahead: int
    objects_at_once: int
    side_by_side: bool = False
    memories_on_cpu: bool = False

    @classmethod
    def suiting(cls, device: torch.device, image_size: int) -> Budget:
        """What is quick on a device with inputs of that side [px]; on a CPU several small products beat a large one."""
        if device.type != "cpu":
            return cls(look_ahead=4, objects_at_once=16)
        return cls(look_ahead=1, objects_at_once=1, side_by_side=image_size <= _SMALL_INPUT)

    def shrink(self) -> str | None:
        """Take the next saving, the cheapest first.

        Returns:
            A sentence that says which, or None where there is nothing left to save.
        """
        if self.look_ahead > 1:
            self.look_ahead //= 2
            return f"The device's memory is full: frames are encoded {self.look_ahead} at a time from here."
        if not self.memories_on_cpu:
            self.memories_on_cpu = True
            return "The device's memory is full: what is remembered of the clip moves to the computer's own memory."
        if self.objects_at_once > 1:
            self.objects_at_once //= 2
            return f"The device's memory is full: objects are tracked {self.objects_at_once} at a time from here."
        return None


def is_memory_full(error: RuntimeError) -> bool:
    """Whether an error says that the device's memory is full; on MPS, and inside CUDA's libraries, it has no class."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()
