"""For everyone: no serious finding of axe-core in any state, a phone's width, dark, reduced motion, keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.sessions.store import Sessions
from tests.app.made_clips import decode
from tests.browser.conftest import visit
from tests.browser.driving import (
    HEIGHT,
    NUM_FRAMES,
    PHONE,
    WIDTH,
    go_to,
    make_colorful_clip,
    new_mask,
    on_stage,
    open_clip,
    upload,
    wait_until,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

DESKTOP = {"width": 1280, "height": 860}


@pytest.fixture(params=["desktop", "dark", "phone"])
def visitor(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The page as one kind of visitor sees it."""
    options: dict[str, Any] = {"viewport": PHONE if request.param == "phone" else DESKTOP}
    if request.param == "dark":
        options |= {"color_scheme": "dark", "reduced_motion": "reduce"}
    if request.param == "phone":
        options |= {"has_touch": True, "is_mobile": True}
    yield from visit(browser, address, **options)


def check(page: Any, state: str) -> None:
    """No serious finding, and nothing wider than the screen."""
    # In the midst of a change of colour every contrast is wrong.
    page.wait_for_function("!document.getAnimations().some((each) => each instanceof CSSTransition)")
    sync_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    found = sync_playwright.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [
        f"{each['id']} ({each['impact']}): {node['html'][:140]} — {node['failureSummary'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]
    assert grave == [], f"in the state {state}"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"wider than the screen: {state}"


def test_every_state_is_for_everyone(visitor: Any, folder: Path) -> None:
    page = visitor
    page.wait_for_selector(".ms-example img")
    check(page, "start")
    upload(page, make_colorful_clip(folder / "clip.mp4"))
    page.wait_for_selector("body.ms-editing")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 1")
    check(page, "opened")
    stage = page.locator(".ms-stage")
    stage.click(position={"x": 0.3 * stage.bounding_box()["width"], "y": 0.5 * stage.bounding_box()["height"]})
    page.wait_for_function("document.querySelector('.ms-stage').dataset.lastClick")
    page.click(".ms-track-start")
    page.wait_for_selector(".ms-track-run:visible")
    check(page, "tracking")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    page.wait_for_selector("[data-effect=blur] img[src]")
    check(page, "effects to choose")
    page.click("[data-effect=blur]")
    page.click("[data-key=section-mix]")
    page.click("[data-key=section-time]")
    page.wait_for_function("document.querySelector('.ms-stage').dataset.look")
    check(page, "a layer's settings")
    strength = page.locator(".ms-layer [data-setting=strength]")
    strength.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box["y"] + box["height"] > 60, "the canvas is above the screen"
    assert box["y"] < page.viewport_size["height"] - 60, "the canvas is below the screen"
    page.click(".ms-render-start")
    page.wait_for_function("document.querySelector('.ms-export-size').textContent")
    check(page, "the export dialog")
    page.click(".ms-export-go")
    page.wait_for_selector(".ms-output:visible")
    check(page, "exported")


def test_effects_and_export_by_keys_alone(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)

    def tab_to(selector: str) -> None:
        for _ in range(120):
            if page.evaluate("(wanted) => document.activeElement?.matches(wanted) ?? false", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {selector}")

    tab_to(".ms-stage")
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    with new_mask(session):
        page.keyboard.press("Enter")
    said = Sessions(folder / "sessions").open(session.id).project.prompt(1, 0)
    assert said is not None
    (x, y), scale = said.points[0], on_stage(page, 1, 0)[0] - on_stage(page, 0, 0)[0]
    assert (x, y) == pytest.approx((WIDTH / 2 - 4 * 5 / scale, HEIGHT / 2 + 25 / scale), abs=0.2), "the cursor's place"
    tab_to(".ms-track-start")
    page.keyboard.press("Enter")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    page.wait_for_selector("[data-effect=blur] img[src]")
    tab_to(".ms-targets .ms-chip")
    tab_to("[data-effect=blur]")
    page.keyboard.press("Enter")
    page.wait_for_function("window.maskletStudio.state.layers.length === 1")
    tab_to("[data-setting=strength]")
    before = page.evaluate("window.maskletStudio.state.layers[0].effect.strength")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.maskletStudio.state.layers[0].effect.strength") > before
    tab_to(".ms-render-start")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ms-dialog[open]")
    tab_to(".ms-export-go")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ms-output:visible")
    wait_until(
        lambda: page.evaluate("document.activeElement.className.includes('ms-download')"), "the download has the focus"
    )
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    pictures, _, _ = decode(Path(waiting.value.path()))
    with session.open_clip() as clip:
        plain = [frame.pixels for frame in clip.frames()]
    assert len(pictures) == len(plain) == NUM_FRAMES
    outside = []
    for index, (picture, before) in enumerate(zip(pictures, plain, strict=True)):
        mask = session.masks.read(1, index)
        assert mask is not None
        outside.append(float(np.abs(picture - before.astype(float)).max(axis=2)[~mask].max()))
    assert min(outside) > 25, "the background is blurred on every frame"


def test_by_keys_the_focus_is_never_lost(page: Any, folder: Path) -> None:
    """What is pressed often goes; where nothing then has the focus, who has no mouse begins at the top again."""
    session = open_clip(page, folder)

    def press(selector: str, then: str) -> None:
        page.wait_for_selector(f"{selector}:enabled:visible")
        page.keyboard.press("Shift")  # what counts is whether keys or a mouse were used last
        page.focus(selector)
        page.keyboard.press("Enter")
        has_focus = f"the focus on {then}, which is left by {selector}"
        wait_until(lambda: page.evaluate("(wanted) => document.activeElement.matches(wanted)", then), has_focus, 30)

    with new_mask(session):
        page.mouse.click(*on_stage(page, 85, 115))
    press(".ms-track-start", ".ms-track-stop")
    press(".ms-track-stop", ".ms-track-start")
    go_to(page, 5)
    press("[data-do=mark-in]", "[data-do=mark-in]")
    press("[data-do=mark-none]", "[data-do=mark-out]")
    press("[data-effect=blur]", "[data-effect=blur]")
    press(".ms-layer-remove", "[data-effect=blur]")
    press(".ms-object-remove", ".ms-add")
    press(".ms-new-clip", ".ms-back")
    press(".ms-back", ".ms-stage")


def test_behind_the_dialog_no_shortcut_acts(page: Any, folder: Path) -> None:
    open_clip(page, folder)
    page.click(".ms-render-start")
    page.evaluate("document.activeElement.blur()")  # as where what was pressed in it has gone
    page.keyboard.press(".")
    assert page.locator(".ms-stage").get_attribute("data-frame") == "0"
    page.keyboard.press("Escape")
    page.wait_for_selector(".ms-dialog[open]", state="detached")


def test_a_cancelled_export_leaves_the_focus_in_its_dialog(page: Any, folder: Path) -> None:
    open_clip(page, folder)
    page.keyboard.press("Shift")
    page.focus(".ms-render-start")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ms-dialog[open]")
    # Any real export of a clip so short might be done before it can be cancelled.
    page.evaluate("() => { maskletStudio.ask = () => new Promise((done) => { window.cancelled = () => done({}); }); }")
    page.focus(".ms-export-go")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('.ms-render-stop')")
    page.evaluate("window.cancelled()")
    page.wait_for_function("document.activeElement.matches('.ms-export-go')")
