"""What the browser tests share: Chromium and its flags, a clip to upload, and where things lie on the page."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import time
import urllib.request
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from app.session import Session
from app.sessions import Sessions

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
