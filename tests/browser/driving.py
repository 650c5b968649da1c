"""What the browser tests share: Chromium and its flags, a clip to upload, and where things lie on the page."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from app.sessions.session import Session
from app.sessions.store import Sessions
from tests.app.made_clips import decode

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("/usr/bin/chromium", "chromium", "google-chrome", "chrome"))), None)
# Nothing but the page: no sandbox (containers), no calls home; a camera and a microphone that are made up and allowed.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=5",
    "--use-fake-ui-for-media-stream",
]
HEIGHT, WIDTH, NUM_FRAMES, FPS = 240, 320, 14, 10
PHONE = {"width": 390, "height": 844}
PATIENCE = 120_000  # milliseconds; the machine may be busy


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


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(1800):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return address
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the page did not start:\n{log.read_text()}")


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


def wait_until(condition: Any, what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.2)


def away_from(mask: np.ndarray, pixels: int = 9) -> np.ndarray:
    """Where nothing of the mask, nor the soft edge around it, can reach."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1))) == 0


def open_clip(page: Any, folder: Path, clip: Path | None = None) -> Session:
    """Upload a clip (the coloured one, if none is given) and wait until it can be clicked; gives its session."""
    before = session_ids(folder)
    upload(page, clip or make_colorful_clip(folder / "clip.mp4"))
    return opened(page, folder, before)


def session_ids(folder: Path) -> set[str]:
    root = folder / "sessions"
    return {each.name for each in root.iterdir() if re.fullmatch("[0-9a-f]{32}", each.name)} if root.is_dir() else set()


def opened(page: Any, folder: Path, before: set[str]) -> Session:
    """The session that was not there `before`, once its clip can be clicked."""
    page.wait_for_selector("body.ms-editing")
    wait_until(lambda: state(page, "session") not in (None, *before), "a session")
    page.wait_for_function("document.querySelectorAll('.ms-object').length === 1")
    return Sessions(folder / "sessions").open(state(page, "session"))


def state(page: Any, expression: str) -> Any:
    """A part of what the page knows, e.g. `objects.length`."""
    return page.evaluate(f"window.maskletStudio.state.{expression}")


def click_and_wait(page: Any, session: Session, at: tuple[float, float], object_id: int = 1, frame: int = 0) -> bytes:
    """Click a place of the picture; gives the mask file that came of it."""
    with new_mask(session, object_id, frame):
        page.mouse.click(*on_stage(page, *at))
    return session.masks.path(object_id, frame).read_bytes()


@contextmanager
def new_mask(session: Session, object_id: int = 1, frame: int = 0) -> Iterator[None]:
    """What the block does is answered by another mask; ends once it is there."""
    path = session.masks.path(object_id, frame)
    before = path.read_bytes() if path.is_file() else b""
    yield
    wait_until(lambda: path.is_file() and path.read_bytes() != before, "a new mask")


def go_to(page: Any, frame: int) -> None:
    page.locator(".ms-scrub").evaluate(
        "(scrub, at) => { scrub.value = at; scrub.dispatchEvent(new Event('input', {bubbles: true})); }", frame
    )
    page.wait_for_function("(at) => document.querySelector('.ms-stage').dataset.frame === String(at)", arg=frame)


def track_all(page: Any) -> None:
    """Press "Track" and wait for its end."""
    page.click(".ms-track-start")
    page.wait_for_selector(".ms-track-run:visible")
    page.wait_for_function("!window.maskletStudio.state.task", timeout=2 * PATIENCE)
    wait_until(lambda: page.inner_text(".ms-status").startswith("Done"), "the end of tracking")


def add_solid(page: Any, target: str, color: tuple[int, int, int]) -> None:
    """Fill a target with a colour, on top of all layers so far."""
    layers = state(page, "layers.length")
    if page.is_visible(".ms-layer-add"):
        page.click(".ms-layer-add")
    page.click(f".ms-chip:has-text('{target}')")
    page.click("[data-effect=solid]")
    wait_until(lambda: state(page, "layers.length") == layers + 1, "one more layer")
    written = "#{:02x}{:02x}{:02x}".format(*color)
    page.fill("[data-setting=color]", written)
    wait_until(lambda: state(page, f"layers[{layers}].effect.color") == written, "the layer's own colour")


def export_video(page: Any, to: Path) -> list[np.ndarray]:
    """Through the dialog to the downloaded file; gives its pictures."""
    page.click(".ms-render-start")
    page.click(".ms-export-go")
    page.wait_for_selector(".ms-output:visible")
    with page.expect_download() as waiting:
        page.click(".ms-download")
    waiting.value.save_as(to)
    pictures, _, _ = decode(to)
    assert len(pictures) == NUM_FRAMES
    return pictures
