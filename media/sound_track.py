"""Decodes the sound of a video to plain samples without holes, counted by the clip's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from media.byte_view import ByteView
from media.limits import Limits
from media.open_video import PacketReader, open_video, readable_sound

Samples = NDArray[np.float32]
"""(N, channels) float32, full scale at 1."""

MOST_CHANNELS = 8
MOST_RATE = 192_000

JITTER = Fraction(1, 50)
"""Stamps this little off [s] are rounded ones, and samples follow each other without a hole."""

LARGE_STEP_BACK = Fraction(1, 2)
"""Steps back of more than this [s] mean that the clock was set anew."""

LEAD = 1
"""A part is looked for this much before it begins, because sound is not stored just beside its picture [s]."""


@dataclass(frozen=True)
class SoundForm:
    """What the samples are.

    Attributes:
        rate: samples a second.
        layout: FFmpeg's name of the channels' layout.
        channels: their number.
    """

    rate: int
    layout: str
    channels: int


@dataclass(frozen=True)
class SoundOrder:
    """Which sound is wanted.

    Attributes:
        origin: where the clip begins, by the file's own clock [s].
        seconds: how much of it, counted from there [s].
        may_seek: whether the file is entered shortly before its part, or read from the beginning.
    """

    origin: Fraction
    seconds: Fraction
    may_seek: bool


def read_sound(
    view: ByteView, limits: Limits, order: SoundOrder, on_packet: Callable[[], None]
) -> Iterator[SoundForm | Samples]:
    """Yield what the samples are, then the samples piece by piece; nothing where no sound is heard in the clip.

    The first sample is heard when the clip begins: where the sound begins later, or has holes, silence stands in.
    A damaged packet costs its own samples.

    Raises:
        MediaError: the file can no longer be opened.
    """
    with open_video(view, limits, "AUTO") as (container, _):
        stream = readable_sound(container)
        if stream is None:
            return
        if order.may_seek:
            _jump(container, order.origin)
        frames = cast("Iterator[av.AudioFrame]", PacketReader(container, stream, on_packet).frames())
        yield from _placed(frames, stream, order)


def _jump(container: InputContainer, origin: Fraction) -> None:
    try:
        container.seek(int((origin - LEAD) * av.time_base))
    except av.FFmpegError:  # no seeking in this file: it is read from where it stands
        return


def _placed(frames: Iterator[av.AudioFrame], stream: AudioStream, order: SoundOrder) -> Iterator[SoundForm | Samples]:
    """Lay samples one after the other, from the clip's beginning to what is wanted; places are counted in samples."""
    converter: _Converter | None = None
    place: int | None = None
    shift = 0
    for frame in frames:
        converter = converter or _Converter(frame)
        rate = converter.rate
        end = int(order.seconds * rate)
        samples = converter.samples(frame)
        begin = place or 0  # where the file does not say: on from there
        if frame.pts is not None:
            time = frame.pts * (frame.time_base or stream.time_base or Fraction(1, rate)) - order.origin
            begin = round(time * rate) + shift
        if place is None:
            if begin + len(samples) <= 0:
                continue
            if begin >= end:
                return
            place = 0
            yield SoundForm(rate, converter.layout, converter.channels)
        elif begin < place - LARGE_STEP_BACK * rate:
            shift += place - begin
            begin = place
        elif abs(begin - place) <= JITTER * rate:
            begin = place
        while place < min(begin, end):
            silence = np.zeros((min(min(begin, end) - place, rate), converter.channels), np.float32)
            place += len(silence)
            yield silence
        samples = samples[max(0, place - begin) : max(0, end - begin)]
        place += len(samples)
        if len(samples):
            yield samples
        if place >= end:
            return


class _Converter:
    """Makes samples of frames, all in the form of the first one, whatever follows."""

    def __init__(self, first: av.AudioFrame) -> None:
        self.rate = first.sample_rate if 0 < first.sample_rate <= MOST_RATE else 48_000
        self.channels = min(first.layout.nb_channels, MOST_CHANNELS)
        is_named = first.layout.nb_channels == self.channels and " " not in first.layout.name
        # "2 channels" is what FFmpeg says where the file does not tell their order: then it is the usual one.
        self.layout = first.layout.name if is_named else AudioLayout(f"{self.channels}c").name
        self._form: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def samples(self, frame: av.AudioFrame) -> Samples:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or form != self._form:
            self._form, self._resampler = form, AudioResampler("flt", self.layout, self.rate)
        made = [each.to_ndarray() for each in self._resampler.resample(frame)]
        if not made:
            return np.zeros((0, self.channels), np.float32)
        return np.ascontiguousarray(np.concatenate(made, axis=1).reshape(-1, self.channels), np.float32)
