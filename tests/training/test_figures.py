"""J and F of masks whose figures can be worked out by hand, and where the evaluation clicks."""

from __future__ import annotations

import numpy as np
import pytest

from training.figures import boundary_accuracy, deepest_point, next_click, region_overlap


def square(top: int, left: int, side: int, size: tuple[int, int] = (100, 100)) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_j_of_two_squares() -> None:
    assert region_overlap(square(10, 10, 20), square(10, 20, 20)) == pytest.approx(200 / 600)
    assert region_overlap(square(0, 0, 0), square(0, 0, 0)) == 1
    assert region_overlap(square(10, 10, 20), square(0, 0, 0)) == 0


def test_f_forgives_what_is_within_the_tolerance_only() -> None:
    truth = square(40, 40, 20)
    assert boundary_accuracy(truth, truth) == 1
    # The diagonal is 141 px, 0.8 % of it 1.13, rounded up to 2.
    assert boundary_accuracy(square(42, 40, 20), truth) == 1
    assert boundary_accuracy(square(39, 39, 22), truth) == 1
    assert boundary_accuracy(square(10, 10, 20), truth) == 0
    assert boundary_accuracy(square(45, 40, 20), truth) < 0.8


def test_f_of_empty_masks() -> None:
    nothing = square(0, 0, 0)
    assert boundary_accuracy(nothing, nothing) == 1
    assert boundary_accuracy(nothing, square(10, 10, 5)) == 0


def test_half_a_boundary_is_half_recalled() -> None:
    truth = square(10, 10, 20) | square(60, 60, 20)
    # Precision 1, recall 1/2.
    assert boundary_accuracy(square(10, 10, 20), truth) == pytest.approx(2 / 3, rel=0.01)


def test_the_deepest_point_is_the_middle() -> None:
    assert deepest_point(square(10, 30, 21)) == (40.5, 20.5)
    with pytest.raises(ValueError, match="empty"):
        deepest_point(square(0, 0, 0))


def test_the_next_click_mends_the_largest_error() -> None:
    truth = square(20, 20, 40)
    point, label = next_click(square(20, 20, 0), truth)
    assert (label, truth[int(point[1]), int(point[0])]) == (1, True)
    point, label = next_click(truth | square(70, 70, 20), truth)
    assert label == 0
    assert 70 <= point[0] < 90
    point, label = next_click(truth, truth)
    assert label == 1
