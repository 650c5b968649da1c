"""Removal: what other frames saw comes back, and no outline of the object stays."""

from __future__ import annotations

from pathlib import Path as FilePath

import cv2
import numpy as np
import pytest

from effects import Layer, compose
from effects.camera import measure_step
from effects.library.remove import Remove
from effects.path import Path, sight
from tests.effects.moving_clip import MovingClip
from tests.effects.test_camera import PanningClip

DAVIS = FilePath(__file__).parents[2] / ".." / "shared" / "data" / "davis2016"


def removed(clip, index: int, effect: Remove) -> np.ndarray:
    return compose(clip.pixels(index), clip.masks(index), [Layer(effect, (1,))], frame_index=index, clip=clip)


def test_where_the_camera_stands_still_the_ground_comes_back():
    clip = MovingClip((120, 200), 40, step=(4.0, 0.0))
    result = removed(clip, 15, Remove())
    assert np.abs(result.astype(int) - clip.ground).max() <= 2
    assert np.array_equal(result[:5], clip.pixels(15)[:5])


class PassingClip(PanningClip):
    """The camera moves, and the object moves over the ground in the other direction."""

    def __init__(self) -> None:
        super().__init__()
        self.num_frames, self.step = 30, (5.0, 0.0)


def test_where_the_camera_pans_the_ground_comes_back_too():
    clip = PassingClip()
    truth = clip.wide[:, 3 * 12 : 3 * 12 + clip.size[1]]
    result = removed(clip, 12, Remove())
    hole = cv2.dilate(clip.disc(12).astype(np.uint8), np.ones((15, 15))) > 0
    assert np.abs(result.astype(int) - truth)[hole].mean() < 4
    assert np.abs(clip.pixels(12).astype(int) - truth)[hole].mean() > 25


def test_what_nobody_saw_is_made_up_without_the_object_s_colour():
    clip = MovingClip((120, 200), 1)
    result = removed(clip, 0, Remove())[clip.disc(0)].astype(int)
    assert (np.abs(result - (230, 60, 40)).sum(axis=1) > 60).all()


def test_without_reach_only_the_frame_itself_is_asked():
    clip = MovingClip((120, 200), 20)
    clip.asked.clear()
    removed(clip, 10, Remove(reach=0))
    assert set(clip.asked) <= {10}


@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_a_single_line_of_pixels_is_filled_the_same_each_time(shape):
    pixels = np.full((*shape, 3), (10, 200, 30), np.uint8)
    mask = np.zeros(shape, bool)
    mask.ravel()[15:25] = True
    pixels[mask] = 255
    results = [compose(pixels, {1: mask}, [Layer(Remove(), (1,))]) for _ in range(20)]
    assert all(np.array_equal(each, results[0]) for each in results)
    assert np.abs(results[0].astype(int) - (10, 200, 30)).max() < 16  # fine structure is laid over the fill


def test_a_frame_that_is_all_object_is_left_alone():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    result = compose(pixels, {1: np.ones((40, 60), bool)}, [Layer(Remove(), (1,))])
    assert np.isfinite(result.astype(float)).all()


class DavisClip:
    """The first frames of an annotated sequence."""

    fps = 24.0

    def __init__(self, name: str, num_frames: int) -> None:
        frames = sorted((DAVIS / name / "frames").iterdir())[:num_frames]
        masks = sorted((DAVIS / name / "masks").iterdir())[:num_frames]
        self.num_frames = len(frames)
        self._frames = [cv2.imread(str(each), cv2.IMREAD_COLOR_RGB) for each in frames]
        self._masks = [cv2.imread(str(each), cv2.IMREAD_GRAYSCALE) > 127 for each in masks]
        self._steps: dict[int, np.ndarray] = {}

    def pixels(self, index: int) -> np.ndarray:
        return self._frames[index]

    def masks(self, index: int) -> dict[int, np.ndarray]:
        return {1: self._masks[index]}

    def path(self, object_ids) -> Path:
        return Path([sight(each) for each in self._masks])

    def camera_step(self, index: int) -> np.ndarray:
        if index not in self._steps:
            self._steps[index] = measure_step(self.pixels(index), self.pixels(index + 1), self.masks(index))
        return self._steps[index]


def share_across(pixels: np.ndarray, mask: np.ndarray, away: float) -> float:
    """How much of the picture's gradient on a line around the mask runs across it: 2/π where nothing is there."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inside = mask.astype(np.uint8)
    distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    out_x, out_y = cv2.Sobel(distance, cv2.CV_32F, 1, 0), cv2.Sobel(distance, cv2.CV_32F, 0, 1)
    x, y = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    band = np.abs(distance - away) < 2
    across = np.abs(x * out_x + y * out_y) / (np.hypot(out_x, out_y) + 1e-6)
    return float(across[band].mean() / np.hypot(x, y)[band].mean())


@pytest.mark.skipif(not DAVIS.is_dir(), reason="the annotated sequences are not there")
def test_no_ghost_of_the_outline_stays_on_a_real_clip_with_a_panning_camera():
    clip = DavisClip("horsejump-high", 40)
    index = 20
    mask = clip.masks(index)[1]
    result = removed(clip, index, Remove())
    assert share_across(clip.pixels(index), mask, 0) > 0.85
    assert share_across(result, mask, 0) < 0.75
    assert share_across(result, mask, 10) < 0.75
