"""The timeline and the list of objects, in real Chromium: what is done there is in the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.sessions import Sessions
from tests.browser.driving import wait_until
from tests.browser.test_editing import click_and_wait, open_clip, state

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_marks_lock_and_playback(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    sessions = Sessions(folder / "sessions")
    click_and_wait(page, session, (85, 115))
    strip = page.locator(".ms-strip").bounding_box()
    page.mouse.click(strip["x"] + strip["width"] * 4.5 / 14, strip["y"] + 30)
    page.wait_for_function("document.querySelector('.ms-stage').dataset.frame === '4'")
    page.keyboard.press("i")
    page.mouse.click(strip["x"] + strip["width"] * 9.5 / 14, strip["y"] + 30)
    page.keyboard.press("o")
    wait_until(lambda: sessions.open(session.id).project.marks == (4, 10), "the marked range")
    page.click(".ms-track-start")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    assert session.masks.frames(1) == (0, *range(4, 10))

    page.click("[data-do=play]")
    page.wait_for_function("document.querySelector('.ms-stage').dataset.frame === '9'")
    wait_until(lambda: not page.evaluate("document.querySelector('.ms-play.is-playing')"), "the end of the range")

    page.click("button[aria-label='Lock Object 1']")
    wait_until(lambda: sessions.open(session.id).project.object(1).locked, "the lock")
    page.wait_for_selector(".ms-object-remove:disabled")
    page.keyboard.press("Control+z")
    wait_until(lambda: not sessions.open(session.id).project.object(1).locked, "the lock undone")
    wait_until(lambda: state(page, "objects[0].locked") is False, "the page hears of it")
