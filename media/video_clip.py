"""A clip to read: its facts, and its frames one by one or any one of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from media.clip_facts import ClipFacts, Part, Size
from media.clip_index import read_index, write_index
from media.errors import MediaError
from media.frame import Frame
from media.limits import LOCAL, Limits
from media.remote_sound import RemoteSound
from media.remote_source import OnPicture, Order, RemoteSource

Seconds = Fraction | int | float


class VideoClip:
    """A video, a picture or numbered images, as frames that are upright and have square pixels.

    The file is decoded by another process, which can do no harm here; see docs/decisions/0007-clips-of-strangers.md.
    Use it as a context manager. One clip serves one thread at a time, and `again` gives another thread its own; the
    iterators of `frames` are independent of each other.
    """

    def __init__(self, path: Path, source: RemoteSource, limits: Limits) -> None:
        """Wrap a source; use `VideoClip.open`."""
        self.path = path
        self.limits = limits
        self._source = source
        self._last: Frame | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        limits: Limits = LOCAL,
        start: Seconds = 0,
        stop: Seconds | None = None,
        image_fps: Fraction | int = 24,
        index: str | Path | None = None,
        on_picture: OnPicture | None = None,
    ) -> VideoClip:
        """Open a clip and count its frames by decoding them once.

        Args:
            path: a video file; a folder or a ZIP of numbered images; a JPEG, PNG or WebP. Never an address.
            limits: how large it may be. What is too long is cut and what is too large is scaled down; `notices` say so.
            start: where the wanted part begins, counted from the container's start: the frame that is shown
                then is the first [s].
            stop: where it ends; None: at the end of the file [s].
            image_fps: the rate of numbered images [frames a second].
            index: a file in which the counting is remembered, so that the next opening of the same clip is immediate.
            on_picture: called with the index and the pixels of every frame as it is counted, so that one pass serves
                both. A damaged file may be read twice; it is then called again from index 0 on. Not called if the
                clip is known from `index`.

        Raises:
            MediaError: with a sentence for the person: no such file, no video, no frame, too large.
        """
        path = Path(path).absolute()
        if not path.exists():
            raise MediaError(f"There is no file or folder named {path.name[:60]!r}; please check the name.")
        part = Part(_exact(start), None if stop is None else _exact(stop))
        if part.start < 0 or (part.stop is not None and part.stop <= part.start):
            raise MediaError(
                "The part of a clip must begin at 0 or later and end after it begins; please choose again."
            )
        order = Order(path, limits, part, Fraction(image_fps))
        source = RemoteSource(order, known=read_index(index, order), on_picture=on_picture)
        write_index(index, order, source.remembered)
        return cls(path, source, limits)

    def again(self) -> VideoClip:
        """The same clip once more, for another thread; it is not counted again, and whoever asks closes it."""
        return VideoClip(self.path, self._source.again(), self.limits)

    @property
    def facts(self) -> ClipFacts:
        """Everything that is known of the clip, as plain values."""
        return self._source.facts

    @property
    def size(self) -> Size:
        """Displayed size (height, width) [px]."""
        return self.facts.size

    @property
    def fps(self) -> Fraction:
        """Mean rate [frames a second]."""
        return self.facts.fps

    @property
    def num_frames(self) -> int:
        """Number of frames, counted by decoding."""
        return self.facts.num_frames

    @property
    def times(self) -> tuple[Fraction, ...]:
        """When each frame is shown, counted from the clip's beginning [s]."""
        return self.facts.times

    @property
    def duration(self) -> Fraction:
        """When the last frame ends, counted from the clip's beginning [s]."""
        return self.facts.duration

    @property
    def has_audio(self) -> bool:
        """Whether there is sound that can be carried over."""
        return self.facts.has_audio

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the person: what was left away, what may look wrong."""
        return self.facts.notices

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Yield frames `start` to `stop` (not included; None: to the end) in order, one at a time.

        Raises:
            IndexError: the range is not inside the clip.
            MediaError: a frame can no longer be decoded.
        """
        stop = self.num_frames if stop is None else stop
        if not 0 <= start <= stop <= self.num_frames:
            raise IndexError(
                f"Frames {start} to {stop} were asked for, but the clip has frames 0 to {self.num_frames}."
            )
        return self._frames(start, stop)

    def _frames(self, start: int, stop: int) -> Iterator[Frame]:
        if start == stop:
            return
        for index, picture in self._source.decode(start, stop):
            yield Frame(index, self.times[index], picture)

    def frame(self, index: int) -> Frame:
        """Decode one frame: exactly the one that `frames()` yields at that place.

        The decoder keeps the frames before it, so a step back costs as little as a step forward; a jump costs
        decoding from the keyframe before it. docs/decisions/0007-clips-of-strangers.md has the figures.

        Raises:
            IndexError: there is no such frame.
            MediaError: the frame can no longer be decoded.
        """
        if not 0 <= index < self.num_frames:
            raise IndexError(f"Frame {index} was asked for, but the clip has frames 0 to {self.num_frames - 1}.")
        if self._last is None or self._last.index != index:
            self._last = Frame(index, self.times[index], self._source.frame(index))
        return self._last

    def sound(self, start: Fraction = Fraction(0), stop: Fraction | None = None) -> RemoteSound | None:
        """The clip's sound, to be written beside its frames; None where nothing is heard. Whoever takes it closes it.

        Args:
            start, stop: of the clip's times [s]; None: to the end of the sound.

        Raises:
            MediaError: it cannot be decoded.
        """
        return self._source.sound(start, stop)

    def close(self) -> None:
        """Let go of the file and of the process that reads it; `frame` and `frames` open it again when asked."""
        self._source.close()
        self._last = None

    def __enter__(self) -> VideoClip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _exact(seconds: Seconds) -> Fraction:
    """A time as it was meant: 0.1 is a tenth, not the nearest binary number."""
    return Fraction(seconds).limit_denominator(1_000_000)


def probe(path: str | Path, limits: Limits = LOCAL) -> ClipFacts:
    """Say what is true of a clip, counted by decoding it.

    Raises:
        MediaError: why it cannot be taken, in one sentence.
    """
    with VideoClip.open(path, limits=limits) as clip:
        return clip.facts
