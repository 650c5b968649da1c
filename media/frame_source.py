"""Where the frames of a clip come from: what a video and a row of images have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from media.clip_facts import ClipFacts
from media.frame import Picture


class FrameSource(Protocol):
    """Touches the raw bytes of a clip, so that nothing else has to. Lives in the process that decodes."""

    facts: ClipFacts

    def decode(self, start: int) -> Iterator[tuple[int, Picture]]:
        """Yield (index, picture) of every frame from `start` on, in order, one at a time, of `facts.size`."""
        ...

    def frame(self, index: int) -> Picture:
        """One frame: exactly the one that `decode` yields at that place."""
        ...
