from __future__ import annotations

import pytest

from tests.media.processes import forget_elders


@pytest.fixture(autouse=True, scope="module")
def fresh_count() -> None:
    forget_elders()
