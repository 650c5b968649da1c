"""The way of a picture from the page to an effect."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from app.assets import ASSETS, find_asset
from app.handlers import effects
from app.handlers.envelope import Studio, answer
from app.rendering.footage import clip_footage
from app.rendering.preview import open_preview, preview_jpeg
from app.sessions.session import Session
from app.sessions.store import Sessions
from app.tracking.models import DefaultModel
from effects.layer import parse_layer
from media.limits import LOCAL
from tests.app.made_clips import SIZE, square_mask


def test_a_picture_sent_by_the_page_is_shown_by_its_name_alone(session: Session, sessions: Sessions) -> None:
    studio = Studio(sessions, DefaultModel("nano", "It is the test's."), session.folder)
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), (255, 0, 255), np.uint8)).save(buffer, format="PNG")
    content = base64.b64encode(buffer.getvalue()).decode("ascii")

    def sent(**request: object) -> dict[str, object]:
        return list(answer(effects.asset, studio, session.id, {"n": 1, **request}))[-1]

    name = sent(name="my logo.png", content=content)["asset"]
    assert isinstance(name, str)
    assert find_asset(name, session.folder / ASSETS).is_file()
    assert "neither a picture" in str(sent(name="x.png", content=base64.b64encode(b"no").decode())["error"])
    assert sent(name="x.png", content="%%%")["error"]

    session.masks.write(1, 4, square_mask(4))
    jpeg = preview_jpeg(session, 4, [parse_layer(f"1 sticker size=2 file='{name}'")])
    with Image.open(io.BytesIO(jpeg)) as image:
        middle = np.asarray(image.convert("RGB"))[22:26, 22:26].astype(int)
    assert np.abs(middle - (255, 0, 255)).mean() < 40


def test_a_video_sent_by_the_page_costs_no_more_than_a_clip_may(
    session: Session, sessions: Sessions, clip_path: Path
) -> None:
    few = Sessions(sessions.root, limits=replace(LOCAL, max_frames=3, max_pixels=SIZE[0] * SIZE[1] // 4))
    studio = Studio(few, DefaultModel("nano", "It is the test's."), session.folder)
    content = base64.b64encode(clip_path.read_bytes()).decode("ascii")
    said = list(answer(effects.asset, studio, session.id, {"n": 1, "name": "wave.mp4", "content": content}))[-1]
    path = str(find_asset(str(said["asset"]), session.folder / ASSETS))
    limited = few.open(session.id)
    with limited.open_clip() as clip:
        for footage in (clip_footage(clip, limited.masks), open_preview(limited, 240)._footage):
            assert footage.video(path).num_frames == 3
            assert footage.video(path).pixels(0).shape[0] <= SIZE[0] // 2
