"""Takes the pictures of `docs/images` from a page that runs: `python -m tests.browser.screenshots ADDRESS`.

Start the page with `python app.py` first. One example clip, one click, tracked, with an effect for the
background and one for the object: on a desktop, in the dark, and on a phone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.browser.driving import CHROMIUM, FLAGS

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
EXAMPLE, CLICK = "Bird", (0.45, 0.62)  # the click in shares of the picture's width and height
TRACKING_MILLISECONDS = 1_800_000


def take(page: Any, name: str) -> None:
    page.wait_for_timeout(800)  # fonts, pictures and the last answer of the server
    page.screenshot(path=IMAGES / f"{name}.png")


def edit(page: Any, address: str, name: str) -> None:
    """From the first visit to the result, with a picture of each state."""
    page.goto(address)
    page.wait_for_selector(".ms-example img")
    take(page, f"{name}-start")
    page.click(f".ms-example:has-text('{EXAMPLE}')")
    page.wait_for_selector("body.ms-editing", timeout=120_000)
    page.wait_for_timeout(1000)
    stage = page.locator(".ms-stage").bounding_box()
    page.mouse.click(stage["x"] + CLICK[0] * stage["width"], stage["y"] + CLICK[1] * stage["height"])
    page.wait_for_function("document.querySelector('.ms-stage').dataset.lastClick", timeout=120_000)
    take(page, f"{name}-click")
    page.click(".ms-track-start")
    page.wait_for_function("document.querySelector('.ms-track-run progress').value >= 8", timeout=TRACKING_MILLISECONDS)
    take(page, f"{name}-track")
    page.wait_for_function("!window.maskletStudio.state.task", timeout=TRACKING_MILLISECONDS)
    page.click("[data-effect=blur]")
    page.click(".ms-chip >> nth=1")
    page.click("[data-effect=outline]")
    page.locator(".ms-scrub").evaluate(
        "(scrub) => { scrub.value = 30; scrub.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    page.wait_for_timeout(2500)
    take(page, f"{name}-effects")


def main() -> None:
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        desktop = {"width": 1280, "height": 800}
        for name, options in {
            "desktop": {"viewport": desktop},
            "dark": {"viewport": desktop, "color_scheme": "dark"},
            "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
        }.items():
            page = browser.new_page(**options)
            page.set_default_timeout(120_000)
            edit(page, sys.argv[1], name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
