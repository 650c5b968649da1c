"""Sends frames with their times to an encoder: converted as it wants them, as raw pictures in NUT through a pipe."""

from __future__ import annotations

import logging
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from media.frame import Picture, Pixels, pixels_of
from media.planes import PIXEL_FORMAT, Planes

logger = logging.getLogger(__name__)

MEAN = Interpolation.AREA
"""Each colour is the mean of its four pixels: exact within half a level, quicker than any longer filter, and what was
doubled in reading comes back as it was."""


class FramePipe:
    """Writes NUT to a file descriptor; NUT is the one raw container that keeps each frame's time.

    Frames become bt709 of limited range where the encoder wants YUV: said by the writer, not left to a default.
    """

    def __init__(
        self, handle: int, *, size: tuple[int, int], picture_size: tuple[int, int], pixels: str, timescale: int,
        rate: Fraction,
    ) -> None:  # fmt: skip
        """Begin the stream.

        Args:
            handle: the file descriptor.
            size: (height, width) [px] that the encoder gets.
            picture_size: (height, width) [px] of the picture in it. One pixel less than `size` and the last row or
                column is repeated, so that no content is lost and masks stay in place.
            pixels: FFmpeg's name of the pixel format that the encoder gets.
            timescale: units a second in which times are given.
            rate: the last frame's duration is taken from it [frames a second].
        """
        self._size, self._picture_size = size, picture_size
        self._pixels = pixels
        self._time_base = Fraction(1, timescale)
        self._reformatter = VideoReformatter()
        self._muxer = av.open(f"pipe:{handle}", "w", format="nut")
        self._stream = self._muxer.add_stream("rawvideo", rate=rate)
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = pixels
        self._stream.time_base = self._stream.codec_context.time_base = self._time_base

    def write(self, picture: Picture, tick: int) -> None:
        """Send one frame.

        Args:
            picture: (H, W, 3) or (H, W, 4) uint8, or in planes.
            tick: when it is shown, in units of the timescale.

        Raises:
            av.FFmpegError: nobody reads any more.
        """
        if isinstance(picture, Planes) and (self._pixels, self._size) == (PIXEL_FORMAT, picture.size):
            self._muxer.mux(self._packet(picture, tick))
            return
        frame = self._converted(np.ascontiguousarray(self._fitted(pixels_of(picture))))
        frame.pts, frame.time_base = tick, self._time_base
        self._muxer.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Send what is left.

        Raises:
            av.FFmpegError: nobody reads any more.
        """
        self._muxer.mux(self._stream.encode(None))
        self._muxer.close()

    def close(self) -> None:
        """Let go, whether the encoder still reads or not."""
        try:
            self._muxer.close()
        except av.FFmpegError as error:  # it writes a trailer to the pipe, which nobody reads any more
            logger.debug("muxer closed: %s", error)

    def _packet(self, planes: Planes, tick: int) -> av.Packet:
        """What encoding to raw video would give, without a copy: a packet of it is the planes themselves."""
        packet = av.Packet(np.ascontiguousarray(planes.data).data)  # type: ignore[arg-type]  # any buffer will do
        packet.stream, packet.time_base, packet.is_keyframe = self._stream, self._time_base, True
        packet.pts = packet.dts = tick
        return packet

    def _fitted(self, pixels: Pixels) -> Pixels:
        """Scale down and pad to `size`."""
        height, width = self._picture_size
        if pixels.shape[:2] != (height, width):
            pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        below, beside = self._size[0] - height, self._size[1] - width
        return np.pad(pixels, ((0, below), (0, beside), (0, 0)), mode="edge") if below or beside else pixels

    def _converted(self, pixels: Pixels) -> av.VideoFrame:
        source = av.VideoFrame.from_numpy_buffer(pixels, format="rgb24" if pixels.shape[2] == 3 else "rgba")
        if not self._pixels.startswith("yuv"):
            return self._reformatter.reformat(source, format=self._pixels, threads=1)
        return self._reformatter.reformat(
            source,
            format=self._pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=MEAN,
            threads=1,
        )
