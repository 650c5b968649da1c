"""What was found when a clip was counted, kept in a file beside it: opening it again then takes no decoding."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from media.remote_source import Order
from media.whole_file import write_whole

logger = logging.getLogger(__name__)

VERSION = 2
"""Raised whenever frames would be counted or developed differently: older indices are then made anew."""


def read_index(path: str | Path | None, order: Order) -> dict[str, Any] | None:
    """What is remembered of the clip of this very order; None if nothing is, or another file lies there now."""
    if path is None:
        return None
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_the_same = isinstance(stored, dict) and stored.get("of") == _signature(order)
    return stored.get("remembered") if is_the_same else None


def write_index(path: str | Path | None, order: Order, remembered: dict[str, Any]) -> None:
    """Remember a clip. Where that fails it is only slower the next time."""
    if path is None:
        return
    try:
        write_whole(Path(path), json.dumps({"of": _signature(order), "remembered": remembered}).encode())
    except OSError as error:
        logger.warning("the clip's index cannot be kept: %s", error)


def _signature(order: Order) -> dict[str, Any]:
    """What must be equal for an index to hold: the bytes' number and age, the limits and the part."""
    stat = order.path.stat()
    told = order.to_json()
    del told["path"]  # a session's folder may be moved
    return {"version": VERSION, "bytes": stat.st_size, "changed": stat.st_mtime_ns, **told}
