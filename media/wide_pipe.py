"""Lets a pipe hold a megabyte, so that a picture wakes both of its ends a few times and not fifty."""

from __future__ import annotations

import logging
import sys

logger = logging.getLogger(__name__)

WIDTH = 2**20
"""The most that Linux gives to a program without rights [bytes]."""


def widen(descriptor: int) -> None:
    """Widen a pipe (Linux); where that is refused it stays as it is."""
    if sys.platform != "linux":
        return
    import fcntl

    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, WIDTH)
    except OSError as error:  # all pipes of this user together may hold only so much
        logger.debug("the pipe stays narrow: %s", error)
