"""What is this file, and may we take it?"""

from __future__ import annotations

from pathlib import Path

from media.clip_facts import ClipFacts
from media.limits import LOCAL, Limits
from media.video_clip import VideoClip


def probe(path: str | Path, limits: Limits = LOCAL) -> ClipFacts:
    """Say what is true of a clip, counted by decoding it.

    Raises:
        MediaError: why it cannot be taken, in one sentence.
    """
    with VideoClip.open(path, limits=limits) as clip:
        return clip.facts
