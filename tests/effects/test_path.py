"""Paths: what is measured of a mask, and smoothing that neither lags nor jumps over absences."""

import numpy as np
import pytest

from effects.path import Path, Sighting, join_sightings, sight


def straight(num_frames: int, *, speed: float = 7.0, noise: float = 0.0) -> list[Sighting]:
    random = np.random.default_rng(2)
    found = []
    for index in range(num_frames):
        x, y = 10 + speed * index, 40 - 0.5 * index
        x, y = x + random.normal(0, noise), y + random.normal(0, noise)
        found.append(Sighting(x - 5, y - 4, x + 5, y + 4, x, y, 80.0 + index))
    return found


def centers(path: Path) -> np.ndarray:
    return np.array([(each.x, each.y) for each in path.sightings])


def test_a_mask_is_measured_to_the_pixel():
    mask = np.zeros((20, 30), bool)
    mask[4:8, 10:20] = True
    assert sight(mask) == Sighting(10, 4, 20, 8, 15, 6, 40)
    assert sight(np.zeros((20, 30), bool)) is None
    assert sight(mask).middle == (15, 6)


def test_several_objects_are_one():
    left, right = Sighting(0, 0, 2, 2, 1, 1, 4), Sighting(8, 4, 12, 6, 10, 5, 8)
    assert join_sightings([left, None, right]) == Sighting(0, 0, 12, 6, 7, pytest.approx(11 / 3), 12)
    assert join_sightings([None]) is None


@pytest.mark.parametrize("frames", [0.7, 3, 12, 100])
def test_what_moves_evenly_is_left_where_it_is_even_at_the_ends(frames):
    """The proof that nothing lags: an average would be behind, and at both ends beside, the object."""
    path = Path(straight(60))
    assert np.abs(centers(path.smoothed(frames)) - centers(path)).max() < 1e-6


def test_jitter_goes():
    exact, noisy = Path(straight(120)), Path(straight(120, noise=3.0))
    before = np.diff(centers(noisy) - centers(exact), 2, axis=0).std()
    after = np.diff(centers(noisy.smoothed(6)) - centers(exact), 2, axis=0).std()
    assert after < before / 50
    assert np.abs(centers(noisy.smoothed(6)) - centers(exact)).mean() < 1.2


def test_smoothing_is_the_same_forwards_and_backwards():
    noisy = straight(50, noise=3.0)
    backwards = Path(noisy[::-1]).smoothed(5)
    assert np.allclose(centers(Path(noisy).smoothed(5)), centers(backwards)[::-1])


def test_an_absence_stays_one_and_what_comes_back_elsewhere_begins_anew():
    first, second = straight(20), [each._replace(x=each.x + 500) for each in straight(20)]
    path = Path([*first, *[None] * 8, *second]).smoothed(4)
    assert [each is None for each in path.sightings] == [False] * 20 + [True] * 8 + [False] * 20
    assert path.at(19).x == pytest.approx(first[-1].x)
    assert path.at(28).x == pytest.approx(second[0].x)


def test_a_short_gap_is_moved_across():
    found = straight(20)
    path = Path([*found[:9], None, None, *found[11:]])
    assert path.at(9) is None
    assert [path.smoothed(4).at(index).x for index in (8, 9, 10)] == pytest.approx([10 + 7 * at for at in (8, 9, 10)])
    ends = Path([None, None, *found[:6], None]).smoothed(4)
    assert [each is None for each in ends.sightings] == [True, True, *[False] * 6, True]


def test_beyond_the_clip_s_ends_its_first_and_last_frame_stand():
    path = Path(straight(5))
    assert path.at(-3) == path.at(0)
    assert path.at(99) == path.at(4)


def test_nothing_anywhere_can_be_smoothed_too():
    assert Path([None, None]).smoothed(3).sightings == [None, None]
    assert Path(straight(1)).smoothed(3).at(0) == pytest.approx(straight(1)[0])
