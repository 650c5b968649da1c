"""The timeline and the list of objects, in real Chromium: marks, scene cuts, locks, playback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.sessions.store import Sessions
from tests.app.made_clips import decode
from tests.browser.driving import (
    FPS,
    HEIGHT,
    NUM_FRAMES,
    WIDTH,
    click_and_wait,
    go_to,
    open_clip,
    state,
    track_all,
    wait_until,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SECOND_SCENE = 7


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

    ends = [strip["x"] + strip["width"] * at / 14 for at in (10, 12.5)]
    page.mouse.move(ends[0] - 3, strip["y"] + 30)  # the grip is inside of the range
    page.mouse.down()
    page.mouse.move(ends[1], strip["y"] + 30, steps=5)
    page.mouse.up()
    wait_until(lambda: sessions.open(session.id).project.marks == (4, 13), "the range's end, dragged")
    page.click("[data-do=mark-none]")
    wait_until(lambda: sessions.open(session.id).project.marks is None, "the whole clip")

    page.click("button[aria-label='Lock Object 1']")
    wait_until(lambda: sessions.open(session.id).project.object(1).locked, "the lock")
    page.wait_for_selector(".ms-object-remove:disabled")
    page.keyboard.press("Control+z")
    wait_until(lambda: not sessions.open(session.id).project.object(1).locked, "the lock undone")
    wait_until(lambda: state(page, "objects[0].locked") is False, "the page hears of it")


def test_the_marked_range_leaves_alone(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    click_and_wait(page, session, (85, 115))
    page.click(".ms-render-start")
    assert not page.is_visible("#ms-export-marked")  # nothing is marked
    page.keyboard.press("Escape")
    go_to(page, 2)
    page.keyboard.press("i")
    go_to(page, 6)
    page.keyboard.press("o")
    wait_until(lambda: state(page, "marks?.[1]") == 7, "the marked range")
    track_all(page)
    page.click(".ms-render-start")
    assert "are not tracked" in page.inner_text(".ms-export-untracked")
    page.check("#ms-export-marked")
    assert page.locator(".ms-export-untracked").is_hidden()  # of these all are
    page.click(".ms-export-go")
    page.wait_for_selector(".ms-output:visible")
    assert f"{5 / FPS:.1f} s" in page.inner_text(".ms-output-facts")
    with page.expect_download() as waiting:
        page.click(".ms-download")
    waiting.value.save_as(folder / "part.mp4")
    assert len(decode(folder / "part.mp4")[0]) == 5
    page.keyboard.press("Escape")
    page.click("[data-do=mark-none]")
    page.click(".ms-render-start")
    assert not page.is_visible("#ms-export-marked")
    assert "are not tracked" in page.inner_text(".ms-export-untracked")


def make_clip_of_two_scenes(path: Path) -> Path:
    """Seven frames of one place, seven of another."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(NUM_FRAMES):
            pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
            pixels[:] = (170, 60, 40) if index < SECOND_SCENE else (30, 70, 190)
            pixels[60:170, 60 + 4 * index : 180 + 4 * index] = (240, 200, 120)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_tracking_stops_at_a_scene_cut_and_asks(page: Any, folder: Path) -> None:
    session = open_clip(page, folder, make_clip_of_two_scenes(folder / "scenes.mp4"))
    wait_until(lambda: state(page, "cuts") == [SECOND_SCENE], "the cut is found")
    marked = """(share) => {
      const strip = document.querySelector('.ms-strip');
      const density = strip.width / strip.clientWidth;
      const at = [Math.round(strip.clientWidth * share * density) - 8, 17 * density, 16, 1];
      return [...strip.getContext('2d').getImageData(...at).data].filter((value) => value > 245).length / 4;
    }"""
    wait_until(lambda: page.evaluate(marked, SECOND_SCENE / NUM_FRAMES) > 6, "a white mark on the timeline")
    click_and_wait(page, session, (110, 115))
    track_all(page)
    assert session.masks.frames(1) == tuple(range(SECOND_SCENE)), "tracking does not cross the cut"
    page.wait_for_selector(".ms-cut:visible")
    assert f"frame {SECOND_SCENE + 1}" in page.inner_text(".ms-cut p")
    page.click(".ms-cut-go")
    page.wait_for_function(f"document.querySelector('.ms-stage').dataset.frame === '{SECOND_SCENE}'")
    page.click(".ms-cut-on")
    wait_until(lambda: len(session.masks.frames(1)) == NUM_FRAMES, "tracking across the cut")
    page.wait_for_selector(".ms-cut", state="hidden")


def test_a_click_in_the_next_scene_is_the_answer(page: Any, folder: Path) -> None:
    session = open_clip(page, folder, make_clip_of_two_scenes(folder / "scenes.mp4"))
    wait_until(lambda: state(page, "cuts") == [SECOND_SCENE], "the cut is found")
    click_and_wait(page, session, (110, 115))
    go_to(page, 10)
    click_and_wait(page, session, (160, 115), frame=10)
    track_all(page)
    assert session.masks.frames(1) == tuple(range(NUM_FRAMES))
    assert page.is_hidden(".ms-cut")
