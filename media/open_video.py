"""Opens bytes for FFmpeg's libraries under the allow-lists, and reads packets whatever they are worth."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import av

# FFmpeg's binding would load these when a file with subtitles comes, but by then no file can be opened any more.
import av.subtitles.codeccontext
import av.subtitles.stream
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from media.allow_list import AUDIO_DECODERS, CONTAINERS, VIDEO_DECODERS
from media.byte_view import ByteView
from media.errors import MediaError
from media.limits import Limits

logger = logging.getLogger(__name__)

NOT_A_VIDEO = "This file is not a video that can be read; please choose an MP4, MOV, WebM, MKV, AVI or GIF file."
NO_VIDEO_STREAM = "This file holds no moving picture, only sound or a still; please choose a video file."

MOST_FAILED_READS = 50
"""Failed reads in a row after which the rest of a damaged file is given up."""

MOST_THREADS = 4
"""Each thread that decodes keeps frames of its own in memory."""

Threads = Literal["AUTO", "SLICE"]


@contextmanager
def open_video(view: ByteView, limits: Limits, threads: Threads) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first moving picture of a file.

    Args:
        view: the file. It has no name that could be taken for an address, and no other can be opened.
        limits: the decoder refuses larger pictures before it makes room for them.
        threads: "AUTO" decodes several frames at once, "SLICE" one after the other.

    Raises:
        MediaError: the file is no video that is allowed here.
    """
    # A little more than is allowed: decoders round sizes up to whole blocks.
    options = {"max_pixels": str(limits.max_coded_pixels + limits.max_coded_pixels // 16)}
    guards = {
        "format_whitelist": CONTAINERS,
        "protocol_whitelist": "none",  # no protocol has this name
        "codec_whitelist": f"{VIDEO_DECODERS},{AUDIO_DECODERS}",
    }
    try:
        container = av.open(view.again(), options=options, container_options=guards, metadata_errors="replace")
    except MemoryError:
        raise
    except Exception as error:  # a damaged header can make the binding raise nearly anything
        logger.info("not opened: %s", error)
        raise MediaError(NOT_A_VIDEO) from error
    assert isinstance(container, InputContainer)
    with container:
        stream = _first_moving_picture(container)
        stream.codec_context.options = options
        stream.thread_type = threads
        stream.codec_context.thread_count = min(MOST_THREADS, os.cpu_count() or 1)
        yield container, stream


def _first_moving_picture(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:  # a song's cover
            continue
        if stream.codec_context is None or stream.codec_context.name not in VIDEO_DECODERS.split(","):
            raise MediaError("The video codec of this file cannot be read here; please export it as H.264 (MP4).")
        return stream
    raise MediaError(NO_VIDEO_STREAM)


def readable_sound(container: InputContainer) -> AudioStream | None:
    """The sound track that a player would choose, of those that can be decoded here; None if there is none."""
    codecs = AUDIO_DECODERS.split(",")
    tracks = [each for each in container.streams.audio if each.codec_context and each.codec_context.name in codecs]
    return next((each for each in tracks if each.disposition & Disposition.default), tracks[0] if tracks else None)


class PacketReader:
    """Decodes a stream packet by packet, so that a damaged one costs its own frames and no more.

    Attributes:
        num_read: packets that came, damaged or not.
        num_damaged: packets and reads that failed, and frames whose decoder calls them corrupt.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream | AudioStream, on_packet: Callable[[], None]
    ) -> None:
        """Read from the container's present place; `on_packet` is called for every packet."""
        self._container = container
        self._stream = stream
        self._on_packet = on_packet
        self.num_read = 0
        self.num_damaged = 0

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield what can be decoded from here to the end, in the order in which it is shown."""
        for packet in self._packets():
            self._on_packet()
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except Exception as error:  # a damaged packet can raise nearly anything; its neighbours may be whole
                logger.debug("packet skipped: %s", error)
                self.num_damaged += 1
                continue
            for frame in frames:
                self.num_damaged += bool(frame.is_corrupt)
                yield frame

    def _packets(self) -> Iterator[av.Packet]:
        """Yield packets, and at the end the empty one that makes the decoder give up what it holds."""
        failures = 0
        while True:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    self.num_read += packet.size > 0
                    self.num_damaged += bool(packet.is_corrupt)
                    yield packet
                return
            except MemoryError:
                raise
            except av.FFmpegError as error:  # reading failed; what follows may be sound again
                logger.debug("read failed: %s", error)
                self.num_damaged += 1
                failures += 1
                if failures >= MOST_FAILED_READS:
                    return
