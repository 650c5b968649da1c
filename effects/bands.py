"""Bands of rows: a large picture is done in parts, on as many threads as OpenCV has."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import cv2

from effects.box import Box, Size

TALLEST = 400
"""Rows of a band at most. How many bands a frame has must not depend on the machine: rounding might, too."""


TALLEST_QUICK = 1200
"""The same for work of a few tenths of a millisecond, of which a thread of its own would cost too large a part."""


def bands_of(size: Size, *, is_quick: bool = False) -> list[Box]:
    """A frame of `size` (height, width) in bands of about the same height, from the top."""
    height, width = size
    count = -(-height // (TALLEST_QUICK if is_quick else TALLEST))
    ends = [height * number // count for number in range(count + 1)]
    return [Box(0, top, width, bottom) for top, bottom in pairwise(ends)]


def work_on(bands: list[Box], work: Callable[[Box], None]) -> None:
    """Do the same work on each band, several at a time; it must not call this function again.

    NumPy and OpenCV let other threads run while they compute; OpenCV's own threads help with few of its functions.
    """
    num_here = 1 if cv2.getNumThreads() > 1 else len(bands)
    elsewhere = [(_threads().submit(work, each), each) for each in bands[num_here:]]
    for each in bands[:num_here]:
        work(each)
    for done, each in elsewhere:
        if done.cancel():  # on a busy machine no thread has come to it yet
            work(each)
        else:
            done.result()


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    os.register_at_fork(after_in_child=_threads.cache_clear)  # a forked process has none of them
    return ThreadPoolExecutor(max(cv2.getNumThreads() - 1, 1), thread_name_prefix="bands")
