"""Pipelines of threads: order, errors, and that nothing is left running."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import pytest

from app.pipeline import read_ahead


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


class Source:
    """Counts to ten, and remembers how far it was asked and whether it was closed."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.fails_at, self.made, self.is_closed = fails_at, 0, False

    def __iter__(self) -> Iterator[int]:
        try:
            for number in range(10):
                if number == self.fails_at:
                    raise ValueError("the fifth frame is damaged")
                self.made += 1
                yield number
        finally:
            self.is_closed = True


def stage(items: Generator[int, None, None], work: Callable[[int], int]) -> Iterator[int]:
    with closing(items):
        yield from map(work, items)


def test_all_items_arrive_in_order() -> None:
    assert list(read_ahead(iter(Source()), most_waiting=1)) == list(range(10))
    assert list(read_ahead([])) == []
    assert list(read_ahead([None, 0])) == [None, 0]


def test_it_runs_ahead_but_only_so_far() -> None:
    source = Source()
    items = read_ahead(iter(source), most_waiting=2)
    assert next(items) == 0
    reached = threading.Event()
    while source.made < 4:  # one taken, two waiting, one in hand
        reached.wait(0.01)
    reached.wait(0.05)
    assert source.made == 4
    items.close()
    assert source.is_closed


def test_stages_overlap() -> None:
    """The second stage works on an item while the first is at the next: each waits for the other, once."""
    meeting = threading.Barrier(2, timeout=10)

    def meet(number: int) -> int:
        if number == 1:
            meeting.wait()
        return number

    def meet_one_later(number: int) -> int:
        if number == 0:
            meeting.wait()
        return number

    first = read_ahead(stage(iter(Source()), meet))
    assert list(read_ahead(stage(first, meet_one_later))) == list(range(10))


@pytest.mark.parametrize("failing", ["source", "first stage", "last stage"])
def test_an_error_of_any_stage_stops_all_with_its_own_message(failing: str) -> None:
    def fail_in(name: str) -> Callable[[int], int]:
        def work(number: int) -> int:
            if failing == name and number == 5:
                raise ValueError("the fifth frame is damaged")
            return number

        return work

    source = Source(fails_at=5 if failing == "source" else None)
    first = read_ahead(stage(iter(source), fail_in("first stage")), most_waiting=1)
    last = read_ahead(stage(first, fail_in("last stage")), most_waiting=1)
    assert [next(last) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="the fifth frame is damaged"):
        next(last)
    assert source.is_closed


def test_closing_the_last_closes_the_first() -> None:
    source = Source()
    last = read_ahead(stage(read_ahead(iter(source), most_waiting=1), abs), most_waiting=1)
    assert next(last) == 0
    last.close()
    assert source.is_closed
    assert source.made < 10
