from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from app.heartbeat import BEAT_SECONDS, beats


def test_all_items_arrive_in_order() -> None:
    assert [item for items in beats(lambda: iter(range(100))) for item in items] == list(range(100))


def test_slow_work_is_heard_of_in_between() -> None:
    def slow() -> Iterator[int]:
        time.sleep(3 * BEAT_SECONDS)
        yield 1

    heard = list(beats(slow))
    assert heard[-1] == [1]
    assert 2 <= heard.count([]) <= 4


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    heard = []
    with pytest.raises(ValueError, match="no more"):
        heard.extend(item for items in beats(failing) for item in _noted(items, heard))
    assert heard == [1]


def _noted(items: list[int], heard: list[int]) -> list[int]:
    heard.extend(items)
    return []


def test_closing_stops_the_work_and_closes_it_on_its_own_thread() -> None:
    closed_on: list[str] = []
    is_closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.01)
                yield 1
        finally:
            closed_on.append(threading.current_thread().name)
            is_closed.set()

    stream = beats(endless)
    next(stream)
    stream.close()
    assert is_closed.wait(5)
    assert closed_on == ["heartbeat"]
