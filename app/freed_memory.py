"""Memory that was freed is kept for the next frame instead of being handed back to the system."""

from __future__ import annotations

import ctypes
import sys


def keep_freed_memory() -> None:
    """Let the C library keep what arrays and tensors free for those that come next; only Linux needs and does that.

    By itself it hands large blocks back to the system each time and is given them anew, page by page: a tenth of the
    time of a tracked frame, and more than half of that of a simple effect at 720p. The largest use of memory stays
    what it is.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return
    most, trim, arenas = -3, -1, -8  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX of malloc.h
    library.mallopt(most, 1 << 30)
    library.mallopt(trim, 1 << 30)
    library.mallopt(arenas, 1)  # other threads' arenas are too small for large blocks
