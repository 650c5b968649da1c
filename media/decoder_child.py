"""The program that decodes strangers' files: `python -m media.decoder_child`, started and ended by `DecoderProcess`.

It opens one clip, as the first line that it reads says, and then does what the lines after it say. It ends when
nobody speaks to it or listens to it any more, or asks anything of it for a while. It never starts another program,
and once its clip is open it can open nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from media.clip_facts import Part
from media.errors import MediaError
from media.facts_json import facts_to_json
from media.frame import Picture
from media.frame_source import FrameSource
from media.guards import limit_resources, limit_time, limit_waiting
from media.limits import Limits
from media.messages import END, FACTS, FAILED, FRAME, FRAMES_AHEAD, REFUSED, SAMPLES, SOUND, Header, Speaker
from media.planes import Planes
from media.sound_track import SoundForm
from media.sources import Opened, Opening
from media.video_file import VideoFile

OUT_OF_MEMORY = (
    "This clip needs more memory than one clip may take here; please make its picture smaller and try again."
)
CORES = 4
"""Time of computing is counted over all cores, of which so many are used at most."""


def main() -> None:
    """Serve one clip until nobody is there any more."""
    speaker = Speaker(_take_output())
    commands = sys.stdin.buffer
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        order = json.loads(commands.readline())
        limits = Limits(**{**order["limits"], "max_seconds": Fraction(*order["limits"]["max_seconds"])})
        limit_resources(limits.max_memory)
        limit_time(CORES * limits.max_open_seconds)
        opened = _opened(order, limits, speaker)
        if opened is not None:
            _serve(opened.source, limits, commands, speaker)


def _take_output() -> int:
    """Keep the pipe to ourselves; a library that prints something prints it nowhere."""
    descriptor = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return descriptor


def _part(start: tuple[int, int], stop: tuple[int, int] | None) -> Part:
    """The part of a clip that an order names in numerators and denominators."""
    return Part(Fraction(*start), None if stop is None else Fraction(*stop))


def _opened(order: dict[str, Any], limits: Limits, speaker: Speaker) -> Opened | None:
    """Open the clip and tell its facts; None if that failed, which is told as well."""
    with _told(speaker):
        opening = Opening(
            path=Path(order["path"]),
            limits=limits,
            part=_part(*order["part"]),
            image_fps=Fraction(*order["image_fps"]),
            beat=speaker.beat,
            on_picture=partial(_say_picture, speaker) if order["with_pictures"] else None,
            known=order["known"],
        )
        opened = opening.run()
        text = json.dumps({"facts": facts_to_json(opened.facts), "index": opened.index}).encode()
        speaker.say(Header(FACTS, len(text)), text)
        return opened
    return None


@contextlib.contextmanager
def _told(speaker: Speaker) -> Iterator[None]:
    """Tell what goes wrong: a sentence where there is one, otherwise a traceback for the log."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (MediaError, MemoryError, FileNotFoundError, OSError) as error:
        text = _sentence(error).encode()
        speaker.say(Header(REFUSED, len(text)), text)
    except Exception:  # a mistake of ours, or of a decoder: the parent logs it and refuses the file
        text = traceback.format_exc()[-4000:].encode(errors="replace")
        speaker.say(Header(FAILED, len(text)), text)


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    if isinstance(error, OSError):
        return "This file cannot be opened; please check that it may be read."
    return str(error)


def _serve(source: FrameSource, limits: Limits, commands: IO[bytes], speaker: Speaker) -> None:
    while True:
        with limit_waiting(limits.max_idle):
            line = commands.readline()
        if not line:
            return
        order = json.loads(line)
        limit_time(CORES * limits.max_open_seconds)
        with _told(speaker):
            if order["do"] == "frame":
                _say_picture(speaker, order["index"], source.frame(order["index"]))
            elif order["do"] == "frames":
                _say_frames(source, order["start"], order["stop"], commands, speaker)
            elif order["do"] == "sound":
                _say_sound(source, Fraction(*order["start"]), Fraction(*order["seconds"]), speaker)
            # "more" and "stop" may come late, when all frames that they are about were sent.


def _say_frames(source: FrameSource, start: int, stop: int, commands: IO[bytes], speaker: Speaker) -> None:
    """Send frames `start` to `stop`, never more than a few ahead of the last "more"."""
    ahead = FRAMES_AHEAD
    for index, picture in source.decode(start):
        if ahead == 0:
            line = commands.readline()
            if not line or json.loads(line)["do"] == "stop":
                break
            ahead += 1
        _say_picture(speaker, index, picture)
        ahead -= 1
        if index + 1 == stop:
            break
    speaker.say(Header(END))


def _say_sound(source: FrameSource, start: Fraction, seconds: Fraction, speaker: Speaker) -> None:
    """Send what the samples are, then the samples; both are missing where there is no sound."""
    for piece in source.sound(start, seconds) if isinstance(source, VideoFile) else ():
        if isinstance(piece, SoundForm):
            text = json.dumps(asdict(piece)).encode()
            speaker.say(Header(SOUND, len(text)), text)
        else:
            data = np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data
            speaker.say(Header(SAMPLES, len(data)), data)
    speaker.say(Header(END))


def _say_picture(speaker: Speaker, index: int, picture: Picture) -> None:
    if isinstance(picture, Planes):
        (height, width), values = picture.size, picture.data
    else:
        (height, width), values = picture.shape[:2], picture
    data = np.ascontiguousarray(values).reshape(-1).data
    speaker.say(Header(FRAME, len(data), index, height, width), data)


if __name__ == "__main__":
    main()
