"""What the process that decodes says: short headers, each followed by so many bytes.

Commands go the other way, one line of JSON each. Nothing that comes from that process is ever unpickled.
"""

from __future__ import annotations

import os
import struct
import time
from typing import NamedTuple

FACTS, FRAME, END, BEAT, REFUSED, FAILED, SOUND, SAMPLES = b"F", b"P", b"E", b"B", b"R", b"X", b"S", b"A"
"""The clip's facts and index as JSON; a picture; the last picture or sample was sent; a sign of life; a sentence for
the person; a traceback for the log; what the sound's samples are, as JSON; samples. A picture of 3 bytes a pixel is
RGB, one of half as many is in planes."""

_HEADER = struct.Struct("<cxxxiIIQ")
HEADER_BYTES = _HEADER.size
SECONDS_BETWEEN_BEATS = 0.5
FRAMES_AHEAD = 2
"""Frames that are decoded before they are asked for."""


class Header(NamedTuple):
    """What comes next: a message of `kind` with `length` bytes; of a picture also its place and size [px]."""

    kind: bytes
    length: int = 0
    frame_index: int = 0
    height: int = 0
    width: int = 0

    def pack(self) -> bytes:
        """As bytes."""
        return _HEADER.pack(self.kind, self.frame_index, self.height, self.width, self.length)

    @classmethod
    def unpack(cls, data: bytes) -> Header:
        """From the bytes that `pack` gave."""
        kind, frame_index, height, width, length = _HEADER.unpack(data)
        return cls(kind, length, frame_index, height, width)


class Speaker:
    """Writes messages to a file descriptor; blocks while nobody reads, so nothing piles up."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._last = time.monotonic()

    def say(self, header: Header, payload: bytes | memoryview = b"") -> None:
        """Send one message.

        Raises:
            BrokenPipeError: nobody listens any more.
        """
        for part in (header.pack(), payload):
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self._last = time.monotonic()

    def beat(self) -> None:
        """Give a sign of life, if the last one was some time ago."""
        if time.monotonic() - self._last > SECONDS_BETWEEN_BEATS:
            self.say(Header(BEAT))
