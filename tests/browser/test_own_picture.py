"""A picture of one's own becomes a background: chosen on the page, kept by the server, seen on the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.assets import ASSETS
from tests.browser.driving import canvas, open_clip, wait_until
from tests.browser.test_effects import add_layer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_picture_is_chosen_shown_and_taken_away_again(page: Any, folder: Path) -> None:
    session = open_clip(page, folder)
    picture = folder / "wall.png"
    Image.fromarray(np.full((40, 60, 3), (20, 240, 220), np.uint8)).save(picture)

    def share_of_wall() -> float:
        return float((np.abs(canvas(page).astype(int) - (20, 240, 220)).max(axis=2) < 30).mean())

    add_layer(page, "background_picture")
    page.set_input_files(".ms-layer [data-setting=file]", picture)
    wait_until(lambda: share_of_wall() > 0.3, "the picture on the stage")
    (kept,) = (session.folder / ASSETS).iterdir()
    assert page.inner_text(".ms-setting-file output") == kept.name
    page.click(".ms-setting-file button")
    wait_until(lambda: share_of_wall() < 0.05, "the scene in its place")
