"""Longer stories, in real Chromium: a correction mid-clip, a project in a fresh visit, all of it on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.sessions.session import Session
from app.sessions.store import Sessions
from tests.browser.driving import (
    NUM_FRAMES,
    add_solid,
    away_from,
    canvas,
    click_and_wait,
    export_video,
    go_to,
    new_mask,
    on_stage,
    open_clip,
    opened,
    session_ids,
    state,
    track_all,
    upload,
    wait_until,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

GREEN = (0, 208, 32)


def regions(session: Session, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Where object 1 is and where it is not; the soft edge between them is left out.

    A matte is steadied by the frames beside it: it is whole where the masks of all three agree.
    """
    masks = [session.masks.read(1, at) for at in range(max(frame - 1, 0), min(frame + 2, NUM_FRAMES))]
    assert all(mask is not None for mask in masks)
    return away_from(~np.all(masks, axis=0)), away_from(np.any(masks, axis=0))


def test_a_correction_mid_clip_changes_only_what_comes_after(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    click_and_wait(page, session, (85, 115))
    track_all(page)
    before = {frame: session.masks.path(1, frame).read_bytes() for frame in range(NUM_FRAMES)}
    go_to(page, 6)
    page.click("[data-mode='0']")
    click_and_wait(page, session, (250, 190), frame=6)
    wait_until(lambda: page.inner_text(".ms-track-start") == "Track again from frame 8", "what it would do")
    assert "Frames before 8 stay" in page.inner_text(".ms-track-note")
    track_all(page)
    after = {frame: session.masks.path(1, frame).read_bytes() for frame in range(NUM_FRAMES)}
    assert [frame for frame in before if before[frame] == after[frame]] == list(range(6))
    page.keyboard.press("Control+z")
    wait_until(lambda: session.masks.path(1, 9).read_bytes() == before[9], "the tracking before")
    page.keyboard.press("Control+z")
    wait_until(lambda: session.masks.path(1, 6).read_bytes() == before[6], "the frame before the correction")


def test_a_project_is_saved_and_opened_in_a_fresh_visit(page: Any, phone: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    click_and_wait(page, session, (85, 115))
    page.fill(".ms-object input[aria-label='Name of Object 1']", "The box")
    page.keyboard.press("Enter")
    track_all(page)
    add_solid(page, "The box", GREEN)
    with page.expect_download() as waiting:
        page.click(".ms-save")
    saved = folder / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.name == "clip.masklet.zip"

    before = session_ids(folder)
    upload(phone, saved)
    again = opened(phone, folder, before)
    first, second = Sessions(folder / "sessions").open(session.id).project, again.project
    assert (second.objects, second.prompts, second.layers) == (first.objects, first.prompts, first.layers)
    for frame in range(NUM_FRAMES):
        assert np.array_equal(again.masks.read(1, frame), session.masks.read(1, frame))
    go_to(phone, 5)
    phone.click("[data-view=result]")
    shown, _ = regions(again, 5)
    wait_until(lambda: (np.abs(canvas(phone) - GREEN)[shown] < 40).all(), "the result on the stage")
    for index, picture in enumerate(export_video(phone, folder / "again.mp4")):
        where, _ = regions(again, index)
        assert (np.abs(picture.astype(int) - GREEN)[where] < 30).all()


def test_on_a_phone_from_the_first_visit_to_the_file(phone: Any, folder: Path) -> None:
    session = open_clip(phone, folder)
    with new_mask(session):
        phone.touchscreen.tap(*on_stage(phone, 85, 115))
    phone.tap(".ms-track-start")
    phone.wait_for_selector(".ms-track-run:visible")
    wait_until(lambda: phone.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    assert session.masks.frames(1) == tuple(range(NUM_FRAMES))
    phone.tap("[data-look='Green screen']")
    wait_until(lambda: state(phone, "layers.length") == 1, "the look")
    seen = 0
    for index, picture in enumerate(export_video(phone, folder / "phone.mp4")):
        _, free = regions(session, index)
        colors = picture[free].astype(int)
        assert (colors[:, 1] > 150).all()
        assert (colors[:, [0, 2]] < 110).all()
        seen += int(free.sum())
    assert seen > 500
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    phone.evaluate(
        "document.querySelector('.ms-clip-name strong').textContent = 'a name too long for a phone'.repeat(3)"
    )
    whole = "(label) => label.scrollWidth <= label.clientWidth && label.clientWidth > 20"
    assert phone.locator(".ms-model-button strong").evaluate(whole), "the clip's name gives way, not the model's"
