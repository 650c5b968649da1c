"""Writes a clip in any format with the times, the colours, the sound and the tags of its source."""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np

from media.carried_over import PLACE
from media.errors import MediaError
from media.format import Format
from media.formats import H264
from media.frame import Picture
from media.frame_sink import FrameSink, Sending, open_sink
from media.hidden_colors import without_hidden_colors
from media.part_file import PartFile
from media.planes import Planes
from media.video_clip import VideoClip

FINEST_TICK = 90_000
"""Times are written in units of at most 1/90000 s, so that none is off by more than 6 µs."""

LARGEST_TIMESCALE = 10_000_000

SLOWEST = Fraction(1, 1000)
"""The least rate that is said to an encoder [frames a second]."""

MOST_HELD_BACK = 2
"""So many frames an encoder holds back to store them in another order."""


class VideoWriter:
    """Writes frames to a file that appears only when it is whole.

    Used as a context manager: when the block ends without an error the file is checked and put in
    its place; when it ends with one (also a cancel), the encoder is stopped and nothing is left.

    An odd width or height, which some encoders cannot hold, grows by one pixel: the last column or
    row is repeated, so that no content is lost and masks stay in place.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        like: VideoClip,
        format: Format = H264,
        size: tuple[int, int] | None = None,
        frames: range | None = None,
        keeps_location: bool = False,
    ) -> None:
        """Prepare to write; the encoder starts with the first frame.

        Args:
            path: the file to write.
            like: the source. Gives the size, the sound, the tags and how long the last frame is shown.
            format: what is written; `media.formats` lists them.
            size: (height, width) [px] of the frames that will come, where it is not the source's.
            frames: those of the source that will come, one after the other; the file begins with the first of them,
                and the sound with it. None: all of the clip, or some of them at their times in the whole.
            keeps_location: whether the place where the source was taken is told in the result too.

        Raises:
            MediaError: the path is that of the source, or cannot be written.
        """
        self.path = Path(path).absolute()
        PartFile(self.path).close()  # what cannot be written is refused now, not after an hour
        if self.path.exists() and like.path.exists() and os.path.samefile(self.path, like.path):
            raise MediaError("The result cannot replace the clip it is made from; please choose another name.")
        self._clip = like
        self._format = format
        self._keeps_location = keeps_location
        self._height, self._width = size or like.size
        chosen = range(like.num_frames) if frames is None else frames
        self._origin = like.times[chosen.start] if chosen.start else Fraction(0)
        self._stop = like.times[chosen.stop] if chosen.stop < like.num_frames else None
        self._times = tuple(time - self._origin for time in like.times[chosen.start : chosen.stop])
        self._timescale = _timescale(self._times)
        self._first: Fraction | None = None
        self._last_slot = -1
        self._last = Fraction(-1)
        self._ticks: list[int] = []
        self._part: PartFile | None = None
        self._sink: FrameSink | None = None
        self._is_finished = False

    def write(self, picture: Picture, time: Fraction) -> None:
        """Write the next frame.

        Args:
            picture: (H, W, 3) uint8 RGB of the source's size; in a format with alpha also (H, W, 4), straight alpha.
                A frame on which nothing is drawn is best handed on as its `picture`, which may be in planes.
                Colours under full transparency are not written: they would still be in the file for all to see.
            time: when the source shows it, later than the frame before [s].

        Raises:
            ValueError: shape, dtype or time is not as said.
            MediaError: the encoder has failed; leave the block.
        """
        self._check(picture)
        time -= self._origin
        if time < 0 or time <= self._last or round(time * self._timescale) in self._ticks[-1:]:
            raise ValueError(
                f"A frame at {float(time)} s came, but it must lie after the one before, and not before the first."
            )
        self._last = time
        if self._first is None:
            self._first = time
        if not self._is_due(time):
            return
        if not isinstance(picture, Planes) and picture.shape[2] == 4:
            # Exact pixels and hard edges need no colours beyond the edge.
            picture = without_hidden_colors(picture, goes_on=self._format.muxer not in ("zip", "gif"))
        if self._sink is None:
            self._sink = self._open_sink(time)
        tick = round(time * self._timescale)
        self._sink.write(picture, tick)
        self._ticks.append(tick)

    def _check(self, picture: Picture) -> None:
        channels = (3, 4) if self._format.has_alpha else (3,)
        if isinstance(picture, Planes):
            shape, dtype = (*picture.size, 3), picture.data.dtype
        else:
            shape, dtype = picture.shape, picture.dtype
        if shape not in [(self._height, self._width, each) for each in channels] or dtype != np.uint8:
            raise ValueError(
                f"A frame of shape {shape} and type {dtype} came, "
                f"but ({self._height}, {self._width}, {' or '.join(map(str, channels))}) and uint8 are wanted."
            )

    def finishing(self) -> Iterator[None]:
        """Make the file whole, yielding several times a second, so that the caller can tell or stop meanwhile.

        Leaving the block does the same without a word.

        Raises:
            MediaError: the encoder failed, or its file is not what was written.
        """
        if self._sink is None or self._part is None:
            raise MediaError("No frame was written, so there is no video; please choose at least one frame.")
        yield from self._sink.finish(self._ticks, self._end())
        self._part.commit()
        self._is_finished = True

    def _is_due(self, time: Fraction) -> bool:
        """Whether a frame is written in a format that takes only so many a second."""
        if self._format.most_fps is None or self._first is None:
            return True
        slot = math.floor((time - self._first) * self._format.most_fps)
        is_due = slot > self._last_slot
        self._last_slot = max(slot, self._last_slot)
        return is_due

    def _end(self) -> Fraction:
        """When the last frame that came ends, counted from where the file begins [s]."""
        following = bisect_right(self._times, self._last)
        if following < len(self._times):
            return self._times[following]
        return max((self._stop or self._clip.duration) - self._origin, self._last)

    def _open_sink(self, first: Fraction) -> FrameSink:
        clip, target = self._clip, self._format
        # The last frame's duration has no place in the stream: the encoder takes it from the rate.
        # It is bounded, because H.264 also derives from it how fast a player must be.
        last = clip.facts.last_frame_duration if self._stop is None else self._stop - self._origin - self._times[-1]
        rate = min(max(1 / last, SLOWEST), max(2 * clip.fps, Fraction(60)))
        sending = Sending(
            target,
            size=target.size((self._height, self._width)),
            picture_size=target.picture_size((self._height, self._width)),
            timescale=self._timescale,
            rate=rate.limit_denominator(1001),
            first=first,
            may_reorder=_begins_as_it_ends(self._times),
            sound=clip.sound(self._origin, self._stop) if target.sound else None,
            tags=tuple(tag for tag in clip.facts.tags if self._keeps_location or tag[0] != PLACE),
        )
        self._part = PartFile(self.path)
        return open_sink(self._part, sending)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self._is_finished:
                for _ in self.finishing():
                    pass
        finally:
            if self._sink is not None:
                self._sink.close()
            if self._part is not None:
                self._part.close()


def _timescale(times: tuple[Fraction, ...]) -> int:
    """Units a second in which all `times` are whole, or the finest that is sensible."""
    exact = math.lcm(*{time.denominator for time in times})
    if exact > LARGEST_TIMESCALE:
        return FINEST_TICK
    return exact * math.ceil(FINEST_TICK / exact)


def _begins_as_it_ends(times: tuple[Fraction, ...]) -> bool:
    """Whether the first frames come as fast as the last ones, within a millisecond.

    An encoder that stores frames in another order stamps the first ones early by what it holds back. MP4 adds up the
    stamps to the track's length, which then is wrong by the difference: 5.6 s instead of 11.2 where frames come ever
    slower.
    """
    if len(times) <= MOST_HELD_BACK:
        return len(times) == 1
    held = range(1, MOST_HELD_BACK + 1)
    return all(abs((times[-1] - times[-1 - each]) - (times[each] - times[0])) <= Fraction(1, 1000) for each in held)
