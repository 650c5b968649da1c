"""What is known of a clip once all its frames were counted: plain values that any process can hold."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple


class Size(NamedTuple):
    """The displayed size of a clip [px]."""

    height: int
    width: int


class Part(NamedTuple):
    """The part of a file that makes the clip, from `start` to `stop` (None: its end) by the container's clock [s]."""

    start: Fraction = Fraction(0)
    stop: Fraction | None = None


@dataclass(frozen=True)
class ClipFacts:
    """What is true of a clip, counted by decoding it.

    Attributes:
        size: displayed size (height, width): upright, square pixels [px].
        times: when each frame is shown, strictly increasing, counted from the beginning of the clip, which
            is the container's start, or `cut` where only a part of the file is used [s].
        duration: when the last frame ends, counted in the same way [s].
        has_audio: whether there is sound that can be carried over.
        codec: name of the video codec, or "images" for pictures that are no video.
        cut: where in the file the clip begins, counted from the container's start; its sound begins there too [s].
        is_trimmed: whether the end of the file was left away, because of the limits or because a part was asked for.
        file_duration: how long the whole file says it is [s], or None; only for words and sliders: it may be wrong.
        tags: what the file tells of itself and a result may keep, (name, value); with the place, if it tells one.
        notices: sentences for the person about what was left away or may look wrong.
    """

    size: Size
    times: tuple[Fraction, ...]
    duration: Fraction
    has_audio: bool
    codec: str
    cut: Fraction = Fraction(0)
    is_trimmed: bool = False
    file_duration: Fraction | None = None
    tags: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def num_frames(self) -> int:
        """Number of frames that can be decoded."""
        return len(self.times)

    @property
    def start(self) -> Fraction:
        """When the first frame is shown [s]."""
        return self.times[0]

    @property
    def fps(self) -> Fraction:
        """Mean number of frames a second, over the time in which frames are shown."""
        return (self.num_frames / (self.duration - self.start)).limit_denominator(1001)

    @property
    def last_frame_duration(self) -> Fraction:
        """How long the last frame is shown [s]."""
        return self.duration - self.times[-1]

    @property
    def is_variable_rate(self) -> bool:
        """Whether the frames come at uneven times: some interval is more than 2 ms off the mean."""
        if self.num_frames < 3:
            return False
        mean = (self.times[-1] - self.times[0]) / (self.num_frames - 1)
        intervals = (later - earlier for earlier, later in pairwise(self.times))
        return any(abs(interval - mean) > Fraction(2, 1000) for interval in intervals)
