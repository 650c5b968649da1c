"""Every frame gets a time, whatever the file says."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from media.frame_times import frame_times

TENTH = Fraction(1, 10)


def tenths(*numbers: int | None) -> list[Fraction | None]:
    return [None if number is None else number * TENTH for number in numbers]


def test_good_times_are_kept() -> None:
    assert frame_times(tenths(3, 4, 7, 50), tenths(0, 0, 0, 0), TENTH) == tenths(3, 4, 7, 50)


def test_missing_times_are_filled_with_the_interval_before() -> None:
    assert frame_times(tenths(None, 1, 3, None, None), [None] * 5, TENTH) == tenths(0, 1, 3, 5, 7)


def test_small_steps_back_move_one_frame_only() -> None:
    times = frame_times(tenths(0, 1, 1, 2), [None] * 4, TENTH)
    assert [times[0], times[1], times[3]] == tenths(0, 1, 2)
    assert TENTH < times[2] < 2 * TENTH


def test_recordings_put_together_go_on() -> None:
    assert frame_times(tenths(20, 21, 22, 0, 1, 2), [None] * 6, TENTH) == tenths(20, 21, 22, 23, 24, 25)


def test_decoding_times_serve_where_they_are_more_consistent() -> None:
    assert frame_times(tenths(1, 4, None, 3, None, 8), tenths(2, 3, 4, 5, 6, 7), TENTH) == tenths(2, 3, 4, 5, 6, 7)


def test_times_always_increase() -> None:
    times = frame_times(tenths(5, 3, 3, 3, None, 2, 90, 1), [None] * 8, TENTH)
    assert all(earlier < later for earlier, later in pairwise(times))
