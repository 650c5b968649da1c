"""A clip to read: its facts, and its frames one by one or any one of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from media.clip_facts import ClipFacts, Size
from media.errors import MediaError
from media.frame import Frame, Pixels
from media.frame_source import FrameSource
from media.image_folder import ImageFolder
from media.limits import LOCAL, Limits
from media.video_file import VideoFile


class VideoClip:
    """A video file or a folder of numbered images, as frames that are upright and have square pixels.

    Use it as a context manager. One clip serves one thread at a time; the iterators of `frames`
    are independent of each other.
    """

    def __init__(self, path: Path, source: FrameSource) -> None:
        """Wrap a source; use `VideoClip.open`."""
        self.path = path
        self._source = source
        self._cursor: Iterator[tuple[int, Pixels]] | None = None
        self._cursor_index = 0
        self._last: Frame | None = None

    @classmethod
    def open(cls, path: str | Path, *, limits: Limits = LOCAL, image_fps: Fraction | int = 24) -> VideoClip:
        """Open a clip and count its frames by decoding them once.

        Args:
            path: a video file, or a folder of numbered JPEG or PNG images.
            limits: how large it may be. A longer clip is cut to its beginning and says so in `notices`.
            image_fps: the rate of a folder of images [frames a second].

        Raises:
            MediaError: with a sentence for the person: no such file, no video, no frame, too large.
        """
        path = Path(path).absolute()
        try:
            source: FrameSource
            if path.is_dir():
                source = ImageFolder(path, limits, Fraction(image_fps))
            else:
                source = VideoFile(path, limits)
        except FileNotFoundError as error:
            raise MediaError(f"There is no file or folder named {path.name!r}; please check the name.") from error
        except OSError as error:
            raise MediaError("This file cannot be opened; please check that it may be read.") from error
        return cls(path, source)

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
        """When each frame is shown, counted from the container's start [s]."""
        return self.facts.times

    @property
    def duration(self) -> Fraction:
        """When the last frame ends, counted from the container's start [s]."""
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
        for index, pixels in self._source.decode(start):
            yield Frame(index, self.times[index], pixels)
            if index + 1 == stop:
                return

    def frame(self, index: int) -> Frame:
        """Decode one frame: exactly the one that `frames()` yields at that place.

        Costs decoding from the frame asked for last or from the keyframe before it, whichever is
        nearer: quick when one goes forward, up to a second after a jump into a clip with few
        keyframes. `FramePack` is the quick way to show any frame.

        Raises:
            IndexError: there is no such frame.
            MediaError: the frame can no longer be decoded.
        """
        if not 0 <= index < self.num_frames:
            raise IndexError(f"Frame {index} was asked for, but the clip has frames 0 to {self.num_frames - 1}.")
        if self._last is not None and self._last.index == index:
            return self._last
        cursor, self._cursor = self._cursor, None  # kept only if it serves: one that has raised has ended
        if cursor is None or not self._source.entry(index) <= self._cursor_index <= index:
            cursor = self._source.decode(index)
        for found, pixels in cursor:
            if found == index:
                self._cursor, self._cursor_index = cursor, index + 1
                self._last = Frame(index, self.times[index], pixels)
                return self._last
        raise MediaError(f"Frame {index} can no longer be decoded; please open the clip again.")

    def close(self) -> None:
        """Let go of the file; `frame` and `frames` open it again when asked."""
        self._cursor = None
        self._last = None

    def __enter__(self) -> VideoClip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
