"""Says at the end of a run how far we were from the oracles."""

from __future__ import annotations

import pytest
import torch

from . import tolerances


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Both sides sum in the same order, whatever the machine."""
    torch.set_num_threads(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tolerances.largest:
        terminalreporter.section("largest differences from the oracles")
        for what, difference in sorted(tolerances.largest.items()):
            terminalreporter.line(f"{difference:.1e}  {what}")
