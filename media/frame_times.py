"""Gives every frame its time, also where the file leaves it out, repeats it or goes backwards."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

SMALL_STEP_BACK = Fraction(1, 2)
"""Steps back of less than this [s] are jitter; larger ones mean that the clock was set anew."""

SHORTEST_INTERVAL = Fraction(1, 1000)
"""Between a frame and one that claims no later time [s]."""


def frame_times(
    presented: Sequence[Fraction | None], decoded: Sequence[Fraction | None], usual_interval: Fraction
) -> list[Fraction]:
    """The times at which frames are shown: strictly increasing, and as the file says wherever that is possible.

    Args:
        presented: when each frame is to be shown, in the order of showing [s]; None: not said.
        decoded: when each frame left the decoder [s]. Some files (H.264 in AVI) hold only these;
            they are taken where they are more consistent than the others.
        usual_interval: taken where nothing better is known [s].
    """
    stated = presented if _faults(presented) <= _faults(decoded) else decoded
    times: list[Fraction] = []
    shift = Fraction(0)
    interval = usual_interval
    for said in stated:
        expected = times[-1] + interval if times else Fraction(0)
        time = expected if said is None else said + shift
        if times and time <= times[-1]:
            if times[-1] - time < SMALL_STEP_BACK:
                time = times[-1] + SHORTEST_INTERVAL
            else:  # e.g. two recordings put one after the other: go on from here
                shift += expected - time
                time = expected
        elif times:
            interval = time - times[-1]
        times.append(time)
    return times


def _faults(stated: Sequence[Fraction | None]) -> int:
    """How often a time is missing or not later than the one before."""
    known = [time for time in stated if time is not None]
    return len(stated) - len(known) + sum(later <= earlier for earlier, later in pairwise(known))
