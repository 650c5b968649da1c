"""A video file as a source of frames: the only module that decodes a stranger's video to pictures."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

import av

from media.byte_view import ByteView
from media.clip_facts import ClipFacts
from media.errors import MediaError
from media.frame import Picture
from media.frame_filters import deinterlaced
from media.limits import Limits
from media.open_video import PacketReader, Threads, open_video
from media.picture import Developer
from media.sound_track import Samples, SoundForm, SoundOrder, read_sound
from media.video_index import VideoIndex

logger = logging.getLogger(__name__)

KEPT_BYTES = 64 * 2**20
"""Decoded frames that are kept beside the one asked for last, so that one can step back [bytes]."""


class VideoFile:
    """A video whose frames were counted; memory holds a few numbers a frame and the decoder's own frames."""

    def __init__(
        self, view: ByteView, limits: Limits, facts: ClipFacts, index: VideoIndex, on_packet: Callable[[], None]
    ) -> None:
        """Take up a video that `scan_video` has counted.

        Args:
            view: the file.
            limits: how large it may be.
            facts: what the scan found.
            index: where the frames are.
            on_packet: called for every packet, as a sign of life.
        """
        self.facts = facts
        self._view = view
        self._limits = limits
        self._index = index
        self._on_packet = on_packet
        self._threads: Threads = "SLICE" if index.is_damaged else "AUTO"
        self._index_of = {stamp: number for number, stamp in enumerate(index.stamps) if stamp is not None}
        # Only a sound file is entered in the middle: in a damaged one a frame's picture can
        # depend on where decoding began.
        self._can_enter = not index.is_damaged and _is_increasing(index.stamps)
        self._developer = Developer(index.upright)
        self._cursor: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._cursor_index = 0
        self._kept: OrderedDict[int, av.VideoFrame] = OrderedDict()
        height, width = index.upright.displayed
        self._most_kept = max(1, KEPT_BYTES // (2 * height * width))

    def decode(self, start: int) -> Iterator[tuple[int, Picture]]:
        """Yield (index, picture) from frame `start` to the last, as `FrameSource` asks.

        Raises:
            MediaError: a frame that could be decoded when the clip was opened no longer can.
        """
        expected = start
        for index, frame in self._stored(start):
            yield index, self._picture(index, frame)
            expected = index + 1
        if expected != self.facts.num_frames:
            raise MediaError(f"Frame {expected} can no longer be decoded; please open the clip again.")

    def frame(self, index: int) -> Picture:
        """One frame, from those kept, from where the last call stopped, or from the keyframe before it.

        Raises:
            MediaError: it can no longer be decoded.
        """
        if index not in self._kept:
            cursor, self._cursor = self._cursor, None  # kept only if it serves: one that has raised has ended
            entry = self._entry(index)
            if cursor is None or not entry <= self._cursor_index <= index:
                self._kept.clear()
                cursor = self._stored(max(entry, index + 1 - self._most_kept))
            for found, frame in cursor:
                self._kept[found] = frame
                if len(self._kept) > self._most_kept:
                    self._kept.popitem(last=False)
                if found == index:
                    self._cursor, self._cursor_index = cursor, index + 1
                    break
        if index not in self._kept:
            raise MediaError(f"Frame {index} can no longer be decoded; please open the clip again.")
        return self._picture(index, self._kept[index])

    def sound(self, start: Fraction, seconds: Fraction) -> Iterator[SoundForm | Samples]:
        """What the clip's sound is, then its samples, from `start` on for at most `seconds`; or nothing."""
        order = SoundOrder(self._index.origin + start, seconds, may_seek=self._index.seek is not None)
        return read_sound(self._view, self._limits, order, self._on_packet)

    def _picture(self, index: int, frame: av.VideoFrame) -> Picture:
        try:
            return self._developer.picture(frame)
        except MemoryError:
            raise
        except Exception as error:  # whatever the converter makes of a stranger's pixels
            logger.warning("frame %d cannot be converted: %s", index, error)
            raise MediaError("The colours of this clip are stored in a way that cannot be read.") from error

    def _entry(self, index: int) -> int:
        """The frame at or before `index` at which decoding has to begin, 0 where it is always the first."""
        return next((entry for entry, _ in self._entries(index)), 0)

    def _stored(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield whole frames with their index, from `start` on, before they are turned and converted."""
        if not self._index.is_interlaced:
            yield from self._numbered(start)
            return
        before = max(0, start - 1)  # the lines of each frame are filled in from those beside it
        for index, frame in deinterlaced(self._numbered(before)):
            if index >= start:
                yield index, frame

    def _numbered(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield stored frames with their index, from `start` on."""
        for keyframe, stamp in self._entries(start):
            frames = self._from_keyframe(stamp, start)
            first = next(frames, None)
            if first is not None and first[0] == start:
                yield first
                yield from frames
                return
            logger.debug("frame %d is not reached from keyframe %d", start, keyframe)
        yield from self._from_beginning(start)

    def _entries(self, start: int) -> list[tuple[int, int]]:
        """The keyframes from which frame `start` may be reached, the nearest first."""
        if not self._can_enter:
            return []
        keyframes = self._index.keyframes
        place = bisect_right(keyframes, start, key=lambda entry: entry[0])
        nearest = list(reversed(keyframes[max(0, place - 2) : place]))
        is_whole = self._index.num_skipped == 0 and self._index.seek is None
        return [entry for entry in nearest if entry[0] > 0 or not is_whole]

    def _from_keyframe(self, stamp: int, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Seek to a keyframe and decode from there; frames are known again by their time stamps."""
        with open_video(self._view, self._limits, self._threads) as (container, stream):
            try:
                container.seek(stamp, stream=stream)
            except av.FFmpegError as error:
                logger.debug("no seeking in this file: %s", error)
                return
            for frame in PacketReader(container, stream, self._on_packet).frames():
                index = None if frame.pts is None else self._index_of.get(frame.pts)
                if index is not None and index >= start:
                    yield index, frame
                if index == self.facts.num_frames - 1:
                    return

    def _from_beginning(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decode as the scan did, from where it began."""
        with open_video(self._view, self._limits, self._threads) as (container, stream):
            if self._index.seek is not None:
                container.seek(self._index.seek)
            for place, frame in enumerate(PacketReader(container, stream, self._on_packet).frames()):
                index = place - self._index.num_skipped
                if index >= self.facts.num_frames:
                    return
                if index >= start:
                    yield index, frame


def _is_increasing(stamps: tuple[int | None, ...]) -> bool:
    """Whether every frame has a time stamp, each later than the one before."""
    known = [stamp for stamp in stamps if stamp is not None]
    return len(known) == len(stamps) and all(earlier < later for earlier, later in pairwise(known))
