"""The clip's sound as a file that every browser plays, for the editor's own playback."""

from __future__ import annotations

import logging
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

from app.session import Session
from media.carried_over import Sound
from media.errors import MediaError

logger = logging.getLogger(__name__)

_MOST_SECONDS = 120  # of work, not of sound


def make_sound(session: Session) -> Path | None:
    """The sound of a session's clip, its time 0 being the clip's; made once. None where there is none to be had.

    Playing the clip without sound is better than not playing it, so whatever ffmpeg says is only logged.
    """
    out = session.folder / "sound.m4a"
    if out.is_file():
        return out
    if not session.info.has_audio:
        return None
    part = out.with_suffix(".part")
    try:
        with session.open_clip() as clip:
            facts = clip.facts
        # As an export takes it over: a part of a longer file has the sound of that part.
        until = Fraction(session.info.duration).limit_denominator(1000) + 1
        source = Sound(session.clip_path, facts.audio_delay, until, facts.cut)
        command = [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
            *source.arguments(),
            # Silence stands in where the sound begins later than the clip, or has gaps.
            *("-map", "0:a:0", "-af", "aresample=async=1:first_pts=0", "-ac", "2", "-c:a", "aac", "-b:a", "96k"),
            *("-f", "ipod", f"file:{part}"),
        ]
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=_MOST_SECONDS)
        part.replace(out)
    except (OSError, subprocess.SubprocessError, MediaError) as error:
        logger.warning("the sound could not be prepared: %s", error)
        return None
    finally:
        part.unlink(missing_ok=True)
    return out
