"""The page's tab with a long clip and many objects, in real Chromium: `python -m benchmarks.page [--objects 1 20]`.

For each number of objects: the tab's memory while 20 s of 720p are opened, scrubbed through, played with masks and
played with a look, the time to a frame while scrubbing, and how many frames a second are shown while it plays. The
masks are made here: no model runs. Chromium draws in software, so that all pictures lie in the memory that is measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from playwright.sync_api import sync_playwright

from app.projects.changes import add_object
from app.projects.mask_note import measure
from app.sessions.store import Sessions
from benchmarks.peers import machine
from effects.layer import parse_layer
from tests.browser.conftest import Server
from tests.browser.driving import CHROMIUM, FLAGS

EXAMPLE = Path(__file__).parents[1] / "examples" / "clips" / "cars.mp4"
SIZE, SECONDS, FPS = (720, 1280), 20, 30
SCRUBBED_FROM, STEPS = (0, 150, 300, 450), 30
_DISC = np.hypot(*np.ogrid[-100:100, -100:100]) < 100
PATIENCE = 120_000  # milliseconds

# How many frames a second are shown: a frame is shown together with its masks, or not at all.
WATCH_PLAYBACK = """(seconds) => new Promise((resolve) => {
  const stage = document.querySelector(".ms-stage");
  const seen = new Set();
  const end = performance.now() + 1000 * seconds;
  const look = () => {
    seen.add(stage.dataset.shown);
    if (performance.now() < end) requestAnimationFrame(look);
    else resolve(seen.size / seconds);
  };
  look();
})"""


@dataclass(frozen=True)
class Figures:
    """What one number of objects costs.

    Attributes:
        objects: how many, each visible on every frame.
        memory: largest proportional share of memory of the tab's process in each act [MB].
        scripts: memory of the scripts' own objects at the end [MB].
        scrub: time to the exact frame, 50th and 95th percentile [ms].
        shown: frames a second while it plays with masks; the clip has 30.
    """

    objects: int
    memory: dict[str, float]
    scripts: float
    scrub: tuple[float, float]
    shown: float


def held_by_tab(page: Any) -> float:
    """The proportional share of memory of the tab's process [MB]."""
    session = page.context.browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    shares = []
    for each in processes:
        rollup = Path(f"/proc/{each['id']}/smaps_rollup")
        if each["type"] == "renderer" and rollup.exists():
            lines = rollup.read_text().splitlines()
            shares.append(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000)
    return max(shares)


def make_session(folder: Path, objects: int) -> str:
    """A session whose objects move across the clip, each on every frame; its id."""
    clip = folder / "clip.mp4"
    if not clip.exists():
        scale = ["-vf", f"scale={SIZE[1]}:{SIZE[0]},fps={FPS}", "-t", str(SECONDS), "-preset", "ultrafast", "-an"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-stream_loop", "-1", "-i", str(EXAMPLE)]
        subprocess.run([*command, *scale, str(clip)], check=True)
    sessions = Sessions(folder / "sessions")
    *_, last = sessions.create(clip)
    assert last.session_id is not None
    session = sessions.open(last.session_id)
    mask = np.zeros(SIZE, bool)
    for index in range(session.info.num_frames):
        x = 4 * index % (SIZE[1] - 200)
        mask[:] = False
        mask[260:460, x : x + 200] = _DISC
        session.masks.write(1, index, mask, note=measure(mask, 0.99, ""))
    project = session.project
    for number in range(1, objects + 1):
        project = add_object(project)
        for index in range(session.info.num_frames if number > 1 else 0):  # the same way, at another time
            session.masks.adopt(number, index, session.masks.path(1, (index + 31 * number) % session.info.num_frames))
    sessions.save(session.id, project)
    return session.id


def visit(address: str, objects: int) -> Figures:
    """Open the session in a fresh tab, and use it."""
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_selector("body.ms-editing")
        page.wait_for_function(f"document.querySelectorAll('.ms-object').length === {objects}")
        page.wait_for_timeout(4000)
        memory = {"open": held_by_tab(page)}
        scrub: list[float] = []
        for start in SCRUBBED_FROM:
            scrub += scrub_from(page, start)
            memory["scrub"] = max(held_by_tab(page), memory.get("scrub", 0))
        go_to(page, 0)
        page.click(".ms-play")
        shown, memory["play"] = watch(page)
        wear_look(page)
        page.click(".ms-play")
        memory["look"] = watch(page)[1]
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable")
        found = {each["name"]: each["value"] for each in metrics.send("Performance.getMetrics")["metrics"]}
        browser.close()
    low, high = np.percentile(scrub, (50, 95))
    memory = {act: round(held) for act, held in memory.items()}
    scripts = round(found["JSHeapUsedSize"] / 1e6, 1)
    return Figures(objects, memory, scripts, (round(low, 1), round(high, 1)), round(shown, 1))


def watch(page: Any) -> tuple[float, float]:
    """While it plays: frames shown a second, and the largest memory of the tab [MB]."""
    shown, held = [], []
    for _ in range(0, SECONDS, 2):
        shown.append(page.evaluate(WATCH_PLAYBACK, 2))
        held.append(held_by_tab(page))
    return sum(shown) / len(shown), max(held)


def go_to(page: Any, index: int) -> None:
    page.evaluate(f"document.querySelector('.ms-scrub').value = {index}")
    page.dispatch_event(".ms-scrub", "input")
    page.wait_for_timeout(800)


def scrub_from(page: Any, start: int) -> list[float]:
    """Step some frames on from a place, and back [ms each]."""
    go_to(page, start)
    times = []
    for key in ("ArrowRight", "ArrowLeft"):
        for _ in range(STEPS):
            page.evaluate("delete document.querySelector('.ms-stage').dataset.lastScrub")
            page.keyboard.press(key)
            page.wait_for_function("document.querySelector('.ms-stage').dataset.lastScrub")
            times.append(float(page.get_attribute(".ms-stage", "data-last-scrub")))
    return times


def wear_look(page: Any) -> None:
    """Blur the background, from the first frame on."""
    go_to(page, 0)
    blur = [parse_layer("background blur").to_json()]
    page.evaluate("(layers) => window.maskletStudio.emit('layers', { layers, isDraft: true })", blur)
    page.wait_for_function("document.querySelector('.ms-stage').dataset.look")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--objects", type=int, nargs="+", default=[1, 20])
    counts = asked.parse_args().objects
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sessions = {count: make_session(folder, count) for count in counts}
        server = Server(folder)
        server.start()
        try:
            figures = [visit(f"{server.address}#s={sessions[count]}", count) for count in counts]
        finally:
            server.stop()
    report = {"machine": machine(), "figures": [asdict(each) for each in figures]}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
