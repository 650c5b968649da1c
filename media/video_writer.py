"""Writes an H.264 MP4 with the times, the colours and the sound of its source."""

from __future__ import annotations

import logging
import math
import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from media.encoder import Encoder, Sound
from media.errors import MediaError
from media.frame import Pixels
from media.video_clip import VideoClip

logger = logging.getLogger(__name__)

FINEST_TICK = 90_000
"""Times are written in units of at most 1/90000 s, so that none is off by more than 6 µs."""

LARGEST_TIMESCALE = 10_000_000
FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class VideoWriter:
    """Writes frames to an MP4 that appears only when it is whole.

    Used as a context manager: when the block ends without an error the file is checked and put in
    its place; when it ends with one (also a cancel), the encoder is stopped and nothing is left.

    Frames are turned to yuv420p with bt709 here and piped, with their times, as NUT to an ffmpeg
    process. An odd width or height, which 4:2:0 cannot hold, grows by one pixel: the last column
    or row is repeated, so that no content is lost and masks stay in place.
    """

    def __init__(self, path: str | Path, *, like: VideoClip) -> None:
        """Prepare to write; the encoder starts with the first frame.

        Args:
            path: the file to write, `.mp4`.
            like: the source. Gives the size, the sound and how long the last frame is shown.

        Raises:
            MediaError: the path is that of the source, or its folder does not exist.
        """
        self.path = Path(path).absolute()
        if not self.path.parent.is_dir():
            raise MediaError(f"The folder for {self.path.name!r} does not exist; please make it first.")
        if not os.access(self.path.parent, os.W_OK):
            raise MediaError(f"The folder for {self.path.name!r} cannot be written; please choose another one.")
        if self.path.exists() and like.path.exists() and os.path.samefile(self.path, like.path):
            raise MediaError("The result cannot replace the clip it is made from; please choose another name.")
        self._clip = like
        self._height, self._width = like.size
        self._timescale = _timescale(like.times)
        self._reformatter = VideoReformatter()
        self._ticks: list[int] = []
        self._encoder: Encoder | None = None
        self._muxer: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def write(self, pixels: Pixels, time: Fraction) -> None:
        """Write the next frame.

        Args:
            pixels: (H, W, 3) uint8 RGB of the source's size.
            time: when it is shown, counted like the source's times, later than the frame before [s].

        Raises:
            ValueError: shape, dtype or time is not as said.
            MediaError: the encoder has failed; leave the block.
        """
        if pixels.shape != (self._height, self._width, 3) or pixels.dtype != np.uint8:
            raise ValueError(
                f"A frame of shape {pixels.shape} and type {pixels.dtype} came, "
                f"but ({self._height}, {self._width}, 3) and uint8 are wanted."
            )
        tick = round(time * self._timescale)
        if tick < 0 or (self._ticks and tick <= self._ticks[-1]):
            raise ValueError(
                f"A frame at {float(time)} s came, but it must lie after the one before, and not before 0."
            )
        if self._encoder is None:
            self._start(time)
        assert self._encoder is not None
        assert self._muxer is not None
        assert self._stream is not None
        frame = self._to_yuv(pixels)
        frame.pts, frame.time_base = tick, Fraction(1, self._timescale)
        try:
            self._muxer.mux(self._stream.encode(frame))
        except av.FFmpegError as error:  # the pipe is broken: the encoder has died
            raise self._encoder.failure() from error
        self._ticks.append(tick)

    def _start(self, first: Fraction) -> None:
        clip = self._clip
        sound = None
        if clip.has_audio:
            until = clip.duration if clip.facts.is_trimmed else None
            sound = Sound(clip.path, delay=clip.facts.audio_delay, until=until)
        # The last frame's duration has no place in the stream: the encoder takes it from the rate.
        # It is bounded, because H.264 also derives from it how fast a player must be.
        rate = min(max(1 / clip.facts.last_frame_duration, Fraction(1)), max(2 * clip.fps, Fraction(60)))
        self._encoder = Encoder(self.path, first=first, timescale=self._timescale, sound=sound)
        self._muxer = av.open(f"pipe:{self._encoder.pipe}", "w", format="nut")
        self._stream = self._muxer.add_stream("rawvideo", rate=rate.limit_denominator(1001))
        self._stream.width, self._stream.height = self._width + self._width % 2, self._height + self._height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, self._timescale)

    def _to_yuv(self, pixels: Pixels) -> av.VideoFrame:
        """Convert to yuv420p, bt709, limited range, of even size."""
        height, width = self._height, self._width
        if height % 2 or width % 2:
            pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        return self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=FLAGS,
            threads=1,
        )

    def _finish(self) -> None:
        if self._encoder is None or self._muxer is None or self._stream is None:
            raise MediaError("No frame was written, so there is no video; please choose at least one frame.")
        try:
            self._muxer.mux(self._stream.encode(None))
            self._muxer.close()
        except av.FFmpegError as error:
            raise self._encoder.failure() from error
        self._encoder.finish(self._ticks)

    def _clean_up(self) -> None:
        """Stop the encoder if it still runs and let go of everything; nothing half-written stays."""
        if self._encoder is None:
            return
        self._encoder.abort()
        if self._muxer is not None:
            try:
                self._muxer.close()
            except av.FFmpegError as error:  # it writes a trailer to the pipe, which nobody reads any more
                logger.debug("muxer closed: %s", error)
        self._encoder.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._clean_up()


def _timescale(times: tuple[Fraction, ...]) -> int:
    """Units a second in which all `times` are whole, or the finest that is sensible."""
    exact = math.lcm(*{time.denominator for time in times})
    if exact > LARGEST_TIMESCALE:
        return FINEST_TICK
    return exact * math.ceil(FINEST_TICK / exact)
