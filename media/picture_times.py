"""The facts of a clip that is made of pictures: which of them are used, and when each is shown."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from media.clip_facts import ClipFacts, Part, Size
from media.limits import Limits
from media.notices import length_notice, part_notice, part_too_late, scale_notice


class Chosen(NamedTuple):
    """The pictures that make the clip: from `first` to `last` (not included)."""

    first: int
    last: int
    facts: ClipFacts


def choose_pictures(displayed: Size, ends: Sequence[Fraction], limits: Limits, part: Part) -> Chosen:
    """Cut a row of pictures to a part of it and to the limits.

    Args:
        displayed: size of the pictures (height, width) [px].
        ends: when each picture ends, increasing [s]; the first begins at 0.
        limits: how large the clip may be.
        part: the part that is wanted.

    Raises:
        MediaError: the pictures are too small or too narrow, or end before the part begins.
    """
    size = limits.fit(displayed)
    begins = [Fraction(0), *ends[:-1]]
    first = sum(end <= part.start for end in ends)
    if first == len(ends):
        raise part_too_late(ends[-1], part)
    cut = begins[first]
    wanted = len(ends) if part.stop is None else max(first + 1, sum(begin < part.stop for begin in begins))
    allowed = sum(begin - cut < limits.max_seconds for begin in begins)
    last = min(wanted, allowed, first + limits.max_frames)
    duration = ends[last - 1] - cut
    notices = []
    if last < wanted:
        notices.append(length_notice(last - first, duration, limits, part))
    elif part != Part():
        notices.append(part_notice(cut, duration))
    if size != displayed:
        notices.append(scale_notice(displayed, size))
    facts = ClipFacts(
        size=size,
        times=tuple(begin - cut for begin in begins[first:last]),
        duration=duration,
        has_audio=False,
        codec="images",
        cut=cut,
        is_trimmed=last < len(ends),
        file_duration=ends[-1],
        notices=tuple(notices),
    )
    return Chosen(first, last, facts)
