"""What holds for every test: one thread, so that two cores shared with a browser do not spend their time waiting."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

# Both are read when torch is first imported, also by the programs we start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
import torch

torch.set_num_threads(1)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests of the GPU are skipped without one, but where one is promised: FAIL_WITHOUT_CUDA=1."""
    is_missing = item.get_closest_marker("gpu") is not None and not torch.cuda.is_available()
    if is_missing and os.environ.get("FAIL_WITHOUT_CUDA") != "1":
        pytest.skip("there is no CUDA here")


@pytest.fixture
def two_threads() -> Iterator[None]:
    """torch may use two threads."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What is started can be interrupted; a shell's background job ignores that signal, and so would its children."""
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, ours)
