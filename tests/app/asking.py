"""Asks a handler as the page does, and hears its answers."""

from __future__ import annotations

from typing import Any

from app.handlers.envelope import Handler, Message, Studio, answer


def run(studio: Studio, handler: Handler, session_id: str | None, **request: Any) -> list[Message]:
    """Everything that a handler says to a request."""
    return list(answer(handler, studio, session_id, {"n": 7, **request}))


def last(studio: Studio, handler: Handler, session_id: str | None, **request: Any) -> Message:
    """The last thing that it says."""
    return run(studio, handler, session_id, **request)[-1]
