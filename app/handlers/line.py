"""First come, first served: how many long tasks run at once, and the place of everybody who waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from app.handlers.envelope import Handler, Message, Request, Studio

_LOOK_SECONDS = 0.4


class Line:
    """The people who wait for a long task, in their order.

    Args:
        slots: how many run at once.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._tickets: list[object] = []
        self._moved = threading.Condition()

    def places(self, ticket: object) -> Iterator[int]:
        """Stand in the line: yields how many are before one, at least twice a second; ends when it is one's turn.

        `leave` must follow, whatever happens.
        """
        with self._moved:
            self._tickets.append(ticket)
        while before := self._before(ticket):
            yield before
            with self._moved:
                self._moved.wait(_LOOK_SECONDS)

    def leave(self, ticket: object) -> None:
        """Make room for the next one."""
        with self._moved:
            self._tickets.remove(ticket)
            self._moved.notify_all()

    def _before(self, ticket: object) -> int:
        with self._moved:
            return max(0, self._tickets.index(ticket) + 1 - self._slots)


def in_line(handler: Handler, line: Line, kind: str) -> Handler:
    """The handler, which waits for its turn and says its place meanwhile: `{"task": {"kind", "place"}}`."""

    def waiting(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
        ticket = object()
        try:
            for place in line.places(ticket):
                yield {"task": {"kind": kind, "done": 0, "total": 0, "place": place}}
            yield from handler(studio, session_id, request)
        finally:
            line.leave(ticket)

    return waiting
