"""A clip's frames, decoded by another process: what `VideoClip` stands on."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from media.clip_facts import ClipFacts, Part
from media.decoder_process import CRASHED, DecoderProcess
from media.errors import MediaError
from media.facts_json import facts_from_json
from media.frame import Picture, Pixels, pixels_of
from media.limits import Limits
from media.messages import END, FACTS, FRAME, FRAMES_AHEAD, Header
from media.remote_sound import RemoteSound

logger = logging.getLogger(__name__)

OnPicture = Callable[[int, Pixels], None]


@dataclass(frozen=True)
class Order:
    """What is to be opened.

    Attributes:
        path: a file or a folder, absolute.
        limits: how large it may be.
        part: the part of it that is wanted.
        image_fps: the rate of numbered images [frames a second].
    """

    path: Path
    limits: Limits
    part: Part = Part()  # noqa: RUF009  (an immutable tuple)
    image_fps: Fraction = Fraction(24)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON; fractions are pairs of numerator and denominator."""
        limits = {**asdict(self.limits), "max_seconds": _pair(self.limits.max_seconds)}
        return {
            "path": str(self.path),
            "limits": limits,
            "part": [None if point is None else _pair(point) for point in self.part],
            "image_fps": _pair(self.image_fps),
        }


class RemoteSource:
    """The frames of one clip. Each pass over it that is under way has a process of its own; one stays for the next.

    What a process says is held against the limits and against the facts that were told first.
    """

    def __init__(self, order: Order, *, known: dict[str, Any] | None = None, on_picture: OnPicture | None = None):
        """Open the clip.

        Args:
            order: what to open.
            known: what `remembered` gave for the same order, or None: then every frame is decoded and counted.
            on_picture: called with the index and the pixels of every frame as it is counted. A damaged file may be
                read twice; it is then called again from index 0 on.

        Raises:
            MediaError: with a sentence for the person.
        """
        self._order = order
        self._idle: DecoderProcess | None = None
        self._idle_since = 0.0
        self._remembered = known
        if known is not None:
            self.facts = _checked(known, order.limits)
            return
        process, self._remembered, self.facts = self._opened(on_picture)
        self._give_back(process)

    @property
    def remembered(self) -> dict[str, Any]:
        """Facts and index as plain JSON, with which the same clip is opened again at once."""
        assert self._remembered is not None
        return self._remembered

    def again(self) -> RemoteSource:
        """The same clip, with processes of its own."""
        return RemoteSource(self._order, known=self.remembered)

    def decode(self, start: int, stop: int) -> Iterator[tuple[int, Picture]]:
        """Yield (index, picture) of frames `start` to `stop` (not included), a few of them decoded ahead.

        Raises:
            MediaError: a frame can no longer be decoded, or the process has died.
        """
        process = self._take()
        has_ended = False
        process.say({"do": "frames", "start": start, "stop": stop})
        try:
            for expected in range(start, stop):
                header = process.hear()
                if header.kind != FRAME or header.frame_index != expected:
                    raise MediaError(f"Frame {expected} can no longer be decoded; please open the clip again.")
                picture = self._read(process, header)
                if expected + FRAMES_AHEAD < stop:  # the last ones are on their way, and nobody may be there to hear it
                    process.say({"do": "more"})
                yield expected, picture
            has_ended = process.hear().kind == END
        except GeneratorExit:  # no more frames are wanted
            has_ended = _stop(process)
            raise
        finally:
            if has_ended:
                self._give_back(process)
            else:
                process.close()

    def frame(self, index: int) -> Picture:
        """One frame: exactly the one that `decode` yields at that place.

        Raises:
            MediaError: as `decode`.
        """
        process = self._take()
        try:
            process.say({"do": "frame", "index": index})
            header = process.hear()
            if header.kind != FRAME or header.frame_index != index:
                raise MediaError(f"Frame {index} can no longer be decoded; please open the clip again.")
            picture = self._read(process, header)
        except BaseException:
            process.close()
            raise
        self._give_back(process)
        return picture

    def sound(self, start: Fraction, stop: Fraction | None) -> RemoteSound | None:
        """The clip's sound, decoded by a process of its own; None where nothing is heard. May be asked by any thread.

        Without `stop` it goes on after the last frame as in the file, but not beyond what was cut, or what is allowed.

        Raises:
            MediaError: it cannot be decoded.
        """
        if not self.facts.has_audio:
            return None
        if stop is None:
            stop = self.facts.duration if self.facts.is_trimmed else self._order.limits.max_seconds
        return RemoteSound.open(self._opened(None)[0], start, stop - start)

    def close(self) -> None:
        """End the process that waits; the next call starts another."""
        if self._idle is not None:
            self._idle.close()
            self._idle = None

    def _take(self) -> DecoderProcess:
        """The process that waits, or a new one that knows the clip already."""
        process, self._idle = self._idle, None
        if process is not None:
            # It ends by itself after a while without orders; one that may be about to is not spoken to any more.
            is_fresh = time.monotonic() - self._idle_since < self._order.limits.max_idle / 2
            if is_fresh and process.is_running:
                return process
            process.close()
        return self._opened(None)[0]

    def _give_back(self, process: DecoderProcess) -> None:
        if self._idle is not None:
            self._idle.close()
        self._idle, self._idle_since = process, time.monotonic()

    def _opened(self, on_picture: OnPicture | None) -> tuple[DecoderProcess, dict[str, Any], ClipFacts]:
        """Start a process and let it open the clip."""
        limits = self._order.limits
        deadline = time.monotonic() + limits.max_open_seconds
        process = DecoderProcess(limits)
        try:
            known, with_pictures = self._remembered, on_picture is not None
            process.say({**self._order.to_json(), "known": known, "with_pictures": with_pictures})
            while (header := process.hear(deadline)).kind == FRAME and on_picture is not None:
                on_picture(header.frame_index, pixels_of(process.picture(header)))
            if header.kind != FACTS:
                raise MediaError(CRASHED)
            remembered = json.loads(process.text(header))
            return process, remembered, _checked(remembered, limits)
        except BaseException:
            process.close()
            raise

    def _read(self, process: DecoderProcess, header: Header) -> Picture:
        picture = process.picture(header)
        if (header.height, header.width) != self.facts.size:
            process.close()
            logger.error("the decoder sent a picture of %d×%d", header.width, header.height)
            raise MediaError(CRASHED)
        return picture


def _stop(process: DecoderProcess) -> bool:
    """Ask for no more frames and read those that are on their way; whether the process can go on."""
    try:
        process.say({"do": "stop"})
        while (header := process.hear()).kind != END:
            process.picture(header)
    except MediaError as error:
        logger.debug("not stopped: %s", error)
        return False
    return True


def _checked(remembered: Any, limits: Limits) -> ClipFacts:
    try:
        return facts_from_json(remembered["facts"], limits)
    except (ValueError, TypeError, KeyError, MediaError) as error:
        logger.error("the decoder told facts that cannot be true: %s", error)
        raise MediaError(CRASHED) from error


def _pair(number: Fraction) -> list[int]:
    return [number.numerator, number.denominator]
