"""Writes a small file of our own whole: a reader sees the old content or the new, never half of one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and give it its name; several may do so at once, and the last one counts.

    For what a person asked to have, `PartFile` is there: it says what went wrong, and survives a power cut.

    Raises:
        OSError: it cannot be written; what was there before is still there, and no part of the new.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except BaseException:  # whatever it was is the caller's; no part stays
        part.unlink(missing_ok=True)
        raise
