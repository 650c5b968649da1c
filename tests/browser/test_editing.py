"""Editing by hand, in real Chromium: points moved and deleted, long presses, sizes, undo through everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.sessions.store import Sessions
from tests.browser.driving import click_and_wait, new_mask, on_stage, open_clip, state, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


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


def said_on(page: Any, folder: Path, frame: int = 0) -> Any:
    """What was said of object 1 on a frame, as the server keeps it: a FramePrompt or None."""
    return Sessions(folder / "sessions").open(state(page, "session")).project.prompt(1, frame)


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*on_stage(page, *start))
    page.mouse.down()
    page.mouse.move(*on_stage(page, *end), steps=4)
    page.mouse.up()


def test_a_point_is_dragged_and_deleted(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    first = click_and_wait(page, session, (85, 115))
    with new_mask(session):  # what was said is kept before its mask is there
        page.mouse.click(*on_stage(page, 250, 40), button="right")
    wait_until(lambda: said_on(page, folder).labels == (1, 0), "a click that takes away")
    with new_mask(session):
        drag(page, (85, 115), (140, 130))
    said = said_on(page, folder)
    assert said.labels == (1, 0), "the moved point keeps its sign and its place among the others"
    assert said.points[0] == pytest.approx((140, 130), abs=1)
    assert said.points[1] == pytest.approx((250, 40), abs=1)

    drag(page, (140, 130), (140, -30))
    page.wait_for_timeout(500)
    assert said_on(page, folder) == said, "a point that is dropped outside the picture stays where it was"

    with new_mask(session):
        page.mouse.click(*on_stage(page, 250, 40))
    assert said_on(page, folder).points == said.points[:1]
    page.mouse.click(*on_stage(page, 140, 130))
    wait_until(lambda: said_on(page, folder) is None, "no click left")
    wait_until(lambda: session.masks.read(1, 0) is None, "no mask left")
    wait_until(lambda: state(page, "lanes.get(1)[0]") == 0, "the lane is empty")

    for wanted in (1, 2):
        page.keyboard.press("Control+z")
        wait_until(lambda wanted=wanted: len(getattr(said_on(page, folder), "points", ())) == wanted, "points back")
    page.keyboard.press("Control+z")  # the dragged point
    wait_until(lambda: said_on(page, folder).points[0] == pytest.approx((85, 115), abs=1), "where it was first")
    page.keyboard.press("Control+z")
    wait_until(lambda: session.masks.path(1, 0).read_bytes() == first, "the first mask, byte for byte")


def test_a_tap_adds_and_a_long_press_takes_away(phone: Any, folder: Path) -> None:
    session = open_clip(phone, folder)
    fingers = phone.context.new_cdp_session(phone)

    def press(x: float, y: float, milliseconds: int) -> None:
        at = on_stage(phone, x, y)
        fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": at[0], "y": at[1]}]})
        phone.wait_for_timeout(milliseconds)
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    with new_mask(session):
        press(85, 115, 60)
    with new_mask(session):
        press(240, 60, 900)
    said = said_on(phone, folder)
    assert said.labels == (1, 0)
    assert said.points[0] == pytest.approx((85, 115), abs=1)
    assert said.points[1] == pytest.approx((240, 60), abs=1)
    phone.wait_for_timeout(400)
    assert said_on(phone, folder) == said, "letting go adds nothing more"


def test_what_a_click_meant_can_be_chosen_by_its_size(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    click_and_wait(page, session, (85, 115))
    page.wait_for_selector(".ms-sizes button >> nth=2")
    assert page.inner_text(".ms-sizes").split() == ["Part", "Whole", "More"]
    areas = []
    for name in ("Part", "More", "Whole"):
        with new_mask(session):
            page.click(f".ms-sizes button:has-text('{name}')")
        page.wait_for_selector(f".ms-sizes button[aria-pressed=true]:has-text('{name}')")
        areas.append(int(session.masks.read(1, 0).sum()))
    assert areas[0] < areas[2] < areas[1]
    chosen = said_on(page, folder).choice
    with new_mask(session):
        page.keyboard.press("c")
    assert session.masks.read(1, 0).sum() == areas[1], "the key C goes on to the next size"
    page.keyboard.press("Control+z")
    wait_until(lambda: said_on(page, folder).choice == chosen, "the size before")
    assert session.masks.read(1, 0).sum() == areas[2]
    with new_mask(session):
        page.mouse.click(*on_stage(page, 200, 200))
    page.wait_for_selector(".ms-sizes", state="hidden")
