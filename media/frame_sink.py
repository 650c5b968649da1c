"""Where written frames go: into an encoded video, a GIF of two passes, or a ZIP of numbered PNGs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import av
import cv2
import numpy as np

from media.carried_over import Tags, tag_arguments
from media.encoder import FAILED, Encoder
from media.errors import MediaError
from media.format import Format
from media.frame import Picture, pixels_of
from media.frame_pipe import FramePipe
from media.part_file import PartFile, writing_error
from media.remote_sound import RemoteSound, SoundFeed
from media.written_file import check_video, finish_webp

SENT = ("-probesize", "32", "-analyzeduration", "0", "-f", "nut", "-i", "pipe:0")
"""The input of ffmpeg that reads a `FramePipe`. The header says all; without the first two ffmpeg holds megabytes of
frames back to look for more."""

REORDERING = ("libx264", "libx264rgb", "libx265")
"""The encoders that store frames in another order than that in which they are shown."""


@dataclass(frozen=True)
class Sending:
    """How frames are sent.

    Attributes:
        format: what is written.
        size: (height, width) [px] that the encoder gets.
        picture_size: (height, width) [px] of the picture in it, see `FramePipe`.
        timescale: units a second in which times are kept.
        rate: the last frame's duration is taken from it [frames a second].
        first: time of the first frame [s].
        may_reorder: whether frames may be stored in another order than shown, which saves a tenth; else the file's
            length would be wrong.
        sound: what is carried over, or None; whoever sends closes it.
        tags: that are carried over.
    """

    format: Format
    size: tuple[int, int]
    picture_size: tuple[int, int]
    timescale: int
    rate: Fraction
    first: Fraction
    may_reorder: bool
    sound: RemoteSound | None
    tags: Tags

    def pipe(self, encoder: Encoder) -> FramePipe:
        """Begin to send to an encoder."""
        return FramePipe(
            encoder.input_handle,
            size=self.size,
            picture_size=self.picture_size,
            pixels=self.format.pixels,
            timescale=self.timescale,
            rate=self.rate,
        )

    @property
    def keeping_times(self) -> list[str]:
        """The output options that keep each frame at its time."""
        return ["-fps_mode", "passthrough", "-enc_time_base", f"1:{self.timescale}"]


class FrameSink(Protocol):
    """Takes frames and makes a file of them."""

    def write(self, picture: Picture, tick: int) -> None:
        """Take the next frame; raises `MediaError` where it cannot be written."""
        ...

    def finish(self, ticks: Sequence[int], end: Fraction) -> Iterator[None]:
        """Make the file whole and check it, yielding all the while.

        Args:
            ticks: the time of each frame that was written, in units of the timescale.
            end: when the last frame ends [s].
        """
        ...

    def close(self) -> None:
        """Stop and let go of everything; what is not finished is lost."""
        ...


class _PipedSink:
    """What both kinds of video have in common: frames go through a pipe to a running ffmpeg."""

    def __init__(self, sending: Sending, arguments: Sequence[str], inherits: Sequence[int] = ()) -> None:
        self._sending = sending
        self._encoder = Encoder(arguments, inherits=inherits)
        self._pipe = sending.pipe(self._encoder)

    def write(self, picture: Picture, tick: int) -> None:
        """Send a frame."""
        try:
            with self._encoder.sending():
                self._pipe.write(picture, tick)
        except av.FFmpegError as error:  # the pipe is broken: the encoder has died
            raise self._encoder.failure() from error

    def _end(self) -> Iterator[None]:
        """Send what is left and wait for the encoder's end."""
        try:
            with self._encoder.sending():
                self._pipe.end()
        except av.FFmpegError as error:
            raise self._encoder.failure() from error
        yield from self._encoder.wait()

    def _times(self, ticks: Sequence[int]) -> list[Fraction]:
        return [Fraction(tick, self._sending.timescale) for tick in ticks]

    def close(self) -> None:
        """Stop the encoder and let go of it; the pipe first, which writes to the bare file descriptor."""
        self._encoder.stop()
        self._pipe.close()
        self._encoder.close()


class VideoSink(_PipedSink):
    """One ffmpeg that encodes while frames come, and takes the sound from the source."""

    def __init__(self, part: PartFile, sending: Sending) -> None:
        """Start the encoder; it fills `part`."""
        self._part = part
        self._feed = None if sending.sound is None else SoundFeed(sending.sound)
        try:
            inherits = [] if self._feed is None else [self._feed.reading_end]
            super().__init__(sending, _encoding_arguments(part, sending, self._feed), inherits)
        except MediaError:
            self._close_feed()
            raise
        if self._feed is not None:
            self._feed.start()

    def close(self) -> None:
        """Stop the encoder, then what feeds it."""
        super().close()
        self._close_feed()

    def _close_feed(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def finish(self, ticks: Sequence[int], end: Fraction) -> Iterator[None]:
        """As `FrameSink` says."""
        yield from self._end()
        if self._feed is not None:
            self._feed.check()
        times = self._times(ticks)
        if self._sending.format.muxer == "webp":
            finish_webp(self._part.path, end - times[0], len(times))
        else:
            yield from check_video(self._part.path, self._sending.format.muxer, times)


def _encoding_arguments(part: PartFile, sending: Sending, sound: SoundFeed | None) -> list[str]:
    target = sending.format
    is_iso = target.muxer in ("mp4", "mov")
    # Said of the frames that come in: if it were only asked of what goes out, ffmpeg would take
    # the untagged frames for bt601 and convert them.
    tagged = {
        "yuv": ["-vf", "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"],
        "rgb": ["-vf", "setparams=color_primaries=bt709:color_trc=bt709:range=pc"],
    }
    return [
        # Without the offset ffmpeg would count from 0 and lose the offset between picture and sound.
        *("-itsoffset", f"{float(sending.first):.6f}", *SENT),
        *(sound.arguments() if sound else []),
        *("-map", "0:v:0", *sending.keeping_times, "-c:v", target.encoder, *target.options),
        *([] if sending.may_reorder or target.encoder not in REORDERING else ["-bf", "0"]),
        *("-pix_fmt", target.pixels, *tagged.get(target.pixels[:3], [])),
        *(["-map", "1:a:0", *target.sound] if sound else []),
        *tag_arguments(sending.tags),
        *(["-video_track_timescale", str(sending.timescale), "-movflags", "+faststart"] if is_iso else []),
        *("-f", target.muxer, f"file:{part.path}"),
    ]


class GifSink(_PipedSink):
    """A GIF wants one palette for all frames, which is known at the end only.

    So a first ffmpeg stores the frames without loss and looks for the palette, and a second one puts both together:
    half to a quarter of the size of a GIF with a palette for each frame, in bounded memory.
    """

    def __init__(self, part: PartFile, sending: Sending) -> None:
        """Start the first pass."""
        self._part = part
        self._frames, self._palette = PartFile(part.target), PartFile(part.target)
        split = "[0:v]split[frames][looked];[looked]palettegen=stats_mode=full[palette]"
        frames = ["-map", "[frames]", *sending.keeping_times, "-c:v", "ffv1", "-f", "nut", f"file:{self._frames.path}"]
        palette = ["-map", "[palette]", "-c:v", "png", "-f", "image2pipe", f"file:{self._palette.path}"]
        try:
            super().__init__(sending, [*SENT, "-filter_complex", split, *frames, *palette])
        except MediaError:
            self._close_scratch()
            raise

    def finish(self, ticks: Sequence[int], end: Fraction) -> Iterator[None]:
        """As `FrameSink` says."""
        yield from self._end()
        times = self._times(ticks)
        inputs = ["-f", "nut", "-i", f"file:{self._frames.path}", "-f", "png_pipe", "-i", f"file:{self._palette.path}"]
        painted = ["-lavfi", "paletteuse=dither=bayer:bayer_scale=3:alpha_threshold=128"]
        last_delay = max(2, round((end - times[-1]) * 100))  # players show a shorter one for a tenth of a second
        shown = [*self._sending.keeping_times, "-final_delay", str(last_delay), "-loop", "0"]
        second = Encoder([*inputs, *painted, *shown, "-f", "gif", f"file:{self._part.path}"], reads_pipe=False)
        try:
            yield from second.wait()
        finally:
            second.close()
        yield from check_video(self._part.path, "gif", times)

    def close(self) -> None:
        """Stop the first pass, and forget what it has stored."""
        super().close()
        self._close_scratch()

    def _close_scratch(self) -> None:
        self._frames.close()
        self._palette.close()


class PngSink:
    """A ZIP of PNGs, `00000.png` and so on: exact colours and alpha, whatever the program that reads them."""

    def __init__(self, part: PartFile) -> None:
        """Begin the archive."""
        self._part = part
        self._archive = zipfile.ZipFile(part.path, "w", zipfile.ZIP_STORED)  # PNG is deflated already
        self._num_written = 0

    def write(self, picture: Picture, tick: int) -> None:
        """Add a picture; its time has no place in a ZIP."""
        pixels = pixels_of(picture)
        code = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        # Level 3 is twice as quick as the library's default for a tenth more bytes.
        ok, png = cv2.imencode(".png", cv2.cvtColor(pixels, code), [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if not ok:
            raise MediaError(FAILED)
        try:
            self._archive.writestr(f"{self._num_written:05d}.png", png.tobytes())
        except OSError as error:
            raise writing_error(error, self._part.target.name) from error
        self._num_written += 1

    def finish(self, ticks: Sequence[int], end: Fraction) -> Iterator[None]:
        """As `FrameSink` says."""
        try:
            self._archive.close()
            with zipfile.ZipFile(self._part.path) as archive:
                names = archive.namelist()
                last = cv2.imdecode(np.frombuffer(archive.read(names[-1]), np.uint8), cv2.IMREAD_UNCHANGED)
        except OSError as error:
            raise writing_error(error, self._part.target.name) from error
        if len(names) != len(ticks) or last is None:
            raise MediaError(FAILED)
        yield

    def close(self) -> None:
        """Close the archive, whole or not."""
        try:
            self._archive.close()
        except OSError as error:  # the disk is full; the part goes anyway
            writing_error(error, self._part.target.name)


def open_sink(part: PartFile, sending: Sending) -> FrameSink:
    """The sink of a format."""
    if sending.format.muxer == "zip":
        return PngSink(part)
    return GifSink(part, sending) if sending.format.muxer == "gif" else VideoSink(part, sending)
