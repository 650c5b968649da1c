"""The way of a picture from the page to an effect."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from app.assets import ASSETS, find_asset
from app.handlers import effects
from app.handlers.envelope import Studio, answer
from app.models import DefaultModel
from app.preview import preview_jpeg
from app.sessions import Session, Sessions
from effects.layer import parse_layer
from tests.app.made_clips import square_mask


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
