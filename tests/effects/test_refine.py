"""Mattes from coarse masks: the edge goes where the picture's edge is, keeps still, and nothing else changes."""

import cv2
import numpy as np
import pytest

from effects.clean import clean
from effects.refine import is_exact, refine
from effects.steady import steady

SIZE = (180, 240)


def draw(center: tuple[float, float], noise: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A bright wavy blob on dark ground, and the truth: anti-aliased alpha (H, W)."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    angle = np.arctan2(rows - center[1], columns - center[0])
    radius = 50 + 6 * np.sin(5 * angle)
    truth = np.clip(radius - np.hypot(rows - center[1], columns - center[0]) + 0.5, 0, 1)
    ground = cv2.resize(np.random.default_rng(9).integers(30, 90, (45, 60)).astype(np.float32), SIZE[::-1])
    skin = cv2.resize(np.random.default_rng(8).integers(150, 220, (45, 60)).astype(np.float32), SIZE[::-1])
    shift = np.array([[1.0, 0, center[0] - 90], [0, 1, center[1] - 90]])
    skin = cv2.warpAffine(skin, shift, SIZE[::-1], borderMode=cv2.BORDER_WRAP)
    clean_picture = (ground + (skin - ground) * truth)[..., None]
    grain = np.random.default_rng(seed).integers(-noise, noise + 1, (*SIZE, 3))
    return np.clip(clean_picture + grain, 0, 255).astype(np.uint8), truth.astype(np.float32)


def reduce(truth: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(truth, (side, side), interpolation=cv2.INTER_AREA)


def logits_of(probs: np.ndarray) -> np.ndarray:
    safe = np.clip(probs, 1e-4, 1 - 1e-4)
    return np.log(safe / (1 - safe)).astype(np.float32)


@pytest.mark.parametrize("side", [32, 48, 64])
def test_the_edge_goes_to_the_edge_in_the_picture(side):
    pixels, truth = draw((120, 90))
    probs = reduce(truth, side)
    inside = truth >= 0.5
    for found in (probs >= 0.5, logits_of(probs)):
        plain = cv2.resize((found > 0).astype(np.float32), SIZE[::-1]) >= 0.5
        rebuilt = refine(pixels, found) >= 0.5
        assert (rebuilt != inside).sum() < 0.8 * (plain != inside).sum()


def test_a_mask_of_the_frames_size_gets_a_soft_edge_in_place():
    pixels, truth = draw((120, 90))
    alpha = refine(pixels, truth >= 0.5)
    assert alpha.dtype == np.float32
    assert alpha.shape == SIZE
    assert 0.0 <= alpha.min() <= alpha.max() <= 1.0
    assert ((alpha > 0.1) & (alpha < 0.9)).sum() > 100
    assert ((alpha >= 0.5) == (truth >= 0.5)).mean() > 0.999


def test_far_from_the_edge_alpha_is_exactly_none_or_all():
    pixels, truth = draw((120, 90))
    inside = truth >= 0.5
    doubtful = np.where(reduce(truth, 64) >= 0.5, np.float32(0.4), np.float32(-0.4))  # a network that is never sure
    for found in (inside, doubtful):
        alpha = refine(pixels, found)
        assert (alpha[cv2.erode(inside.astype(np.uint8), np.ones((31, 31))) > 0] >= 0.999).all()
        assert (alpha[cv2.dilate(inside.astype(np.uint8), np.ones((31, 31))) == 0] <= 0.001).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (31, 1), (7, 5), (33, 47)])
def test_any_size_and_nothing_and_everything(size):
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    for dtype in (bool, np.float32):
        for shape in (size, (4, 4), (1, 1)):
            low = -9 if dtype is np.float32 else 0
            assert refine(pixels, np.full(shape, low, dtype)).max() == 0
            assert refine(pixels, np.full(shape, 9, dtype)).min() >= 0.999


def test_the_picture_and_the_mask_are_left_as_they_are():
    pixels, truth = draw((120, 90))
    found = logits_of(reduce(truth, 64))
    before = pixels.copy(), found.copy()
    refine(pixels, found)
    assert np.array_equal(pixels, before[0])
    assert np.array_equal(found, before[1])


def jittered(truth: np.ndarray, seed: int) -> np.ndarray:
    """Logits whose edge is pushed about by a pixel or two, in another way for each seed."""
    inside = (truth >= 0.5).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    push = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32), (0, 0), 8)
    return cv2.resize(distance + push * (1.5 / push.std()), (64, 64), interpolation=cv2.INTER_AREA)


def test_steady_takes_the_flicker_and_leaves_no_lag():
    """The blob moves by four pixels a frame; each frame's logits jitter by themselves."""
    shots = [draw((90 + 4 * index, 90), seed=index) for index in range(5)]
    mattes = [refine(pixels, jittered(truth, index)) for index, (pixels, truth) in enumerate(shots)]
    calm = [
        steady(mattes[at], shots[at][0], [(mattes[near], shots[near][0]) for near in (at - 1, at + 1)])
        for at in (1, 2, 3)
    ]
    wrong_pixels = [
        np.mean([((each[at] >= 0.5) != (shots[at + shift][1] >= 0.5)).sum() for at in range(len(each))])
        for each, shift in ((mattes[1:4], 1), (calm, 1))
    ]
    assert wrong_pixels[1] < 0.8 * wrong_pixels[0]
    # No lag: what is too much ahead of the object is not less than what is missing behind it.
    columns = np.arange(SIZE[1])
    for alpha, at in zip(calm, (1, 2, 3), strict=True):
        middle = (alpha.sum(axis=0) * columns).sum() / alpha.sum()
        assert middle == pytest.approx(90 + 4 * at, abs=0.6)


def test_steady_does_not_draw_what_has_gone():
    pixels, truth = draw((120, 90))
    empty = np.full_like(pixels, 60)
    assert steady(np.zeros(SIZE, np.float32), empty, [(truth, pixels)]).max() == 0
    alpha = steady(truth, pixels, [(np.zeros(SIZE, np.float32), empty)])
    assert alpha[90, 120] > 0.9


def test_holes_and_specks_go_by_their_size():
    mask = np.zeros((60, 80), bool)
    mask[10:50, 10:50] = True
    mask[20:23, 20:23] = False  # 9 px²
    mask[30:36, 30:36] = False  # 36 px²
    mask[5:7, 70:72] = True  # 4 px²
    mask[40:46, 60:66] = True  # 36 px²
    before = mask.copy()
    cleaned = clean(mask, holes=9, specks=4)
    expected = mask.copy()
    expected[20:23, 20:23] = True
    expected[5:7, 70:72] = False
    assert np.array_equal(cleaned, expected)
    assert np.array_equal(mask, before)
    assert clean(mask, specks=5000).sum() == mask[10:50, 10:50].sum()  # the largest part stays


def test_a_bay_open_to_the_frames_border_is_no_hole():
    mask = np.ones((30, 30), bool)
    mask[0:4, 10:14] = False
    assert np.array_equal(clean(mask, holes=1000), mask)


def test_convexity_fills_dents_of_each_part():
    mask = np.zeros((40, 80), bool)
    mask[5:35, 5:15] = mask[25:35, 5:35] = True  # an L
    mask[5:10, 60:70] = True
    filled = clean(mask, is_convex=True)
    assert filled[mask].all()
    assert filled[22, 18]
    assert not filled[6, 34]
    assert not filled[:, 40:58].any()
    assert not clean(np.zeros((5, 5), bool), holes=9, specks=9, is_convex=True).any()


@pytest.mark.parametrize("side", [48, 128])
def test_only_a_grid_that_says_how_much_of_each_cell_is_covered_is_exact(side):
    _, truth = draw((120, 90))
    covered = reduce(truth, side)
    assert is_exact(logits_of(covered))
    assert not is_exact(covered >= 0.5)
    inside = (covered >= 0.5).astype(np.uint8)
    cells = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    for slope in (0.3, 1, 2, 3):  # what networks give, a cell
        assert not is_exact((slope * cells).astype(np.float32))
    assert not is_exact(np.where(covered >= 0.5, np.float32(8), np.float32(-8)))  # as sharp, but it jumps
    assert not is_exact(np.full((side, side), -9, np.float32))
