"""A clip's facts as plain JSON: written by the process that decodes, and believed by nobody before they are checked."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from media.carried_over import checked_tags
from media.clip_facts import ClipFacts, Size
from media.limits import Limits

LARGEST_NUMBER = 2**63


def facts_to_json(facts: ClipFacts) -> dict[str, Any]:
    """Facts as plain JSON; times are pairs of numerator and denominator."""
    return {
        "size": list(facts.size),
        "times": [_pair(time) for time in facts.times],
        "duration": _pair(facts.duration),
        "has_audio": facts.has_audio,
        "codec": facts.codec,
        "cut": _pair(facts.cut),
        "is_trimmed": facts.is_trimmed,
        "file_duration": None if facts.file_duration is None else _pair(facts.file_duration),
        "tags": [list(tag) for tag in facts.tags],
        "notices": list(facts.notices),
    }


def facts_from_json(data: Any, limits: Limits) -> ClipFacts:
    """Facts, held against the limits and against what is true of every clip.

    Raises:
        ValueError, TypeError, KeyError: they are not what `facts_to_json` writes of a clip within `limits`.
    """
    size = Size(*(_whole(side) for side in data["size"]))
    if limits.fit(size) != size:
        raise ValueError(f"a picture of {size} is over the limits")
    if len(data["times"]) > limits.max_frames or not data["times"]:
        raise ValueError("a wrong number of frames")
    times = tuple(_time(pair) for pair in data["times"])
    duration = _time(data["duration"])
    if not all(earlier < later for earlier, later in pairwise((*times, duration))) or times[0] < 0:
        raise ValueError("times that do not increase")
    claimed = data["file_duration"]
    return ClipFacts(
        size=size,
        times=times,
        duration=duration,
        has_audio=bool(data["has_audio"]),
        codec=_words(data["codec"]),
        cut=_time(data["cut"]),
        is_trimmed=bool(data["is_trimmed"]),
        file_duration=None if claimed is None else _time(claimed),
        tags=checked_tags(data["tags"]),
        notices=tuple(_words(notice) for notice in data["notices"][:10]),
    )


def _pair(time: Fraction) -> list[int]:
    return [time.numerator, time.denominator]


def _time(pair: Any) -> Fraction:
    numerator, denominator = (_whole(number) for number in pair)
    return Fraction(numerator, denominator)


def _whole(number: Any) -> int:
    if not isinstance(number, int) or abs(number) >= LARGEST_NUMBER:
        raise ValueError("not a whole number of ordinary size")
    return number


def _words(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("not a text")
    return text[:200]
