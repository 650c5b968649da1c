"""Every effect still looks as it did: compared with a kept picture as an eye would, not bit by bit."""

import cv2
import numpy as np
import pytest

from effects import EFFECTS
from tests.effects.golden_shot import FOLDER, path, render

KEPT = pytest.mark.parametrize("name", EFFECTS)


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How different two pictures look: distance in CIELAB after a little blur; 2 is hardly to be seen, 10 plainly."""
    seen = [
        cv2.cvtColor(cv2.GaussianBlur(each, (0, 0), 1.0).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        for each in (one, other)
    ]
    return np.linalg.norm(seen[0] - seen[1], axis=2)


@KEPT
def test_an_effect_looks_as_it_did(name):
    if not path(name).is_file():
        pytest.skip(f"there is no golden image of {name} yet; look at what it draws and run `make golden`")
    kept = cv2.imread(str(path(name)), cv2.IMREAD_COLOR_RGB)
    found = difference(render(name), kept)
    assert found.mean() < 1.0
    assert np.percentile(found, 99.5) < 8.0


def test_every_effect_has_its_golden_image_and_none_is_left_over():
    assert {each.stem for each in FOLDER.glob("*.png")} == set(EFFECTS)


def test_the_comparison_would_notice():
    """A blur that is a little stronger, a shift by two pixels and a tint all count as another picture."""
    kept = render("outline")
    for other in (cv2.GaussianBlur(kept, (0, 0), 2.5), np.roll(kept, 2, axis=1), cv2.add(kept, (12, 0, 0, 0))):
        found = difference(kept, other)
        assert found.mean() >= 1.0 or np.percentile(found, 99.5) >= 8.0
