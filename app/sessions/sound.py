"""The clip's sound as a file that every browser plays, for the editor's own playback."""

from __future__ import annotations

import logging
from pathlib import Path

from app.sessions.session import Session
from media.encoder import Encoder
from media.errors import MediaError
from media.remote_sound import SoundFeed

logger = logging.getLogger(__name__)


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
            sound = clip.sound()
        if sound is None:
            return None
        _encode(SoundFeed(sound), part)
        part.replace(out)
    except (OSError, MediaError) as error:
        logger.warning("the sound could not be prepared: %s", error)
        return None
    finally:
        part.unlink(missing_ok=True)
    return out


def _encode(feed: SoundFeed, out: Path) -> None:
    """Write a sound as AAC."""
    arguments = [*feed.arguments(), "-ac", "2", "-c:a", "aac", "-b:a", "96k", "-f", "ipod", f"file:{out}"]
    try:
        encoder = Encoder(arguments, reads_pipe=False, inherits=[feed.reading_end])
        try:
            feed.start()
            for _ in encoder.wait():
                pass
            feed.check()
        finally:
            encoder.close()
    finally:
        feed.close()
