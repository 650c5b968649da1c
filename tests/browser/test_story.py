"""What a newcomer does, in real Chromium: upload, click, box, track, effects, render, download; the file is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.sessions.session import Session
from app.sessions.store import Sessions
from tests.app.made_clips import decode
from tests.browser.driving import (
    FPS,
    HEIGHT,
    NUM_FRAMES,
    WIDTH,
    away_from,
    canvas,
    on_stage,
    open_clip,
    upload,
    wait_until,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_from_the_first_visit_to_the_downloaded_file(page: Any, folder: Path) -> None:
    not_a_video = folder / "letter.mp4"
    not_a_video.write_text("Dear reader, this is no video.")
    upload(page, not_a_video)
    page.wait_for_selector(".ms-start-error:visible")

    session = open_clip(page, folder)
    wait_until(lambda: canvas(page)[100, 80, 0] > 200, "the first frame on the stage")
    plain = canvas(page)

    page.mouse.click(*on_stage(page, 85, 115))
    wait_until(lambda: session.masks.read(1, 0) is not None, "the mask of the click")
    mask = session.masks.read(1, 0)
    assert mask is not None
    assert 100 < mask.sum() < mask.size - 100
    near_click = np.hypot(*np.ogrid[-115 : HEIGHT - 115, -85 : WIDTH - 85]) < 16  # the point itself is drawn there
    inside = ~away_from(mask, 0) & away_from(~mask, 3) & ~near_click
    outside = away_from(mask, 5) & ~near_click
    wait_until(lambda: np.abs(canvas(page) - plain)[inside].sum(axis=1).min() > 20, "the mask on the canvas")
    assert np.abs(canvas(page) - plain)[outside].max() < 20

    page.click(".ms-add")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 2")
    page.mouse.move(*on_stage(page, 180, 60))
    page.mouse.down()
    page.mouse.move(*on_stage(page, 300, 200), steps=4)
    page.mouse.up()
    wait_until(lambda: session.masks.read(2, 0) is not None, "the mask of the box")
    box = Sessions(folder / "sessions").open(session.id).project.prompt(2, 0)
    assert box is not None
    assert box.box == pytest.approx((180, 60, 300, 200), abs=1)

    track_with_a_cancel(page, session)
    choose_effects(page)
    check_file(page, session, folder)


def track_with_a_cancel(page: Any, session: Session) -> None:
    page.click(".ms-track-start")
    page.wait_for_function("document.querySelector('.ms-track-run progress').value >= 3")
    page.click(".ms-track-stop")
    page.wait_for_selector(".ms-track-start:visible")
    assert "kept" in page.inner_text(".ms-status")
    kept = session.masks.frames(1)
    assert 3 <= len(kept) < NUM_FRAMES
    wait_until(lambda: page.inner_text(".ms-track-start").startswith("Track again from frame"), "an offer to go on")

    page.click(".ms-track-start")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    masks = session.masks
    assert masks.frames(1) == masks.frames(2) == tuple(range(NUM_FRAMES))


def choose_effects(page: Any) -> None:
    page.click(".ms-chip:has-text('Background')")
    page.click("[data-effect=cutout]")
    page.fill("[data-setting=color]", "#00d020")
    page.click(".ms-layer-add")
    page.click(".ms-chip:has-text('Object 1')")
    page.click("[data-effect=desaturate]")
    is_green = "the background's effect on the canvas"
    wait_until(lambda: (np.abs(canvas(page) - (0, 208, 32)).max(axis=2) < 40).mean() > 0.05, is_green)


def check_file(page: Any, session: Session, folder: Path) -> None:
    page.click(".ms-render-start")
    page.click(".ms-export-go")
    page.wait_for_selector(".ms-output:visible")
    page.wait_for_function("document.querySelector('.ms-output video').readyState >= 1")
    assert page.evaluate("document.querySelector('.ms-output video').duration") == pytest.approx(1.4, abs=0.15)
    with page.expect_download() as waiting:
        page.click(".ms-download")
    assert waiting.value.suggested_filename == "clip-masklet.mp4"
    file = folder / "downloaded.mp4"
    waiting.value.save_as(file)

    pictures, times, sound_seconds = decode(file)
    assert len(pictures) == NUM_FRAMES
    assert [float(each) for each in times] == pytest.approx([index / FPS for index in range(NUM_FRAMES)], abs=0.002)
    assert sound_seconds == pytest.approx(NUM_FRAMES / FPS, abs=0.2)
    seen = [0, 0]
    for index, picture in enumerate(pictures):
        assert picture.shape == (HEIGHT, WIDTH, 3)
        # A matte is steadied by the frames beside it: it is whole where the masks of all three agree.
        beside = range(max(index - 1, 0), min(index + 2, NUM_FRAMES))
        firsts = [session.masks.read(1, at) for at in beside]
        seconds = [session.masks.read(2, at) for at in beside]
        assert all(mask is not None for mask in (*firsts, *seconds))
        background = away_from(np.any([*firsts, *seconds], axis=0))
        grey = away_from(~np.all(firsts, axis=0))
        colors = picture.astype(int)
        assert (np.abs(colors[background] - (0, 208, 32)) < 30).all()
        assert (np.ptp(colors[grey], axis=1) < 30).all()
        seen = [seen[0] + int(background.sum()), seen[1] + int(grey.sum())]
    assert min(seen) > 500, "the masks leave too little to check the effects by"
