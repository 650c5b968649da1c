"""Where the frames of a clip come from: what a video file and a folder of images have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from media.clip_facts import ClipFacts
from media.frame import Pixels


class FrameSource(Protocol):
    """Touches the raw bytes of a clip, so that nothing else has to.

    Its facts are plain values and its frames plain arrays: a source can live in another process.
    """

    facts: ClipFacts

    def decode(self, start: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (index, pixels) of every frame from `start` on, in order, one at a time.

        Pixels are (H, W, 3) uint8 RGB of `facts.size`.
        """
        ...

    def entry(self, index: int) -> int:
        """The frame, at or before `index`, at which decoding has to begin to reach `index`."""
        ...
