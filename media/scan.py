"""Counts a video's frames by decoding each of them once."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from media.clip_facts import ClipFacts
from media.errors import MediaError
from media.frame_times import frame_times
from media.limits import Limits
from media.open_video import PacketReader, Threads, has_readable_audio, open_video
from media.picture import Upright, is_hdr

NO_FRAMES = "This file holds no picture that can be decoded; please choose another file or export it again."
DAMAGED = "Parts of this clip are damaged; the frames that could be read are used."
CUT_SHORT = "This file ends too early; the frames that are there are used."
HDR = "This clip is HDR and is shown without tone mapping, so its colours may look washed out."

ROUNDING_OF_START = Fraction(2, 1_000_000)
"""A container's start is given in whole microseconds [s]."""


@dataclass
class Scan:
    """What one pass over a video found.

    Attributes:
        upright: how its frames become pictures.
        stamps: the presentation time of each frame in the stream's own units, None where it has none.
        keyframes: indices of the frames that can be decoded without those before them, increasing.
        is_damaged: whether packets were lost on the way.
        facts: what the clip tells everybody else.
    """

    upright: Upright
    stamps: list[int | None]
    keyframes: list[int]
    is_damaged: bool
    facts: ClipFacts


def scan_video(path: Path, limits: Limits, threads: Threads) -> Scan:
    """Decode every frame of a file once, without converting its colours.

    The header is believed in nothing: frames and times are counted here, and each frame is held
    against the limits. Memory holds a few numbers a frame.

    Raises:
        MediaError: it is no video, has no frame, or its picture is too large.
    """
    with open_video(path, limits, threads) as (container, stream):
        claimed = stream.codec_context
        if claimed.height and claimed.width:  # refused with the right words; the frames are held against it too
            limits.check_size(claimed.height, claimed.width)
        return _Counting(container, stream, limits).run()


@dataclass
class _Counting:
    """One pass in the making."""

    container: InputContainer
    stream: VideoStream
    limits: Limits
    stamps: list[int | None] = field(default_factory=list)
    decode_stamps: list[int | None] = field(default_factory=list)
    keyframes: list[int] = field(default_factory=list)
    last_duration: int = 0
    is_trimmed: bool = False

    def run(self) -> Scan:
        """Count to the end of the clip or of the limits."""
        upright = None
        packets = PacketReader(self.container, self.stream)
        notices = []
        for frame in packets.frames():
            self.limits.check_size(frame.height, frame.width)
            if upright is None:
                upright = Upright.of(frame, self.stream.sample_aspect_ratio)
                self.limits.check_size(*upright.size)
                notices += [HDR] if is_hdr(frame) else []
            if not self._take(frame):
                self.is_trimmed = True
                break
        if upright is None or not self.stamps:
            raise MediaError(NO_FRAMES)
        notices += [DAMAGED] if packets.num_damaged else []
        is_cut_short = not self.is_trimmed and packets.num_read < len(self.stream.index_entries)
        notices += [CUT_SHORT] if is_cut_short else []
        return Scan(upright, self.stamps, self.keyframes, packets.num_damaged > 0, self._facts(upright, notices))

    def _take(self, frame: av.VideoFrame) -> bool:
        """Take in one more frame; False when the clip is as long as it may be."""
        if len(self.stamps) >= self.limits.max_frames:
            return False
        first = next((stamp for stamp in self.stamps if stamp is not None), frame.pts)
        if frame.pts is not None and first is not None:
            start = self._origin(first * self._time_base)
            if frame.pts * self._time_base - start >= self.limits.max_seconds:
                return False
        if frame.key_frame:
            self.keyframes.append(len(self.stamps))
        self.stamps.append(frame.pts)
        self.decode_stamps.append(frame.dts)
        self.last_duration = frame.duration or 0
        return True

    @property
    def _time_base(self) -> Fraction:
        return self.stream.time_base or Fraction(1, 1000)

    def _origin(self, first: Fraction) -> Fraction:
        """Where times are counted from: the container's start, so that a picture that starts late stays late."""
        start = self._container_start(first)
        return first if abs(start - first) <= ROUNDING_OF_START else min(start, first)

    def _container_start(self, first: Fraction) -> Fraction:
        start = self.container.start_time
        return first if start is None else Fraction(start, av.time_base)

    def _times(self) -> list[Fraction]:
        """When frames are shown, by the file's own clock [s]."""
        presented = [None if stamp is None else stamp * self._time_base for stamp in self.stamps]
        decoded = [None if stamp is None else stamp * self._time_base for stamp in self.decode_stamps]
        return frame_times(presented, decoded, self._usual_interval)

    @property
    def _usual_interval(self) -> Fraction:
        return 1 / Fraction(self.stream.average_rate or self.stream.guessed_rate or 25)

    def _facts(self, upright: Upright, notices: list[str]) -> ClipFacts:
        times = self._times()
        origin = self._origin(times[0])
        delay = self._container_start(origin) - origin
        interval = times[-1] - times[-2] if len(times) > 1 else self._usual_interval
        end = times[-1] + (self.last_duration * self._time_base or interval) - origin
        return ClipFacts(
            size=upright.size,
            times=tuple(time - origin for time in times),
            duration=end,
            has_audio=has_readable_audio(self.container),
            codec=self.stream.codec_context.name,
            audio_delay=delay if delay > ROUNDING_OF_START else Fraction(0),
            is_trimmed=self.is_trimmed,
            notices=(*([self._length_notice(end)] if self.is_trimmed else []), *notices),
        )

    def _length_notice(self, end: Fraction) -> str:
        return (
            f"This clip is longer than {float(self.limits.max_seconds):g} seconds or {self.limits.max_frames} frames; "
            f"only its beginning is used ({float(end):.1f} seconds, frames: {len(self.stamps)})."
        )
