"""What a process that decodes denies itself, so that a hostile file gains nothing by taking it over.

The limits are the kernel's (POSIX); on macOS the one on memory is not enforced.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import resource
import signal
import sys
from collections.abc import Iterator

logger = logging.getLogger(__name__)

# Numbers of the Linux kernel, from linux/prctl.h and linux/capability.h.
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522


def limit_resources(max_memory: int) -> None:
    """Deny more memory than `max_memory` [bytes of address space], any file written, and a core dump."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error where it is written is enough
    limits = ((resource.RLIMIT_AS, max_memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for kind, value in limits:
        with contextlib.suppress(ValueError, OSError):  # a stricter limit was set from outside
            resource.setrlimit(kind, (value, value))


def limit_time(seconds: int) -> None:
    """Allow `seconds` more of computing, counted over all cores; after them the process is ended."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))


@contextlib.contextmanager
def limit_waiting(seconds: int) -> Iterator[None]:
    """End the process if the block lasts longer: nobody needs it any more."""
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def close_doors(most_files: int = 0) -> None:
    """From now on let no file and no socket be opened, and let nobody undo that; what is open stays open.

    Args:
        most_files: a higher number still allows files, for a folder of images.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    if not most_files:
        _renounce()


def _renounce() -> None:
    """Give up what root may do, raising the limits above all, and what a program could give back (Linux)."""
    if sys.platform != "linux":
        return
    kernel = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, of 32 bits each, twice
    if kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or kernel.capset(header, nothing):
        logger.warning("the rights of root stay: error %d", ctypes.get_errno())
