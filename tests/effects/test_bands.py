"""A frame done in bands, on several threads, is the frame done at once."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import cv2
import numpy as np
import pytest

from effects import EFFECTS, Layer, bands, compose
from effects.box import Box
from tests.effects.test_catalogue import ROUNDING, extremes, make_pixels

ROOT = Path(__file__).parents[2]
LOCAL = [each for each in EFFECTS.values() if each.is_local]
SIZE = (2 * bands.TALLEST + 61, 90)


def masks() -> dict[int, np.ndarray]:
    found = np.zeros(SIZE, np.uint8)
    cv2.ellipse(found, (40, SIZE[0] // 2), (20, 330), 3, 0, 360, 1, -1)  # over both of the bands' borders
    return {1: found.astype(bool)}


@pytest.mark.parametrize("effect_class", LOCAL, ids=lambda each: each.name)
@pytest.mark.parametrize(
    "placed",
    [{"target": "background"}, {"target": "everything", "opacity": 0.5}, {"target": "background", "blend": "screen"}],
    ids=str,
)
def test_bands_do_not_show(effect_class, placed, monkeypatch):
    pixels = cv2.GaussianBlur(make_pixels(SIZE), (0, 0), 1.5)
    layers = [Layer(effect, **placed) for effect in extremes(effect_class)]
    monkeypatch.setattr(bands, "TALLEST_QUICK", bands.TALLEST)
    in_bands = [compose(pixels, masks(), [each], frame_index=3) for each in layers]
    for limit in ("TALLEST", "TALLEST_QUICK"):
        monkeypatch.setattr(bands, limit, SIZE[0])
    for layer, parted in zip(layers, in_bands, strict=True):
        at_once = compose(pixels, masks(), [layer], frame_index=3)
        assert cv2.absdiff(parted, at_once).max() <= ROUNDING, layer.effect


def test_bands_cover_each_row_once():
    for height in (1, bands.TALLEST, bands.TALLEST + 1, 2160):
        parts = bands.bands_of((height, 7))
        assert [row for each in parts for row in range(each.y0, each.y1)] == list(range(height))
        assert max(each.size[0] for each in parts) <= bands.TALLEST


def test_the_number_of_threads_changes_nothing():
    before = cv2.getNumThreads()
    try:
        found = []
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            layer = Layer(EFFECTS["edges"](), "background")
            found.append(compose(make_pixels(SIZE), masks(), [layer]))
    finally:
        cv2.setNumThreads(before)
    assert np.array_equal(*found)


def test_what_goes_wrong_in_a_band_is_heard():
    def work(band: Box) -> None:
        if band.y0 > 0:
            raise ValueError("the second band")

    with pytest.raises(ValueError, match="the second band"):
        bands.work_on(bands.bands_of((2 * bands.TALLEST, 5)), work)


def test_no_thread_spins_when_the_work_is_done():
    """numpy's threads do so for 25 ms after a large product: half of a machine with two cores, frame after frame.

    In a program of its own, because the tests run with one thread each.
    """
    script = """
        import time
        import numpy as np
        from effects import compose, parse_layer

        pixels = np.random.default_rng(0).integers(0, 256, (480, 854, 3), np.uint8)
        mask = np.zeros(pixels.shape[:2], bool)
        mask[101:400, 203:700] = True
        for layer in ("background blur strength=0.7", "1 pixelate size=6", "background pixelate size=24"):
            spun = []
            for _ in range(3):
                compose(pixels, {1: mask}, [parse_layer(layer)])
                began = time.process_time()
                time.sleep(0.03)
                spun.append(time.process_time() - began)
            print(min(spun))
    """
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", dedent(script)],
        cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert max(map(float, done.stdout.split())) < 0.01
