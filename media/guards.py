"""What a process that decodes denies itself, so that a hostile file gains nothing by taking it over.

The limits are the kernel's (POSIX). Where there are none (Windows) only the allow-lists, the checks of every
frame and the clock of the process that asked remain; on macOS the one on memory is not enforced.
"""

from __future__ import annotations

import contextlib
import signal

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def limit_resources(max_memory: int) -> None:
    """Deny more memory than `max_memory` [bytes of address space], any file written, and a core dump."""
    if resource is None:
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error where it is written is enough
    limits = ((resource.RLIMIT_AS, max_memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for kind, value in limits:
        with contextlib.suppress(ValueError, OSError):  # a stricter limit was set from outside
            resource.setrlimit(kind, (value, value))


def limit_time(seconds: int) -> None:
    """Allow `seconds` more of computing, counted over all cores; after them the process is ended."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))


def close_doors(most_files: int = 0) -> None:
    """From now on let no file and no socket be opened; what is open stays open.

    Args:
        most_files: a higher number still allows files, for a folder of images.
    """
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
