"""How much room a folder takes on the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """The size of all files under a folder [bytes], linked ones once; files that vanish meanwhile count nothing."""
    total, linked = 0, set()
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                facts = os.stat(os.path.join(parent, name))
                if facts.st_nlink == 1 or facts.st_ino not in linked:
                    total += facts.st_size
                    linked.add(facts.st_ino)
    return total
