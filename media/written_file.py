"""Checks a file that was just written, before it gets its name: is every frame there, at its time, and decodable?"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from media.encoder import FAILED
from media.errors import MediaError

logger = logging.getLogger(__name__)

DEMUXERS = {"mp4": "mov", "mov": "mov", "webm": "matroska", "gif": "gif"}

LARGEST_ERROR = {"gif": Fraction(1, 100)}
"""By how much a frame may be off its time [s]; a GIF counts hundredths."""

OTHERS_LARGEST_ERROR = Fraction(1, 1000)

DECODED_EVERY = Fraction(1)
"""Of a file's keyframes one a second is decoded [s]."""


def check_video(path: Path, muxer: str, times: Sequence[Fraction]) -> Iterator[None]:
    """Find every frame in the file at its time, and decode some keyframes; yields all the while.

    Decoding all frames would add a sixth to the time of writing and could only find what the exit code, the count
    and the index of a file finished a moment ago do not show.

    Args:
        path: the file.
        muxer: FFmpeg's name of the muxer that wrote it.
        times: of the frames that were written [s].

    Raises:
        MediaError: it is not what was written.
    """
    found: list[Fraction] = []
    num_decoded = 0
    next_decoded = Fraction(-1)
    try:
        with av.open(f"file:{path}", format=DEMUXERS[muxer]) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if packet.pts is None or packet.time_base is None:  # the empty packet at the end
                    num_decoded += len(packet.decode())
                    continue
                found.append(packet.pts * packet.time_base)
                if packet.is_keyframe and found[-1] >= next_decoded:
                    num_decoded += len(packet.decode())
                    next_decoded = found[-1] + DECODED_EVERY
                yield
    except (av.FFmpegError, IndexError) as error:
        logger.error("the encoded file cannot be read: %s", error)
        raise MediaError(FAILED) from error
    if len(found) != len(times) or num_decoded == 0:
        logger.error("%d frames were written, %d are in the file, %d decoded", len(times), len(found), num_decoded)
        raise MediaError(FAILED)
    first = times[0] if muxer == "gif" else Fraction(0)
    worst = max(abs(a + first - b) for a, b in zip(sorted(found), times, strict=True))
    if worst > LARGEST_ERROR.get(muxer, OTHERS_LARGEST_ERROR):
        logger.error("a frame is %.4f s off its time", float(worst))
        raise MediaError(FAILED)


def finish_webp(path: Path, shown: Fraction, num_frames: int) -> None:
    """Check an animated WebP, and say in it how long its last frame is shown, which its encoder leaves open.

    Args:
        path: the file.
        shown: from the first frame's begin to the last frame's end [s].
        num_frames: that were written; equal ones that follow each other become one.

    Raises:
        MediaError: it is not what was written.
    """
    try:
        places = list(_webp_durations(path))
        with Image.open(path, formats=("WEBP",)) as image:
            image.load()
    except (OSError, ValueError, struct.error) as error:
        logger.error("the encoded picture cannot be read: %s", error)
        raise MediaError(FAILED) from error
    if len(places) > num_frames or (num_frames > 1 and not places):
        logger.error("%d frames were written, %d are in the file", num_frames, len(places))
        raise MediaError(FAILED)
    if not places:
        return  # a single frame is a still picture
    before = sum(milliseconds for _, milliseconds in places[:-1])
    with path.open("r+b") as file:
        file.seek(places[-1][0])
        file.write(max(1, round(shown * 1000) - before).to_bytes(3, "little"))


def _webp_durations(path: Path) -> Iterator[tuple[int, int]]:
    """Where in the file each frame's duration stands, and what it is [ms]: 24 bits at byte 12 of an ANMF chunk."""
    with path.open("rb") as file:
        form, size, kind = struct.unpack("<4sI4s", file.read(12))
        end = size + 8
        if (form, kind) != (b"RIFF", b"WEBP") or end != path.stat().st_size:
            raise ValueError("no whole WebP file")
        at = 12
        while at < end:
            file.seek(at)
            name, length = struct.unpack("<4sI", file.read(8))
            if name == b"ANMF":
                file.seek(12, 1)
                yield at + 20, int.from_bytes(file.read(3), "little")
            at += 8 + length + length % 2
