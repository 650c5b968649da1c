"""Three objects with three effects, in real Chromium, by the embedded model: each true shape has its own colour."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.app.made_clips import decode
from tests.browser.conftest import Server
from tests.browser.driving import (
    FPS,
    HEIGHT,
    NUM_FRAMES,
    WIDTH,
    add_solid,
    click_and_wait,
    export_video,
    new_mask,
    on_stage,
    open_clip,
    track_all,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Object → its colour, where it begins (x, y), and how far it moves in a frame; all are discs of one size.
DISCS = {
    1: ((220, 70, 50), (70, 70), (3, 0)),
    2: ((250, 220, 90), (240, 60), (0, 2)),
    3: ((240, 240, 245), (90, 180), (4, -1)),
}
RADIUS = 34
SOLIDS = {1: (0, 208, 32), 2: (200, 0, 220), 3: (0, 90, 240)}


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """The page with the embedded model: the tests' random one finds the same for every click."""
    with Server(folder, "nano") as served:
        yield served


def disc(object_id: int, frame: int, radius: int = RADIUS) -> np.ndarray:
    _, (x, y), (dx, dy) = DISCS[object_id]
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(drawn, (x + dx * frame, y + dy * frame), radius, 1, -1)
    return drawn > 0


def make_discs(path: Path) -> Path:
    ground = np.random.default_rng(3).integers(0, 16, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
    ground = cv2.resize(ground, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) + np.uint8(40)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(NUM_FRAMES):
            pixels = ground.copy()
            for object_id, (color, _, _) in DISCS.items():
                pixels[disc(object_id, index)] = color
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_each_object_has_its_own_effect_on_every_frame(page: Any, folder: Path) -> None:
    path = make_discs(folder / "discs.mp4")
    session = open_clip(page, folder, path)
    click_and_wait(page, session, DISCS[1][1])
    for object_id in (2, 3):
        page.click(".ms-add")
        page.wait_for_function(f"document.querySelectorAll('.ms-object').length === {object_id}")
        x, y = DISCS[object_id][1]
        with new_mask(session, object_id):
            page.mouse.move(*on_stage(page, x - RADIUS - 3, y - RADIUS - 3))
            page.mouse.down()
            page.mouse.move(*on_stage(page, x + RADIUS + 3, y + RADIUS + 3), steps=4)
            page.mouse.up()
    track_all(page)
    for object_id, color in SOLIDS.items():
        add_solid(page, f"Object {object_id}", color)
    plain, _, _ = decode(path)
    for index, picture in enumerate(export_video(page, folder / "three.mp4")):
        colors = picture.astype(int)
        for object_id, color in SOLIDS.items():
            inside = disc(object_id, index, RADIUS - 10)
            share = float((np.abs(colors - color)[inside].max(axis=1) < 40).mean())
            assert share > 0.98, f"object {object_id} on frame {index}: {share:.2f} of it"
        outside = ~np.any([disc(object_id, index, RADIUS + 12) for object_id in DISCS], axis=0)
        untouched = float((np.abs(colors - plain[index])[outside].max(axis=1) < 30).mean())
        assert untouched > 0.97, f"around them on frame {index}: {untouched:.3f} of it"
