"""Several pieces of work side by side on a CPU, each on a thread with its share of the processor.

A small network's products are too small to be shared out: torch's threads then spend more time waking each other than
computing. Pieces that need nothing of each other do better on one thread each.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Lock
from types import TracebackType
from typing import Any, TypeVar

import torch

_Result = TypeVar("_Result")

_sharing_out = Lock()  # meanwhile a thread that asks torch for the first time would be given a share for good


class SideBySide:
    """Threads that share torch's threads evenly; leaving the block ends them, and drops what was not begun.

    Args:
        pieces: how many run at a time, at most as many as torch has threads.
    """

    def __init__(self, pieces: int) -> None:
        with _sharing_out:
            whole = torch.get_num_threads()
            self._threads = ThreadPoolExecutor(
                pieces, "side-by-side", initializer=_compute_with, initargs=(whole // pieces,)
            )
            # torch gives a new thread what was last said on any; so all are started, and then the whole is said again.
            all_there = Barrier(pieces)
            for started in [self._threads.submit(all_there.wait) for _ in range(pieces)]:
                started.result()
            torch.set_num_threads(whole)

    def __enter__(self) -> SideBySide:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._threads.shutdown(cancel_futures=True)

    def begin(self, work: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        """Have some work done as soon as a thread is free, in the order of asking; its error is the future's."""
        return self._threads.submit(torch.inference_mode()(work), *arguments)


def num_threads() -> int:
    """How many threads torch has on this one; the whole, also while another's pieces are told their share."""
    with _sharing_out:
        return torch.get_num_threads()


def _compute_with(threads: int) -> None:
    torch.get_num_threads()  # only at the first question torch gives a thread its number, over one that was set before
    torch.set_num_threads(threads)
