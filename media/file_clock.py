"""The clock of a video file: what a tick is, when the file begins, and how far apart its frames usually are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from av.video.stream import VideoStream

ROUNDING_OF_START = Fraction(2, 1_000_000)
"""A container's start is given in whole microseconds [s]."""


@dataclass(frozen=True)
class FileClock:
    """Asked anew each time, because FFmpeg learns more of a file as it is read."""

    container: InputContainer
    stream: VideoStream

    @property
    def time_base(self) -> Fraction:
        """A tick of the frames' stamps [s]."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def usual_interval(self) -> Fraction:
        """Between two frames, as far as the file says [s]."""
        return 1 / Fraction(self.stream.average_rate or self.stream.guessed_rate or 25)

    def start(self, first: Fraction) -> Fraction:
        """When the container begins, sound included; where it does not say, with its first frame [s]."""
        start = self.container.start_time
        return first if start is None else Fraction(start, av.time_base)

    def origin(self, first: Fraction) -> Fraction:
        """Where times are counted from: the container's start, so that a picture that starts late stays late [s]."""
        start = self.start(first)
        return first if abs(start - first) <= ROUNDING_OF_START else min(start, first)
