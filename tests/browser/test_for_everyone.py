"""For everyone: no serious finding of axe-core in any state, a phone's width, dark, reduced motion, keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import make_colorful_clip, upload, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


@pytest.fixture(params=["desktop", "dark", "phone"])
def visit(request: pytest.FixtureRequest, page: Any, address: str) -> Iterator[Any]:
    """The page as one kind of visitor sees it."""
    options: dict[str, Any] = {"viewport": PHONE if request.param == "phone" else DESKTOP}
    if request.param == "dark":
        options |= {"color_scheme": "dark", "reduced_motion": "reduce"}
    if request.param == "phone":
        options |= {"has_touch": True, "is_mobile": True}
    context = page.context.browser.new_context(**options)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.goto(address)
    tab.wait_for_selector(".ms-example img")
    yield tab
    context.close()


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


def test_every_state_is_for_everyone(visit: Any, folder: Path) -> None:
    page = visit
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
    upload(page, make_colorful_clip(folder / "clip.mp4"))
    page.wait_for_selector("body.ms-editing")

    def tab_to(selector: str) -> None:
        for _ in range(120):
            if page.evaluate("(wanted) => document.activeElement?.matches(wanted) ?? false", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {selector}")

    tab_to(".ms-stage")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.ms-stage').dataset.lastClick")
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
