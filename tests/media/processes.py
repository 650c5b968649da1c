"""Finds the processes that decode for this one."""

from __future__ import annotations

import os
from pathlib import Path

_elders: set[int] = set()


def decoders() -> list[int]:
    """The numbers of all living decoders that this process has started since `forget_elders` (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue  # it has just ended
        if b"media.decoder_child" in command and parent == os.getpid():
            found.append(int(folder.name))
    return [each for each in found if each not in _elders]


def forget_elders() -> None:
    """Count from now on: what other tests have left open in this process is not meant."""
    _elders.update(decoders())
