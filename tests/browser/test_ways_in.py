"""The ways in besides a dropped file, in real Chromium: the camera, the clipboard, and what is refused."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from app.editor.assets import read_words
from app.sessions.store import Sessions
from tests.browser.conftest import visit
from tests.browser.driving import (
    NUM_FRAMES,
    canvas,
    make_colorful_clip,
    on_stage,
    opened,
    session_ids,
    upload,
    wait_until,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PASTE = """([name, type, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const bag = new DataTransfer();
  bag.items.add(new File([bytes], name, { type }));
  const event = new ClipboardEvent('paste', { clipboardData: bag, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""

# A busy machine cannot encode what the camera would give by itself.
SMALL_CAMERA = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) => ask({ ...wanted, video: { width: 320, height: 240 } });
}"""


def paste(page: Any, path: Path, kind: str = "video/mp4") -> None:
    page.evaluate(PASTE, [path.name, kind, base64.b64encode(path.read_bytes()).decode("ascii")])


def test_a_file_is_pasted(page: Any, folder: Path) -> None:
    page.wait_for_selector("#upload input[type=file]", state="attached")
    before = session_ids(folder)
    clip = make_colorful_clip(folder / "pasted.mp4")
    paste(page, clip)
    session = opened(page, folder, before)
    assert session.info.name == "pasted.mp4"
    assert session.info.num_frames == NUM_FRAMES
    assert session.clip_path.read_bytes() == clip.read_bytes()
    wait_until(lambda: canvas(page)[100, 80, 0] > 200, "the first frame on the stage")
    paste(page, clip)
    page.wait_for_timeout(1500)
    assert session_ids(folder) - before == {session.id}, "while a clip is edited, nothing that is pasted replaces it"


DRAG = """([type, selector, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "video/mp4" }));
  const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented; // else the browser leaves the page and shows the file
}"""


def test_a_file_may_be_dropped_anywhere(page: Any, folder: Path) -> None:
    page.wait_for_selector("#upload input[type=file]", state="attached")
    before = session_ids(folder)
    clip = make_colorful_clip(folder / "dropped.mp4")
    content = base64.b64encode(clip.read_bytes()).decode("ascii")

    def drag(kind: str, selector: str) -> bool:
        return bool(page.evaluate(DRAG, [kind, selector, clip.name, content]))

    assert drag("dragover", ".ms-welcome")
    assert drag("drop", ".ms-welcome")
    first = opened(page, folder, before)
    assert first.info.name == clip.name

    drag("dragenter", ".ms-stage")
    page.wait_for_selector("#upload:visible")
    assert page.is_visible(".ms-back"), "the start of the page says what a drop would do"
    drag("dragleave", "body")
    page.wait_for_selector(".ms-stage:visible")
    assert session_ids(folder) - before == {first.id}, "nothing was dropped"

    drag("dragenter", ".ms-stage")
    assert drag("drop", ".ms-welcome")
    wait_until(lambda: page.evaluate("maskletStudio.state.session") != first.id, "the clip that was dropped")
    second = opened(page, folder, before | {first.id})
    assert second.info.name == clip.name


def test_opening_can_be_cancelled(page: Any, folder: Path) -> None:
    before = session_ids(folder)
    first = make_colorful_clip(folder / "first.mp4")
    upload(page, first)
    session = opened(page, folder, before)

    def names() -> set[str]:
        return {each.name for each in (folder / "sessions").iterdir()}

    there = names()
    long = folder / "long.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=100"]
    subprocess.run([*command, "-preset", "ultrafast", "-y", str(long)], check=True)

    page.click(".ms-new-clip")
    upload(page, long)
    page.wait_for_selector(".ms-opening:visible")
    page.wait_for_function("maskletStudio.state.task?.done > 0")
    page.click(".ms-opening-stop")
    page.wait_for_selector("#upload:visible")
    wait_until(lambda: names() <= there, "nothing of it left")
    assert page.evaluate("maskletStudio.state.task") is None

    page.click(".ms-back")
    wait_until(lambda: canvas(page)[100, 80, 0] > 200, "the clip before it, as it was")
    page.click(".ms-new-clip")
    upload(page, first)
    assert opened(page, folder, before | {session.id}).info.name == first.name


def test_a_clip_is_recorded_by_the_camera(page: Any, folder: Path) -> None:
    page.wait_for_selector("#upload input[type=file]", state="attached")
    before = session_ids(folder)
    page.evaluate(SMALL_CAMERA)
    page.click(".ms-camera-start")
    page.click(".ms-camera-cancel")
    page.wait_for_selector(".ms-camera", state="hidden")
    page.click(".ms-camera-start")
    page.wait_for_selector(".ms-camera:visible")
    page.wait_for_function("document.querySelector('.ms-camera video').currentTime > 2")
    assert page.is_hidden("#upload"), "while it records there is nothing else to do"
    page.click(".ms-camera-use")
    session = opened(page, folder, before)
    assert session.info.has_audio
    assert session.info.num_frames >= 2
    assert session.info.duration > 0.5
    with session.open_clip() as clip:
        first, last = clip.frame(0).pixels.astype(int), clip.frame(clip.num_frames - 1).pixels.astype(int)
    for pixels in (first, last):  # Chromium's camera shows a green picture with a clock in it
        assert ((pixels[..., 1] > 90) & (pixels[..., 0] < 60)).mean() > 0.3
    assert np.abs(first - last).max() > 60, "its clock goes on"
    assert page.evaluate("document.querySelector('.ms-camera video').srcObject?.active ?? false") is False


@pytest.fixture
def spanish(browser: Any, address: str) -> Iterator[Any]:
    yield from visit(browser, address, locale="es-ES")


def test_a_refusal_is_said_in_the_readers_language(spanish: Any, folder: Path) -> None:
    page, words = spanish, read_words()["es"]
    letter = folder / "carta.mp4"
    letter.write_text("Estimado lector, esto no es un vídeo.")
    upload(page, letter)
    page.wait_for_selector(".ms-start-error:visible")
    assert page.inner_text(".ms-start-error") == words["refused.no_video"]

    before = session_ids(folder)
    upload(page, make_colorful_clip(folder / "clip.mp4"))
    session = opened(page, folder, before)
    page.click(".ms-model-button")
    assert words["notice.model_embedded"] in page.inner_text(".ms-model-menu")
    page.keyboard.press("Escape")
    Sessions(folder / "sessions").delete(session.id)
    page.mouse.click(*on_stage(page, 85, 115))
    page.wait_for_selector(".ms-notice:visible")
    assert page.inner_text(".ms-notice p").startswith(words["refused.gone"])
