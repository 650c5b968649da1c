"""The sound of a clip, decoded by another process and handed to an encoder through a pipe, as raw samples."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from media.decoder_process import CRASHED, DecoderProcess
from media.errors import MediaError
from media.messages import END, SAMPLES, SOUND

logger = logging.getLogger(__name__)

BYTES_A_SAMPLE = 4
LAYOUT = re.compile(r"[a-z0-9.()]{1,20}")
MOST_RATE, MOST_CHANNELS = 192_000, 8


class RemoteSound:
    """Samples of 32-bit floats, from a moment of the clip on and without holes.

    Attributes:
        rate: samples a second.
        layout: FFmpeg's name of the channels' layout.
    """

    def __init__(self, process: DecoderProcess, form: Any, seconds: Fraction) -> None:
        """Take what a process has told of its samples.

        Raises:
            ValueError, TypeError, KeyError: it cannot be true.
        """
        self._process = process
        self.rate, self.layout = form["rate"], form["layout"]
        channels = form["channels"]
        is_sound = isinstance(self.rate, int) and 0 < self.rate <= MOST_RATE and 0 < channels <= MOST_CHANNELS
        if not (is_sound and LAYOUT.fullmatch(self.layout)):
            raise ValueError("no sound has this form")
        self._most_bytes = (int(seconds * self.rate) + 1) * channels * BYTES_A_SAMPLE

    @classmethod
    def open(cls, process: DecoderProcess, start: Fraction, seconds: Fraction) -> RemoteSound | None:
        """Ask a process that has opened a clip for its sound from `start` on, at most `seconds`; None for silence.

        Raises:
            MediaError: the process fails.
        """
        try:
            process.say({"do": "sound", "start": start.as_integer_ratio(), "seconds": seconds.as_integer_ratio()})
            header = process.hear()
            if header.kind == SOUND:
                return cls(process, json.loads(process.text(header)), seconds)
        except (ValueError, TypeError, KeyError) as error:
            process.close()
            logger.error("the decoder told of a sound that cannot be: %s", error)
            raise MediaError(CRASHED) from error
        except BaseException:
            process.close()
            raise
        process.close()
        return None

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples' bytes, to the end.

        Raises:
            MediaError: the process fails, or does not come to an end.
        """
        num_bytes = 0
        while (header := self._process.hear()).kind == SAMPLES:
            piece = self._process.text(header)
            num_bytes += len(piece)
            if num_bytes > self._most_bytes:
                break
            yield piece
        if header.kind != END:
            logger.error("the decoder does not end a sound as it should")
            raise MediaError(CRASHED)

    def interrupt(self) -> None:
        """End it from another thread; the one that reads hears of a failure."""
        self._process.interrupt()

    def close(self) -> None:
        """Let go of the process."""
        self._process.close()


class SoundFeed:
    """Hands a sound to a program that is about to be started, on a thread, as fast as the program takes it."""

    def __init__(self, sound: RemoteSound) -> None:
        """Make the pipe."""
        self._sound = sound
        self._failure: MediaError | None = None
        self.reading_end, self._writing_end = os.pipe()
        """The end that the program inherits, a file descriptor."""
        self._thread = threading.Thread(target=self._feed, name="sound", daemon=True)

    def arguments(self) -> list[str]:
        """The input of ffmpeg that reads it."""
        sound = self._sound
        return ["-f", "f32le", "-ar", str(sound.rate), "-ch_layout", sound.layout, "-i", f"pipe:{self.reading_end}"]

    def start(self) -> None:
        """Begin to feed the program, which has been started."""
        os.close(self.reading_end)
        self.reading_end = -1
        self._thread.start()

    def check(self) -> None:
        """Raise what went wrong, once the program has ended.

        Raises:
            MediaError: the sound could not be decoded to its end.
        """
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop and let go of everything; the program must have ended."""
        self._sound.interrupt()
        if self._thread.is_alive():
            self._thread.join()
        self._sound.close()
        if self.reading_end >= 0:  # it was never started
            os.close(self.reading_end)
            os.close(self._writing_end)
            self.reading_end = -1

    def _feed(self) -> None:
        try:
            for piece in self._sound.pieces():
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(self._writing_end, rest) :]
        except BrokenPipeError:
            logger.debug("the encoder takes no more sound")
        except MediaError as error:
            self._failure = error
        finally:
            os.close(self._writing_end)
