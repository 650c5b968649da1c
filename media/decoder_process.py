"""The process that decodes, as seen from outside: started, spoken to, watched by the clock, and never left behind."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from media.errors import MediaError
from media.frame import Picture, Pixels
from media.limits import Limits
from media.messages import BEAT, FAILED, HEADER_BYTES, REFUSED, Header
from media.planes import Planes
from media.wide_pipe import widen

logger = logging.getLogger(__name__)

CRASHED = "Reading this clip failed; please try again, or export the clip again as H.264 (MP4)."
TOO_SLOW = "Reading this clip took too long, so it was stopped; please try a shorter or smaller one."
NOT_STARTED = "The program that reads clips cannot be started; please try again."

MOST_TEXT = 64 * 2**20
"""The longest message that is no picture [bytes]."""

KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "LANG", "LC_ALL")
"""Everything else stays here: tokens and passwords above all."""

# One thread in numpy: each that it might start takes address space, which is limited.
FEW_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class DecoderProcess:
    """A fresh interpreter with nothing of this process in it: no thread, no library, no secret, no open file.

    It is killed with its whole group when it is closed, fails, is silent for too long or is forgotten.
    """

    def __init__(self, limits: Limits) -> None:
        """Start it.

        Raises:
            MediaError: it cannot be started.
        """
        self._limits = limits
        kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        # What can be imported here can be imported there, wherever this program was started.
        paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-m", "media.decoder_child"],  # what site adds to the path is in PYTHONPATH
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=Path(__file__).parents[1],
                env={**kept, **FEW_THREADS, **paths},
                start_new_session=True,
            )
        except OSError as error:
            logger.error("no decoder: %s", error)
            raise MediaError(NOT_STARTED) from error
        self.close = weakref.finalize(self, _end, self._process)
        assert self._process.stdout is not None
        widen(self._process.stdout.fileno())

    @property
    def pid(self) -> int:
        """Its number, for tests that mean it harm."""
        return self._process.pid

    @property
    def is_closed(self) -> bool:
        """Whether it was ended by us."""
        return not self.close.alive

    @property
    def is_running(self) -> bool:
        """Whether it can be spoken to."""
        return not self.is_closed and self._process.poll() is None

    def interrupt(self) -> None:
        """Kill it, from any thread; the one that waits for its words hears that it has failed. `close` follows."""
        _kill(self._process)

    def say(self, order: dict[str, Any]) -> None:
        """Send one command.

        Raises:
            MediaError: it is dead.
        """
        line = json.dumps(order).encode() + b"\n"
        try:
            assert self._process.stdin is not None
            while line:
                line = line[self._process.stdin.write(line) or 0 :]
        except (OSError, ValueError) as error:
            raise self._failure() from error

    def hear(self, deadline: float | None = None) -> Header:
        """Wait for the next message that is more than a sign of life.

        Args:
            deadline: until when, on the monotonic clock [s]; None: as long as there are signs of life.

        Returns:
            Its header; what belongs to it is read next, by `text` or `picture`.

        Raises:
            MediaError: it refuses the clip, has failed, is too slow, or speaks nonsense.
        """
        while True:
            header = Header.unpack(self._read(bytearray(HEADER_BYTES), deadline))
            if header.kind in (REFUSED, FAILED):
                said = self.text(header).decode(errors="replace")
                if header.kind == REFUSED:
                    raise MediaError(said[:200])
                logger.error("the decoder failed: %s", said)
                raise self._failure()
            if header.kind != BEAT:
                return header

    def text(self, header: Header) -> bytes:
        """The bytes of a message that is no picture."""
        if header.length > MOST_TEXT:
            raise self._nonsense("a very long message")
        return bytes(self._read(bytearray(header.length), None))

    def picture(self, header: Header) -> Picture:
        """The picture of a message, new and all the caller's own."""
        height, width = header.height, header.width
        is_in_planes = 2 * header.length == 3 * height * width and height % 2 == width % 2 == 0
        is_sound = is_in_planes or header.length == 3 * height * width
        if not is_sound or not 0 < height * width <= self._limits.max_pixels:
            raise self._nonsense(f"a picture of {width}×{height} in {header.length} bytes")
        values: Pixels = np.empty((height * 3 // 2, width) if is_in_planes else (height, width, 3), np.uint8)
        self._read(values.reshape(-1).data, None)
        return Planes(values) if is_in_planes else values

    def _read(self, into: bytearray | memoryview, deadline: float | None) -> bytes:
        """Fill a buffer from the pipe; gives back what is in it if it is a bytearray."""
        assert self._process.stdout is not None
        rest = memoryview(into)
        while rest:
            if not self._wait(deadline):
                self.close()
                raise MediaError(TOO_SLOW)
            try:
                num_bytes = self._process.stdout.readinto(rest)  # type: ignore[attr-defined]  # a pipe can
            except (OSError, ValueError) as error:
                raise self._failure() from error
            if not num_bytes:
                raise self._failure()
            rest = rest[num_bytes:]
        return bytes(into) if isinstance(into, bytearray) else b""

    def _wait(self, deadline: float | None) -> bool:
        """Wait until there is something to read; False when the time is over."""
        seconds = float(self._limits.max_silence)
        if deadline is not None:
            seconds = min(seconds, deadline - time.monotonic())
        if self.is_closed:
            return True  # and reading finds out
        poll = select.poll()
        assert self._process.stdout is not None
        poll.register(self._process.stdout, select.POLLIN)
        return bool(poll.poll(max(0, seconds) * 1000))

    def _nonsense(self, what: str) -> MediaError:
        self.close()
        logger.error("the decoder sent %s", what)
        return MediaError(CRASHED)

    def _failure(self) -> MediaError:
        """End it and find the sentence for what happened."""
        process = self._process
        try:  # it may be about to end by itself, with a code that tells more than ours
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            logger.debug("the decoder still runs")
        self.close()
        logger.warning("the decoder ended with code %s", process.returncode)
        return MediaError(TOO_SLOW if process.returncode == -signal.SIGXCPU else CRASHED)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group, and let go of its pipes."""
    _kill(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.debug("the decoder has just ended")
    process.wait()
