"""Coming back, in real Chromium: a reload, a server that starts anew under the page, a session that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.sessions.store import Sessions
from tests.browser.conftest import Server
from tests.browser.driving import (
    NUM_FRAMES,
    click_and_wait,
    on_stage,
    open_clip,
    state,
    track_all,
    upload,
    wait_until,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def work(page: Any, folder: Path) -> Any:
    """Open a clip, click, add an object, and stand on another frame."""
    session = open_clip(page, folder)
    click_and_wait(page, session, (85, 115))
    page.click(".ms-add")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 2")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.ms-stage').dataset.frame === '13'")
    return session


def is_back(page: Any) -> bool:
    objects = "window.maskletStudio?.state.objects.length === 2"
    return page.evaluate(f"{objects} && document.querySelector('.ms-stage')?.dataset.frame === '13'")


def test_a_reload_brings_everything_back(page: Any, folder: Path) -> None:
    session = work(page, folder)
    page.reload()
    wait_until(lambda: is_back(page), "the session after the reload")
    page.keyboard.press("Home")
    wait_until(lambda: state(page, "lanes.get(1)[0]") == 2, "the lane")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    wait_until(lambda: not session.masks.frames(1), "undo reaches back over the reload")


def test_a_reload_shows_the_layers_and_not_the_catalogue(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    page.click("[data-effect=solid]")
    sessions = Sessions(folder / "sessions")
    wait_until(lambda: len(sessions.open(session.id).project.layers) == 1, "the layer")
    page.reload()
    page.wait_for_selector(".ms-layer-head")
    assert page.locator(".ms-layer").count() == 1
    assert page.is_hidden(".ms-effect-list")
    assert page.is_visible(".ms-layer-add")


def test_a_reload_while_it_tracks_keeps_what_is_done(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    click_and_wait(page, session, (85, 115))
    page.click(".ms-track-start")
    page.wait_for_function("document.querySelector('.ms-track-run progress').value >= 3")
    page.reload()
    page.wait_for_selector("body.ms-editing")
    page.wait_for_function("!window.maskletStudio.state.task")
    assert state(page, "lanes.get(1).filter(Boolean).length") >= 3, "what was done is kept"
    if page.inner_text(".ms-track-start").startswith("Track again from frame"):  # else it was done before the reload
        track_all(page)
    assert session.masks.frames(1) == tuple(range(NUM_FRAMES))


def test_a_server_that_starts_anew_is_waited_for(page: Any, folder: Path, server: Server) -> None:
    session = work(page, folder)
    server.stop()
    page.click(".ms-add", no_wait_after=True)
    page.wait_for_selector(".ms-notice:visible")
    assert "connection" in page.inner_text(".ms-notice p")
    server.start()
    page.wait_for_selector(".ms-notice", state="hidden")
    page.wait_for_selector("body.ms-editing")
    wait_until(lambda: is_back(page), "the session on the new server")
    page.click(".ms-object-pick >> nth=0")
    click_and_wait(page, session, (150, 90), frame=13)


def test_a_session_that_is_gone_says_so_and_keeps_the_clicks(page: Any, folder: Path) -> None:
    session = work(page, folder)
    sessions = Sessions(folder / "sessions")
    sessions.delete(session.id)
    page.mouse.click(*on_stage(page, 85, 115))
    page.wait_for_selector(".ms-notice:visible")
    page.click(".ms-notice button")
    page.wait_for_selector("#upload:visible")
    before = {each.name for each in sessions.root.iterdir()}
    upload(page, folder / "clip.mp4")
    page.wait_for_selector("body.ms-editing")
    (again,) = {each.name for each in sessions.root.iterdir() if not each.name.startswith(".")} - before
    wait_until(lambda: len(sessions.open(again).project.prompts) >= 1, "the clicks in the new session")
    assert sessions.open(again).project.object_ids == (1, 2)
