"""A video file as a source of frames: the only module that decodes a stranger's video to pictures."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
from av.video.reformatter import VideoReformatter

from media.errors import MediaError
from media.frame import Pixels
from media.limits import Limits
from media.open_video import PacketReader, Threads, open_video
from media.scan import scan_video

logger = logging.getLogger(__name__)


class VideoFile:
    """A video file whose frames were counted by decoding each of them once.

    Opening costs one pass without colour conversion. Memory holds a few numbers a frame and the
    decoder's own few frames, whatever the length.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        """Open and count.

        Args:
            path: the file.
            limits: how large it may be; a longer clip is cut to its beginning.

        Raises:
            MediaError: it is no video, has no frame, or is too large.
        """
        limits.check_bytes(path.stat().st_size)
        self._path = path
        self._limits = limits
        # Decoding several frames at once is faster, but then a bad packet costs its neighbours
        # too, and not always the same ones: a damaged file is read one frame after the other.
        self._threads: Threads = "AUTO"
        scan = scan_video(path, limits, self._threads)
        if scan.is_damaged:
            self._threads = "SLICE"
            scan = scan_video(path, limits, self._threads)
        self.facts = scan.facts
        self._upright = scan.upright
        self._keyframes = scan.keyframes
        self._index_of = {stamp: index for index, stamp in enumerate(scan.stamps) if stamp is not None}
        # Only a sound file is entered in the middle: in a damaged one a frame's picture can
        # depend on where decoding began.
        self._stamps = None if scan.is_damaged else _increasing(scan.stamps)

    def decode(self, start: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (index, pixels) from frame `start` to the last, as `FrameSource` asks.

        Raises:
            MediaError: a frame that could be decoded when the clip was opened no longer can.
        """
        reformatter = VideoReformatter()
        expected = start
        for index, frame in self._numbered(start):
            try:
                pixels = self._upright.pixels(frame, reformatter)
            except Exception as error:
                logger.warning("frame %d cannot be converted: %s", index, error)
                raise MediaError("The colours of this clip are stored in a way that cannot be read.") from error
            yield index, pixels
            expected = index + 1
        if expected != self.facts.num_frames:
            raise MediaError(f"Frame {expected} can no longer be decoded; please open the clip again.")

    def entry(self, index: int) -> int:
        """The keyframe before `index`, or 0 in a file that can only be decoded from its beginning."""
        return next(iter(self._entries(index)), 0)

    def _numbered(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield stored frames with their index, from `start` on."""
        for keyframe in self._entries(start):
            frames = self._from_keyframe(keyframe, start)
            first = next(frames, None)
            if first is not None and first[0] == start:
                yield first
                yield from frames
                return
            logger.debug("frame %d is not reached from keyframe %d", start, keyframe)
        yield from self._from_beginning(start)

    def _entries(self, start: int) -> list[int]:
        """The keyframes from which frame `start` may be reached, the nearest first."""
        if self._stamps is None:
            return []
        place = bisect_right(self._keyframes, start)
        return [keyframe for keyframe in reversed(self._keyframes[max(0, place - 2) : place]) if keyframe > 0]

    def _from_keyframe(self, keyframe: int, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Seek to a keyframe and decode from there; frames are known again by their time stamps."""
        assert self._stamps is not None
        with open_video(self._path, self._limits, self._threads) as (container, stream):
            try:
                container.seek(self._stamps[keyframe], stream=stream)
            except av.FFmpegError as error:
                logger.debug("no seeking in this file: %s", error)
                return
            for frame in PacketReader(container, stream).frames():
                index = None if frame.pts is None else self._index_of.get(frame.pts)
                if index is not None and index >= start:
                    yield index, frame

    def _from_beginning(self, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
        with open_video(self._path, self._limits, self._threads) as (container, stream):
            for index, frame in enumerate(PacketReader(container, stream).frames()):
                if index >= self.facts.num_frames:
                    return
                if index >= start:
                    yield index, frame


def _increasing(stamps: list[int | None]) -> list[int] | None:
    """The time stamps if every frame has one and each is later than the one before, else None."""
    known = [stamp for stamp in stamps if stamp is not None]
    is_increasing = all(earlier < later for earlier, later in pairwise(known))
    return known if is_increasing and len(known) == len(stamps) else None
