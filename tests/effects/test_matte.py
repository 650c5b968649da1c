"""Mattes: how far an edge moves, how wide it fades, and lines along it."""

import cv2
import numpy as np
import pytest

from effects import EffectError, Layer, compose, edge, parse_layer
from effects.box import Box
from effects.edge import draw_edge
from effects.effect import Shot
from effects.library.blur import Blur
from effects.library.cutout import Cutout, clean_edge
from effects.matte import make_alpha

SIZE = (120, 150)


@pytest.fixture
def disc() -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    cv2.circle(mask, (75, 60), 30, 1, -1)
    return mask.astype(bool)


def test_a_mask_without_grow_and_feather_is_itself(disc):
    for mask in (disc, disc.astype(np.uint8) * 255, disc.astype(np.float32)):
        alpha = make_alpha(mask)
        assert alpha.dtype == np.float32
        assert np.array_equal(alpha, disc)


@pytest.mark.parametrize("number", [bool, np.uint8, np.float32])
def test_the_box_around_a_mask_is_the_smallest_that_holds_it(number):
    random = np.random.default_rng(4)
    for height, width, count in random.integers((1, 1, 0), (200, 200, 4), (200, 3)):
        mask = np.zeros((height, width), number)
        rows, columns = random.integers(0, (height, width), (count, 2)).T
        mask[rows, columns] = 1
        expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if count else (0, 0, 0, 0)
        assert Box.around(mask) == Box.around(np.asfortranarray(mask)) == expected


@pytest.mark.parametrize("grow", [-12, -3, -1, -0.5, 0.25, 1, 2.5, 7, 40])
def test_grow_is_euclidean_and_takes_fractions(grow):
    """Against the definition: the distance to a single pixel, or to a single hole."""
    mask = np.zeros((61, 61), bool)
    mask[30, 30] = True
    if grow < 0:
        mask = ~mask
    alpha = make_alpha(mask, grow=grow)
    rows, columns = np.mgrid[:61, :61]
    exact = np.clip(abs(grow) - (np.hypot(rows - 30, columns - 30) - 0.5) + 0.5, 0, 1)
    assert np.abs(alpha - (exact if grow > 0 else 1 - exact)).max() < 1e-4


def test_shrinking_ends_in_nothing_and_growing_in_everything(disc):
    assert make_alpha(disc, grow=-40).max() == 0
    assert make_alpha(disc, grow=200).min() == 1
    assert make_alpha(np.zeros(SIZE, bool), grow=9, feather=9).max() == 0
    assert make_alpha(np.ones(SIZE, bool), grow=-9, feather=9).min() == 1


@pytest.mark.parametrize("feather", [1, 3, 10, 40])
def test_feather_is_the_width_of_the_fade(feather):
    mask = np.zeros((100, 200), bool)
    mask[:, 100:] = True
    row = make_alpha(mask, feather=feather)[50]
    assert row[99] == pytest.approx(1 - row[100], abs=1e-5)  # centred on the edge
    assert (np.diff(row) >= -1e-6).all()
    fading = ((row > 0.02) & (row < 0.98)).sum()
    assert feather - 2 <= fading <= feather + 2


def test_an_object_cut_by_the_frame_has_no_edge_there():
    mask = np.zeros((60, 80), bool)
    mask[:, :40] = True
    alpha = make_alpha(mask, grow=-3, feather=6)
    assert (alpha[:, 0] == 1).all()
    assert np.ptp(alpha, axis=0).max() < 1e-6
    assert draw_edge(mask.astype(np.float32), outer=3, inner=3)[:, :20].max() == 0


def test_only_the_surroundings_are_computed_and_that_changes_nothing(disc):
    whole = np.zeros((400, 500), bool)
    whole[100:220, 200:350] = disc
    near = make_alpha(np.pad(disc, 40), grow=4, feather=9)
    far = make_alpha(whole, grow=4, feather=9)
    assert np.allclose(far[60:260, 160:390], near, atol=1e-6)
    assert far.sum() == pytest.approx(near.sum(), rel=1e-5)


def test_a_line_is_as_wide_as_asked(disc):
    half = np.zeros(SIZE, np.float32)
    half[:, :70] = 1
    assert np.array_equal(np.flatnonzero(draw_edge(half, outer=4, inner=1)[60] > 0.5), range(69, 74))
    line = draw_edge(disc.astype(np.float32), outer=4, inner=1)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    radius = np.hypot(rows - 60, columns - 75)
    assert line.sum() == pytest.approx(np.pi * (34.5**2 - 29.5**2), rel=0.06)
    assert line[np.abs(radius - 32) < 1].min() > 0.95
    assert line[np.abs(radius - 32) > 4.5].max() == 0


@pytest.mark.parametrize(("outer", "inner"), [(4, 1), (2.5, 2.5), (12, 1)])
def test_the_line_around_a_rough_mask_is_the_line_around_a_smooth_one(disc, outer, inner, monkeypatch):
    """Where ways are too many to follow a line is drawn by distances: on a plain shape both are the same line."""
    disc[20:40, 60:110] = True
    alpha = disc.astype(np.float32)
    followed = draw_edge(alpha, outer=outer, inner=inner)
    monkeypatch.setattr(edge, "ROUGH", -1)
    measured = draw_edge(alpha, outer=outer, inner=inner)
    assert measured.sum() == pytest.approx(followed.sum(), rel=0.07)
    drawn = (followed > 0) | (measured > 0)
    assert np.abs(measured - followed)[drawn].mean() < 0.08
    assert ((measured > 0.5) == (followed > 0.5))[drawn].mean() > 0.9


def test_the_line_around_a_single_pixel_is_a_disc_on_it():
    mask = np.zeros((80, 200), np.float32)
    specks = [(20, 30), (55, 100), (30, 160)]
    for row, column in specks:
        mask[row, column] = 1
    mask[60:70, 20:60] = 1  # and something else beside them
    line = draw_edge(mask, outer=4, inner=1)
    for row, column in specks:
        near = line[row - 9 : row + 10, column - 9 : column + 10]
        assert np.abs(near - near[::-1, ::-1]).max() < 0.2
        assert 3 <= np.sqrt(near.sum() / np.pi) <= 5


def test_of_noise_no_way_is_followed(monkeypatch):
    """There are as many ways as pixels: each mask of noise would take half a second."""
    noise = np.random.default_rng(2).random((90, 160)) < 0.5
    monkeypatch.setattr(edge, "_trace", None)
    line = draw_edge(noise.astype(np.float32), outer=1, inner=0)
    assert line[noise].max() < 1
    assert 0.2 < line[~noise].mean() <= 1


@pytest.mark.parametrize("strength", [0.1, 0.35, 0.7, 1.0])
def test_the_quick_blur_is_a_gaussian(strength):
    """Working on a smaller picture must not show: compared with the same convolution at full size."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    pixels = cv2.resize(coarse, (400, 300), interpolation=cv2.INTER_NEAREST)
    alpha = np.ones((300, 400), np.float32)
    alpha[100:200, 150:250] = 0
    sigma = strength * 300 / 20

    def smooth(values):
        return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)

    inside = alpha == 1
    weighted, weight = smooth(pixels * alpha[..., None].astype(np.float64)), smooth(alpha.astype(np.float64))
    quick = Blur(strength=strength).apply(Shot(pixels, alpha))
    difference = np.abs(quick[inside] - weighted[inside] / weight[inside][:, None])
    assert difference.mean() <= 0.5  # rounding alone makes 0.25
    assert np.percentile(difference, 99.9) <= 3
    assert difference.max() <= 7  # at the frame's corners, on blocks of pure noise


def test_clean_edge_takes_the_old_background_out():
    """A red object in front of white: the mixed pixels of its edge become red, all others stay."""
    kept = make_alpha(np.pad(np.ones((40, 40), bool), 20), feather=4)
    red, white = np.array([200, 0, 0]), np.array([255, 255, 255])
    seen = np.rint(kept[..., None] * red + (1 - kept[..., None]) * white).astype(np.uint8)
    cleaned = clean_edge(seen, kept)
    band = (kept > 0.2) & (kept < 0.8)
    assert np.abs(seen[band] - red).max() > 100
    assert np.abs(cleaned[band] - red).max() <= 25
    assert np.array_equal(cleaned[kept == 1], seen[kept == 1])
    # So on black the object's edge only darkens: no trace of white is left.
    mask = np.pad(np.ones((40, 40), bool), 20)
    on_black = compose(seen, {1: mask}, [Layer(Cutout(color="#000"), (1,), feather=4)])
    assert on_black[..., 1:].max() <= 25


def test_a_layer_fills_holes_and_removes_specks_up_to_its_sizes(disc):
    """Also of a soft matte, without a ring where the hole was, and in the background alike."""
    torn = disc.copy()
    torn[55:60, 70:76] = False  # a hole of 30 px²
    torn[5:9, 5:10] = True  # a speck of 20 px²
    black, white = np.zeros((*SIZE, 3), np.uint8), np.full((*SIZE, 3), 255, np.uint8)
    for mask in (torn, cv2.GaussianBlur(torn.astype(np.float32), (5, 5), 0.8)):
        for text, frame in (("1 solid color=#fff", black), ("background solid color=#000", white)):
            as_it_is, too_small, cleaned = (
                compose(frame, {1: mask}, [parse_layer(f"{text} feather=0 {settings}")])[..., 0]
                for settings in ("", "holes=20 specks=12", "holes=40 specks=30")
            )
            assert np.array_equal(as_it_is, too_small)
            assert (cleaned[50:65, 65:81] == 255).all()
            assert (cleaned[:15, :15] == 0).all()
            far = cv2.dilate((torn != disc).astype(np.uint8), np.ones((9, 9))) == 0
            assert np.array_equal(cleaned[far], as_it_is[far])


def test_specks_of_whom_privacy_covers_are_not_left_out():
    with pytest.raises(EffectError, match=r"covers wholly: its layer takes .* no specks"):
        parse_layer("1 privacy specks=10")
    assert parse_layer("1 privacy holes=10").holes == 10
