"""Doubts: the frames on which an object's track may be wrong, for a person to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from effects.path import Path

Reason = Literal["not tracked", "out of sight", "suddenly small", "jumps"]

SHRUNK = 0.5
"""An object of less than this share of its usual area is taken to be found in part only."""
_AROUND = 8
"""What is usual is measured over so many frames on both sides."""
_JUMP = 0.7
"""A centre that moves by more than this share of the object's size in one frame is another thing's, perhaps."""


@dataclass(frozen=True)
class Doubt:
    """Frames `start` to `stop` (not included) to look at, and why."""

    start: int
    stop: int
    reason: Reason

    def __str__(self) -> str:
        frames = f"frame {self.start}" if self.stop == self.start + 1 else f"frames {self.start}–{self.stop - 1}"
        return f"{frames}: {self.reason}"


def find_doubts(path: Path) -> tuple[Doubt, ...]:
    """The frames to check before a cover is trusted, in order, each run of frames with its reason.

    Args:
        path: of one object, as tracked; it says of each frame whether it was tracked at all.
    """
    reasons = [_reason(path, index) for index in range(len(path.sightings))]
    doubts: list[Doubt] = []
    for index, reason in enumerate(reasons):
        if reason is None:
            continue
        if doubts and doubts[-1].stop == index and doubts[-1].reason == reason:
            doubts[-1] = Doubt(doubts[-1].start, index + 1, reason)
        else:
            doubts.append(Doubt(index, index + 1, reason))
    return tuple(doubts)


def describe_doubts(doubts: Sequence[Doubt], name: str) -> str:
    """One sentence for the person: what to look at before the result is shown to anybody."""
    if not doubts:
        return f"{name} was found on every frame; still look at the result before you show it to anybody."
    return f"Please check {name} on " + ", ".join(str(each) for each in doubts) + "."


def is_shrunk(path: Path, index: int) -> bool:
    """Whether the object is suddenly much smaller than around this frame, so that part of it may be missing."""
    here = path.sightings[index]
    around = path.sightings[max(0, index - _AROUND) : index + _AROUND + 1]
    areas = [each.area for each in around if each is not None]
    return here is not None and len(areas) > 2 and here.area < SHRUNK * float(np.median(areas))


def _reason(path: Path, index: int) -> Reason | None:
    here = path.sightings[index]
    if not path.was_tracked(index):
        return "not tracked"
    if here is None:
        return "out of sight"
    if is_shrunk(path, index):
        return "suddenly small"
    before = path.sightings[index - 1] if index else None
    if before is not None:
        moved = math.hypot(here.x - before.x, here.y - before.y)
        if moved > _JUMP * math.sqrt(max(here.width * here.height, before.width * before.height)):
            return "jumps"
    return None
