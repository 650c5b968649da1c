from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from app.handlers.line import Line, in_line


def test_whoever_waits_hears_the_place_and_comes_in_order() -> None:
    line = Line(1)
    first, second, third = object(), object(), object()
    assert list(line.places(first)) == []
    behind, last = line.places(second), line.places(third)
    assert (next(behind), next(last)) == (1, 2)
    line.leave(first)
    assert list(behind) == []
    assert next(last) == 1
    line.leave(second)
    assert list(last) == []


def test_who_gives_up_makes_room() -> None:
    line = Line(1)
    done = threading.Event()

    def work(*_: Any) -> Any:
        yield {"task": "running"}
        done.set()
        yield {}

    queued = in_line(work, line, "track")
    studio: Any = Path()
    running, waiting, last = (queued(studio, None, {}) for _ in range(3))
    assert next(running) == {"task": "running"}
    assert next(waiting)["task"]["place"] == 1
    assert next(last)["task"]["place"] == 2
    waiting.close()
    assert next(last)["task"]["place"] == 1
    running.close()
    assert [*last] == [{"task": "running"}, {}]
