"""Says how far a job of the command line is: JSON lines for scripts, one line that renews itself for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

from app.exports.kind import ExportProgress
from app.rendering.render import RenderProgress

_SECONDS_BETWEEN_LINES = 0.5


class Reporter:
    """Says how far a job is: JSON lines on standard output for scripts, or one line that renews itself for people."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._last = 0.0
        self._is_open = False

    def progress(self, event: str, done: int, total: int, frames_per_second: float, **more: Any) -> None:
        """One step is done; people hear of it twice a second, scripts each time."""
        if self.as_json:
            self._write_json(event, done=done, total=total, fps=round(frames_per_second, 2), **more)
        elif sys.stderr.isatty() and (time.monotonic() - self._last > _SECONDS_BETWEEN_LINES or done == total):
            left = (total - done) / max(frames_per_second, 1e-6)
            sys.stderr.write(f"\r{event} {done}/{total}  {frames_per_second:.1f} frames/s  {left:.0f} s left   ")
            sys.stderr.flush()
            self._last, self._is_open = time.monotonic(), True

    def follow(self, steps: Generator[RenderProgress | ExportProgress, None, None], event: str) -> None:
        """Do some work to its end, and say how far it is."""
        told = 0
        with closing(steps):
            for step in steps:
                if step.done > told:  # the last is said again and again while the file is made whole
                    self.progress(event, step.done, step.total, step.frames_per_second)
                told = step.done

    def say(self, sentence: str, event: str = "notice", **more: Any) -> None:
        """A sentence for the person; `more` goes to scripts only."""
        if self.as_json:
            self._write_json(event, message=sentence, **more)
            return
        if self._is_open:
            sys.stderr.write("\n")
            self._is_open = False
        sys.stdout.write(sentence + "\n")

    def _write_json(self, event: str, **more: Any) -> None:
        sys.stdout.write(json.dumps({"event": event, **more}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
