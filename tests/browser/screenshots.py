"""Takes the pictures of `docs/images` with one command: `python -m tests.browser.screenshots`.

It serves the page itself, or takes the ADDRESS of one that runs. One example clip, one click, tracked, a look, the
settings of a layer, before and after, the way out: on a desktop, in the dark, and on a phone.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.driving import CHROMIUM, FLAGS, ROOT, wait_for

IMAGES = ROOT / "docs" / "images"
EXAMPLE, CLICK, FRAME = "Cars", (0.53, 0.56), 8  # the click in shares of the picture's width and height
PATIENCE = 1_800_000  # milliseconds
VISITORS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 860}},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
}


def take(page: Any, name: str) -> None:
    page.mouse.move(0, 0)  # nothing is under the pointer
    page.wait_for_timeout(900)  # fonts, pictures and the last answer of the server
    page.screenshot(path=IMAGES / f"{name}.png")


def wait_for_look(page: Any) -> None:
    """The result on the stage is the one that was asked for last."""
    page.wait_for_function(
        "(({ look, wanted }) => look === wanted)(document.querySelector('.ms-stage').dataset)", timeout=PATIENCE
    )


def wait_for_rest(page: Any) -> None:
    """Nothing runs any more, and every picture of an effect or a look that is in view has come."""
    page.wait_for_function("!window.maskletStudio.state.task")
    page.wait_for_function("[...document.querySelectorAll('.ms-look img')].every((image) => image.src)")
    page.wait_for_timeout(2500)


def edit(page: Any, address: str, name: str, tracked: str | None = None) -> str:
    """From the first visit to the exported file, with a picture of each state; gives the address of the session.

    Tracking takes longest: once one visitor's clip is `tracked`, the others go on with that session.
    """
    page.goto(address)
    page.wait_for_selector(".ms-example img")
    take(page, f"{name}-start")
    page.click(f".ms-example:has-text('{EXAMPLE}')")
    page.wait_for_selector("body.ms-editing")
    page.wait_for_timeout(1000)
    stage = page.locator(".ms-stage").bounding_box()
    page.mouse.click(stage["x"] + CLICK[0] * stage["width"], stage["y"] + CLICK[1] * stage["height"])
    page.wait_for_function("document.querySelector('.ms-stage').dataset.lastClick")
    take(page, f"{name}-click")
    page.click(".ms-track-start")
    page.wait_for_function("document.querySelector('.ms-track-run progress').value >= 8")
    take(page, f"{name}-track")
    if tracked:
        page.click(".ms-track-stop")
        page.wait_for_function("!window.maskletStudio.state.task")
        page.goto(tracked)
        page.reload()  # the same page with another session: only a fresh start reads the address
        page.wait_for_selector("body.ms-editing")
        page.wait_for_function("window.maskletStudio.state.tracked")
        page.click("[data-look='']")
        page.wait_for_function("!window.maskletStudio.state.layers.length")
    page.wait_for_function("!window.maskletStudio.state.task")
    page.locator(".ms-scrub").evaluate(
        "(scrub, at) => { scrub.value = at; scrub.dispatchEvent(new Event('input', {bubbles: true})); }", FRAME
    )
    wait_for_rest(page)
    page.click("[data-look='Neon night']")
    page.wait_for_function("window.maskletStudio.state.layers.length > 1")
    wait_for_look(page)
    take(page, f"{name}-look")
    page.click("[data-look='']")
    page.wait_for_function("!window.maskletStudio.state.layers.length")
    page.click("[data-effect=bokeh]")
    page.click(".ms-layer-add")
    page.click(".ms-chip:has-text('Object 1')")
    page.click("[data-effect=glow]")
    wait_for_look(page)
    take(page, f"{name}-effects")
    page.click("[data-key=picker-toggle]")
    take(page, f"{name}-settings")
    page.click("[data-do=compare]")
    take(page, f"{name}-compare")
    page.click("[data-do=compare]")
    page.click(".ms-render-start")
    page.wait_for_function("document.querySelector('.ms-export-size').textContent")
    take(page, f"{name}-export")
    page.click(".ms-export-go")
    page.wait_for_selector(".ms-output:visible")
    page.wait_for_function("document.querySelector('.ms-output video').readyState >= 2")
    take(page, f"{name}-exported")
    return str(page.url)


@contextmanager
def served() -> Iterator[str]:
    """The page of this repository, on a free port, for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        command = [sys.executable, "app.py", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield wait_for(f"http://127.0.0.1:{port}/", server, Path(log.name))
        finally:
            server.terminate()
            server.wait(30)


def take_all(address: str) -> None:
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tracked = None
        for name, options in VISITORS.items():
            page = browser.new_page(**options, locale="en-US")
            page.set_default_timeout(PATIENCE)
            tracked = edit(page, address, name, tracked)
            page.close()
        browser.close()


def main() -> None:
    if len(sys.argv) > 1:
        take_all(sys.argv[1])
        return
    with served() as address:
        take_all(address)


if __name__ == "__main__":
    main()
