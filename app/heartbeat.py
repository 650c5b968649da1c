"""Long work under a page: it runs on a thread of its own, so that the page hears of it at least twice a second.

Gradio can stop a generator only while it yields. A slow model takes seconds for a frame; with these
empty beats in between, a cancel still arrives at once.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

Item = TypeVar("Item")

BEAT_SECONDS = 0.4


def beats(start: Callable[[], Iterator[Item]]) -> Generator[list[Item], None, None]:
    """Run an iterator on a thread and yield what it gave since the last time; nothing is left out.

    Closing the generator stops the work after the item it is at, and does not wait for that.

    Args:
        start: makes the iterator; called on the thread, so that all of the work happens there.

    Yields:
        New items, in order; an empty list when `BEAT_SECONDS` passed without one.

    Raises:
        Whatever the iterator raised, after all items before it.
    """
    news: queue.SimpleQueue[tuple[Item] | BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        try:
            items = start()
            for item in items:
                news.put((item,))
                if stopped.is_set():
                    break
            if isinstance(items, Generator):
                items.close()
            news.put(None)
        except BaseException as error:  # whatever it is belongs to the one who listens
            news.put(error)

    # ZeroGPU finds out whom a call is for by a context variable of the request.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="heartbeat", daemon=True).start()
    try:
        yield from _collect(news)
    finally:
        stopped.set()


def _collect(news: queue.SimpleQueue[tuple[Item] | BaseException | None]) -> Iterator[list[Item]]:
    while True:
        items: list[Item] = []
        try:
            word = news.get(timeout=BEAT_SECONDS)
            while isinstance(word, tuple):
                items.append(word[0])
                word = news.get_nowait()
        except queue.Empty:
            yield items
            continue
        if items:
            yield items
        if isinstance(word, BaseException):
            raise word
        return
