"""What tracking will take, said in the page before it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import click_and_wait, open_clip, state, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_cost_stands_under_the_button_until_tracking_begins(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    assert page.is_hidden(".ms-track-cost")
    click_and_wait(page, session, (85, 115))
    page.wait_for_selector(".ms-track-cost:not([hidden])")
    said = page.inner_text(".ms-track-cost")
    assert re.fullmatch(r"Takes about \d+ sec and at most [\d.]+ GB of memory\.", said), said
    whole = state(page, "cost.seconds")
    page.evaluate("maskletStudio.set({ marks: [0, 4] }); maskletStudio.ask('marks', { marks: [0, 4] })")
    wait_until(lambda: state(page, "cost.seconds") < whole / 2, "the cost of the marked range")
    page.click(".ms-track-start")
    page.wait_for_selector(".ms-track-cost[hidden]", state="attached")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
