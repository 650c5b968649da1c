"""Work that runs ahead on a thread of its own, at most a few items: decoding, tracking, composing, writing overlap.

A pipeline is generators, each wrapped in `read_ahead` and reading from the one before. An error of any of them arrives,
as it is, at whoever reads the last; closing the last closes them all, in order, and nothing is left running. For that a
stage must close what it reads from, which a `for` loop alone does not do: `with closing(read_ahead(...)) as items:`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")

_MOST_WAITING = 4  # a frame of 1080p is 6 MB


def read_ahead(items: Iterable[Item], *, most_waiting: int = _MOST_WAITING) -> Generator[Item, None, None]:
    """Yield the items of an iterable that is run on a thread, a few items ahead.

    The thread begins with the first item that is asked for. It has ended when the generator was closed or has
    raised, and the iterable, if it is a generator, was closed there.

    Args:
        items: what to run; nobody else may read from it.
        most_waiting: how many items may lie ready.
    """
    ahead = _Ahead(items, most_waiting)
    ahead.thread.start()
    try:
        while True:
            item, error = ahead.waiting.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item[0]
    finally:
        ahead.stop()


class _Ahead(Generic[Item]):
    """The thread's side: puts `((item,), None)`, in the end `(None, None)`, or `(None, error)`."""

    def __init__(self, items: Iterable[Item], most_waiting: int) -> None:
        self.items = items
        self.waiting: queue.Queue[tuple[tuple[Item] | None, BaseException | None]] = queue.Queue(most_waiting)
        self.is_stopped = threading.Event()
        self.thread = threading.Thread(target=self._work, name="read-ahead", daemon=True)

    def stop(self) -> None:
        """End the thread: whatever it waits to hand over is taken away, until it sees that nobody wants it."""
        self.is_stopped.set()
        while self.thread.is_alive():
            self._empty()
            self.thread.join(timeout=0.02)
        self._empty()

    def _empty(self) -> None:
        try:
            while True:
                self.waiting.get_nowait()
        except queue.Empty:
            pass

    def _work(self) -> None:
        error = None
        try:
            for item in self.items:
                self.waiting.put(((item,), None))
                if self.is_stopped.is_set():
                    break
        except BaseException as raised:  # also KeyboardInterrupt and GeneratorExit: the reader must hear of anything
            error = raised
        if isinstance(self.items, Generator):
            try:
                self.items.close()
            except BaseException as raised:
                error = error or raised
        self.waiting.put((None, error))
