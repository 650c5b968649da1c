"""Counts a video's frames by decoding each of them once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from media.byte_view import ByteView
from media.carried_over import kept_tags
from media.clip_facts import ClipFacts, Part, Size
from media.errors import MediaError
from media.file_clock import FileClock
from media.frame import Picture
from media.frame_filters import deinterlaced
from media.frame_times import frame_times
from media.limits import Limits
from media.notices import (
    CUT_SHORT,
    DAMAGED,
    HDR,
    NO_FRAMES,
    SOUND_CUT,
    length_notice,
    part_notice,
    part_too_late,
    scale_notice,
)
from media.open_video import PacketReader, Threads, open_video, readable_sound
from media.picture import Developer, Upright
from media.video_index import VideoIndex

OnPicture = Callable[[int, Picture], None]

ONLY_FROM_THE_BEGINNING = ("mpeg",)
"""Containers, by FFmpeg's names, whose frames have other times when they are entered in the middle."""


@dataclass(frozen=True)
class Plan:
    """How a video is to be read; whether that was right is known only after reading it.

    Attributes:
        threads: decoding several frames at once is faster, but then a bad packet costs its neighbours
            too, and not always the same ones: a damaged file is read one frame after the other.
        is_interlaced: None: if its first frame is.
        may_seek: whether to jump to the part that is asked for.
    """

    threads: Threads = "AUTO"
    is_interlaced: bool | None = None
    may_seek: bool = True


@dataclass(frozen=True)
class Task:
    """What to count.

    Attributes:
        view: the file.
        limits: how large the clip may be.
        part: the part of the file that is wanted.
        on_packet: called for every packet, as a sign of life.
        on_picture: called with the index and the picture of every frame, or None. When the file turns out to
            need another plan it is called again from index 0 on.
    """

    view: ByteView
    limits: Limits
    part: Part
    on_packet: Callable[[], None]
    on_picture: OnPicture | None


def scan_video(task: Task) -> tuple[ClipFacts, VideoIndex]:
    """Decode every frame of a file once; twice if it is damaged or its later frames turn out to be interlaced.

    The header is believed in nothing: frames and times are counted here, and each frame is held
    against the limits. Memory holds a few numbers a frame.

    Raises:
        MediaError: it is no video, has no frame, or its picture is too large.
    """
    plan = Plan()
    while True:
        with open_video(task.view, task.limits, plan.threads) as (container, stream):
            claimed = stream.codec_context
            if claimed.height and claimed.width:  # refused with the right words; the frames are held against it too
                task.limits.check_coded_size(Size(claimed.height, claimed.width))
            count = _Counting(container, stream, FileClock(container, stream), task, plan)
            count.run()
            better = count.better_plan()
            if better is None:
                return count.facts(), count.index()
            plan = better


@dataclass
class _Counting:
    """One pass in the making."""

    container: InputContainer
    stream: VideoStream
    clock: FileClock
    task: Task
    plan: Plan
    upright: Upright | None = None
    stamps: list[int | None] = field(default_factory=list)
    decode_stamps: list[int | None] = field(default_factory=list)
    keyframes: list[tuple[int, int]] = field(default_factory=list)
    last_duration: int = 0
    num_seen: int = 0
    num_skipped: int = 0
    seek: int | None = None
    lead: int | None = None
    origin: Fraction | None = None
    zero: Fraction = Fraction(0)
    is_too_long: bool = False
    is_stopped: bool = False
    is_interlaced: bool = False
    has_late_fields: bool = False
    has_missed_start: bool = False

    def run(self) -> None:
        """Count to the end of the clip, of the part, or of the limits."""
        if self.task.part.start > 0 and self.plan.may_seek:
            self._jump()
        self.packets = PacketReader(self.container, self.stream, self.task.on_packet)
        kept = enumerate(self._kept())
        if self.task.on_picture is None:
            for _ in kept:
                pass
        else:
            self._develop(kept, self.task.on_picture)

    def better_plan(self) -> Plan | None:
        """How the file should have been read, or None if it was read well."""
        if self.has_missed_start:
            return Plan(self.plan.threads, self.plan.is_interlaced, may_seek=False)
        threads: Threads = "SLICE" if self.packets.num_damaged else self.plan.threads
        were_woven = self.task.on_picture is None or not self.has_late_fields
        wants_weaving = self.plan.is_interlaced if were_woven else True
        better = Plan(threads, wants_weaving, self.plan.may_seek)
        return None if better == self.plan else better

    def _jump(self) -> None:
        """Go to the keyframe before the part that is wanted, in a file that allows it."""
        if self.container.start_time is None or self.container.format.name in ONLY_FROM_THE_BEGINNING:
            return
        target = int(self.task.part.start * av.time_base) + self.container.start_time
        try:
            self.container.seek(target)
        except av.FFmpegError:
            return
        self.seek = target

    def _develop(self, kept: Iterator[tuple[int, av.VideoFrame]], on_picture: OnPicture) -> None:
        first = next(kept, None)
        if first is None:
            return
        assert self.upright is not None
        developer = Developer(self.upright)
        frames = chain([first], kept)
        for index, frame in deinterlaced(frames) if self.is_interlaced else frames:
            on_picture(index, developer.picture(frame))

    def _kept(self) -> Iterator[av.VideoFrame]:
        """Yield the frames of the clip, each after it was noted down."""
        held: tuple[av.VideoFrame, Fraction] | None = None  # shown when the part begins, as far as is known
        has_begun = self.task.part.start == 0
        for frame in self.packets.frames():
            self.task.limits.check_coded_size(Size(frame.height, frame.width))
            if self.seek is not None and frame.pts is None:  # nobody knows where we are
                self.has_missed_start = True
                return
            time = self._time_in_file(frame)
            self.num_seen += 1
            if not has_begun and time <= self.task.part.start:
                self.num_skipped += held is not None
                held = frame, time
                self.lead = frame.pts if frame.key_frame else self.lead
                continue
            if not has_begun:
                has_begun = True
                if held is None and self.seek is not None:
                    self.has_missed_start = True
                    return
                if held is not None:
                    self._take(*held)
                    yield held[0]
            if not self._may_take(time):
                return
            self._take(frame, time)
            yield frame
        self.has_missed_start = not has_begun and held is None and self.seek is not None
        if not has_begun and held is not None:
            self._check_end(*held)
            self._take(*held)
            yield held[0]

    def _time_in_file(self, frame: av.VideoFrame) -> Fraction:
        """When a frame is shown, counted from the container's start; guessed where the file does not say [s]."""
        if frame.pts is None:
            return self.num_seen * self.clock.usual_interval
        time = frame.pts * self.clock.time_base
        if self.origin is None:
            start = self.clock.start(time)
            self.origin = start if self.seek is not None else self.clock.origin(time)
        return time - self.origin

    def _check_end(self, last: av.VideoFrame, time: Fraction) -> None:
        """Refuse a part that begins after the last frame has ended."""
        end = time + ((last.duration or 0) * self.clock.time_base or self.clock.usual_interval)
        if end <= self.task.part.start:
            raise part_too_late(end, self.task.part)

    def _may_take(self, time: Fraction) -> bool:
        """Whether one more frame belongs to the clip."""
        stop, limits = self.task.part.stop, self.task.limits
        if stop is not None and time >= stop:
            self.is_stopped = True
            return False
        begin = self.zero if self.task.part.start > 0 and self.stamps else Fraction(0)
        if len(self.stamps) >= limits.max_frames or time - begin >= limits.max_seconds:
            self.is_too_long = True
            return False
        return True

    def _take(self, frame: av.VideoFrame, time: Fraction) -> None:
        """Note one frame down."""
        if not self.stamps:
            self.zero = time
            self.upright = Upright.of(frame, self.stream.sample_aspect_ratio, self.task.limits)
            wanted = self.plan.is_interlaced
            self.is_interlaced = bool(frame.interlaced_frame) if wanted is None else wanted
            if not frame.key_frame and self.lead is not None:
                self.keyframes.append((0, self.lead))
        if frame.key_frame and frame.pts is not None:
            self.keyframes.append((len(self.stamps), frame.pts))
        self.has_late_fields |= bool(frame.interlaced_frame) and not self.is_interlaced
        self.stamps.append(frame.pts)
        self.decode_stamps.append(frame.dts)
        self.last_duration = frame.duration or 0

    def _times(self) -> list[Fraction]:
        """When frames are shown, by the file's own clock [s]."""
        presented = [None if stamp is None else stamp * self.clock.time_base for stamp in self.stamps]
        decoded = [None if stamp is None else stamp * self.clock.time_base for stamp in self.decode_stamps]
        return frame_times(presented, decoded, self.clock.usual_interval)

    def _beginning(self) -> Fraction:
        """Where the clip begins, by the file's own clock [s]."""
        first = self._times()[0]
        return first if self.task.part.start > 0 else self.clock.origin(first)

    def index(self) -> VideoIndex:
        """Where the frames are."""
        assert self.upright is not None
        return VideoIndex(
            self.upright,
            tuple(self.stamps),
            () if self.container.format.name in ONLY_FROM_THE_BEGINNING else tuple(self.keyframes),
            self._beginning(),
            self.seek,
            self.num_skipped,
            self.packets.num_damaged > 0,
            self.is_interlaced or self.has_late_fields,
        )

    def facts(self) -> ClipFacts:
        """What the clip tells everybody else.

        Raises:
            MediaError: no frame was found.
        """
        if self.upright is None:
            raise MediaError(NO_FRAMES)
        times, origin = self._times(), self._beginning()
        is_part = self.task.part.start > 0
        interval = times[-1] - times[-2] if len(times) > 1 else self.clock.usual_interval
        end = times[-1] + (self.last_duration * self.clock.time_base or interval) - origin
        claimed = self.container.duration
        return ClipFacts(
            size=self.upright.size,
            times=tuple(time - origin for time in times),
            duration=end,
            has_audio=readable_sound(self.container) is not None,
            codec=self.stream.codec_context.name,
            cut=self.zero if is_part else Fraction(0),
            is_trimmed=self.is_too_long or self.is_stopped,
            file_duration=Fraction(claimed, av.time_base) if claimed and claimed > 0 else None,
            tags=kept_tags(self.container.metadata),
            notices=tuple(self._notices(end)),
        )

    def _sound_end(self) -> Fraction:
        """When the sound ends, as far as the file says, counted from the container's start [s]."""
        sound, claimed = readable_sound(self.container), self.container.duration
        return Fraction(0) if sound is None or not claimed else Fraction(claimed, av.time_base)

    def _notices(self, duration: Fraction) -> Iterator[str]:
        assert self.upright is not None
        part, upright = self.task.part, self.upright
        if self.is_too_long:
            yield length_notice(len(self.stamps), duration, self.task.limits, part)
        elif part != Part():
            yield part_notice(self.zero if part.start > 0 else Fraction(0), duration)
        elif self._sound_end() > self.task.limits.max_seconds:
            yield SOUND_CUT.format(seconds=float(self.task.limits.max_seconds))
        if upright.size != upright.displayed:
            yield scale_notice(upright.displayed, upright.size)
        if upright.coding.is_hdr:
            yield HDR
        if self.packets.num_damaged:
            yield DAMAGED
        has_read_all = not (self.is_too_long or self.is_stopped or self.seek is not None)
        if has_read_all and self.packets.num_read < len(self.stream.index_entries):
            yield CUT_SHORT
