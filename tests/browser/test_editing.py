"""Editing by hand, in real Chromium: undo and redo through everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.sessions import Session, Sessions
from tests.browser.driving import make_colorful_clip, on_stage, upload, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def open_clip(page: Any, folder: Path) -> Session:
    """Upload the coloured clip and wait until it can be clicked; gives its session."""
    sessions = Sessions(folder / "sessions")
    before = {each.name for each in sessions.root.iterdir()} if sessions.root.is_dir() else set()
    upload(page, make_colorful_clip(folder / "clip.mp4"))
    page.wait_for_selector("body.ms-editing")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 1")
    (session_id,) = {each.name for each in sessions.root.iterdir() if not each.name.startswith(".")} - before
    return sessions.open(session_id)


def state(page: Any, expression: str) -> Any:
    """A part of what the page knows, e.g. `objects.length`."""
    return page.evaluate(f"window.maskletStudio.state.{expression}")


def click_and_wait(page: Any, session: Session, at: tuple[float, float], object_id: int = 1, frame: int = 0) -> bytes:
    """Click a place of the picture; gives the mask file that came of it."""
    path = session.masks.path(object_id, frame)
    before = path.read_bytes() if path.is_file() else b""
    page.mouse.click(*on_stage(page, *at))
    wait_until(lambda: path.is_file() and path.read_bytes() != before, "the mask of the click")
    return path.read_bytes()


def test_undo_and_redo_go_through_clicks_objects_and_tracking(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    assert page.is_disabled("[data-do=undo]")
    first = click_and_wait(page, session, (85, 115))
    second = click_and_wait(page, session, (250, 40))
    page.click(".ms-add")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 2")
    page.click(".ms-track-start")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    assert len(session.masks.frames(1)) > 10

    assert "tracking" in page.get_attribute("[data-do=undo]", "title")
    page.keyboard.press("Control+z")
    wait_until(lambda: session.masks.frames(1) == (0,), "tracking undone")
    wait_until(lambda: state(page, "lanes.get(1)[9]") == 0, "the lane emptied")
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 1")
    path = session.masks.path(1, 0)
    assert path.read_bytes() == second
    page.click("[data-do=undo]")
    wait_until(lambda: path.read_bytes() == first, "the second click undone")
    page.click("[data-do=undo]")
    wait_until(lambda: not path.is_file(), "the first click undone")
    page.wait_for_selector("[data-do=undo]:disabled")

    for _ in range(4):
        page.keyboard.press("Control+Shift+z")
    wait_until(lambda: len(session.masks.frames(1)) > 10, "everything redone")
    page.wait_for_selector("[data-do=redo]:disabled")
    assert path.read_bytes() == second
    assert page.locator(".ms-object").count() == 2
    wait_until(lambda: state(page, "lanes.get(1)[9]") > 0, "the lane back")
