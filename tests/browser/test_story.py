"""What a newcomer does, in real Chromium: upload, click, box, track, effects, render, download; the file is checked."""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from app.sessions import Session, Sessions
from tests.app.made_clips import decode

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("/usr/bin/chromium", "chromium", "google-chrome", "chrome"))), None)
# Nothing but the page: no sandbox (containers), no calls home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HEIGHT, WIDTH, NUM_FRAMES, FPS = 240, 320, 14, 10
PATIENCE = 60_000  # milliseconds; the machine may be busy

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def make_colorful_clip(path: Path) -> Path:
    """No pixel is grey or green in it, so that each effect can be told from the picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=16000)
        for index in range(NUM_FRAMES):
            pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
            pixels[:] = (150, 60, 40)
            pixels[:, :, 2] = np.linspace(30, 110, WIDTH, dtype=np.uint8)
            pixels[70:160, 40 + 6 * index : 130 + 6 * index] = (240, 60, 160)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        tone = (np.sin(np.arange(16000 * NUM_FRAMES // FPS) / 8) * 0.5).astype(np.float32)[None]
        audio = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        audio.sample_rate, audio.pts = 16000, 0
        container.mux(sound.encode(audio))
        container.mux(sound.encode(None))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "tests.browser.serve", str(folder), str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield wait_for(f"http://127.0.0.1:{port}/", server, folder / "log")
        finally:
            server.terminate()
            server.wait(20)


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> str:
    page.click(".ms-layer-add")
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return address
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the page did not start:\n{log.read_text()}")


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 700}, accept_downloads=True)
        page.set_default_timeout(PATIENCE)
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda line: failures.append(line.text) if "Error executing" in line.text else None)
        page.goto(address)
        yield page
        browser.close()
    assert not failures


def upload(page: Any, path: Path) -> None:
    page.wait_for_selector("#upload input[type=file]", state="attached")
    page.set_input_files("#upload input[type=file]", path)


def on_stage(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the clip lies on the page: the picture is fitted into the stage and centred."""
    stage = page.locator(".ms-stage").bounding_box()
    scale = min(stage["width"] / WIDTH, stage["height"] / HEIGHT)
    left = stage["x"] + (stage["width"] - WIDTH * scale) / 2
    top = stage["y"] + (stage["height"] - HEIGHT * scale) / 2
    return left + x * scale, top + y * scale


def canvas(page: Any) -> np.ndarray:
    """The stage as it is drawn, at the clip's size: (HEIGHT, WIDTH, 3) int."""
    script = """([width, height]) => {
      const from = document.querySelector(".ms-stage canvas");
      const scale = Math.min(from.width / width, from.height / height);
      const [w, h] = [width * scale, height * scale];
      const to = new OffscreenCanvas(width, height).getContext("2d");
      to.drawImage(from, (from.width - w) / 2, (from.height - h) / 2, w, h, 0, 0, width, height);
      let text = "";
      for (const value of to.getImageData(0, 0, width, height).data) text += String.fromCharCode(value);
      return btoa(text);
    }"""
    data = base64.b64decode(page.evaluate(script, [WIDTH, HEIGHT]))
    return np.frombuffer(data, np.uint8).astype(int).reshape(HEIGHT, WIDTH, 4)[..., :3]


def wait_until(condition: Any, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.2)


def away_from(mask: np.ndarray, pixels: int = 9) -> np.ndarray:
    """Where nothing of the mask, nor the soft edge around it, can reach."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1))) == 0


def only_session(folder: Path) -> Session:
    sessions = Sessions(folder / "sessions")
    (session_id,) = (each.name for each in sessions.root.iterdir() if re.fullmatch("[0-9a-f]{32}", each.name))
    return sessions.open(session_id)


def test_from_the_first_visit_to_the_downloaded_file(page: Any, folder: Path) -> None:
    not_a_video = folder / "letter.mp4"
    not_a_video.write_text("Dear reader, this is no video.")
    upload(page, not_a_video)
    page.wait_for_selector(".ms-start-error:visible")

    upload(page, make_colorful_clip(folder / "clip.mp4"))
    page.wait_for_selector("body.ms-editing")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 1")
    wait_until(lambda: canvas(page)[100, 80, 0] > 200, "the first frame on the stage")
    plain = canvas(page)

    page.mouse.click(*on_stage(page, 85, 115))
    wait_until(lambda: only_session(folder).masks.read(1, 0) is not None, "the mask of the click")
    mask = only_session(folder).masks.read(1, 0)
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
    wait_until(lambda: only_session(folder).masks.read(2, 0) is not None, "the mask of the box")
    box = only_session(folder).project.prompt(2, 0)
    assert box is not None
    assert box.box == pytest.approx((180, 60, 300, 200), abs=1)

    track_with_a_cancel(page, folder)
    choose_effects(page)
    check_file(page, folder)


def track_with_a_cancel(page: Any, folder: Path) -> None:
    page.click(".ms-track-start")
    page.wait_for_function("document.querySelector('.ms-track-run progress').value >= 3")
    page.click(".ms-track-stop")
    page.wait_for_selector(".ms-track-start:visible")
    assert "kept" in page.inner_text(".ms-status")
    kept = only_session(folder).masks.frames(1)
    assert 3 <= len(kept) < NUM_FRAMES
    wait_until(lambda: page.inner_text(".ms-track-start").startswith("Track again from frame"), "an offer to go on")

    page.click(".ms-track-start")
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")
    masks = only_session(folder).masks
    assert masks.frames(1) == masks.frames(2) == tuple(range(NUM_FRAMES))


def choose_effects(page: Any) -> None:
    page.click(".ms-chip:has-text('Background')")
    page.click("[data-effect=cutout]")
    page.fill("[data-setting=color]", "#00d020")
    page.click(".ms-chip:has-text('Object 1')")
    page.click("[data-effect=desaturate]")
    is_green = "the background's effect on the canvas"
    wait_until(lambda: (np.abs(canvas(page) - (0, 208, 32)).max(axis=2) < 40).mean() > 0.05, is_green)


def check_file(page: Any, folder: Path) -> None:
    page.click(".ms-render-start")
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
    session = only_session(folder)
    seen = [0, 0]
    for index, picture in enumerate(pictures):
        assert picture.shape == (HEIGHT, WIDTH, 3)
        first, second = session.masks.read(1, index), session.masks.read(2, index)
        assert first is not None
        assert second is not None
        background = away_from(first | second)
        grey = away_from(~first)
        colors = picture.astype(int)
        assert (np.abs(colors[background] - (0, 208, 32)) < 30).all()
        assert (np.ptp(colors[grey], axis=1) < 30).all()
        seen = [seen[0] + int(background.sum()), seen[1] + int(grey.sum())]
    assert min(seen) > 500, "the masks leave too little to check the effects by"
