"""The simulated user clicks where a person would."""

from __future__ import annotations

import torch

from training.clicks import corrections, depths, drawn_boxes, random_clicks


def mask_with(rows: slice, columns: slice, side: int = 16) -> torch.Tensor:
    mask = torch.zeros(1, side, side, dtype=torch.bool)
    mask[:, rows, columns] = True
    return mask


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_depth_counts_cells_to_the_outside() -> None:
    depth = depths(mask_with(slice(4, 9), slice(4, 9)))[0]
    assert depth[6, 6] == 3
    assert depth[5, 6] == 2
    assert depth[4, 4] == 1
    assert depth[3, 3] == 0


def test_the_pictures_border_is_outside() -> None:
    assert depths(mask_with(slice(0, 3), slice(0, 3)))[0, 0, 0] == 1


def test_clicks_lie_inside() -> None:
    mask = mask_with(slice(2, 6), slice(8, 14)).expand(200, -1, -1)
    points = random_clicks(mask, stride=4, gen=seeded(), deepest=0.0)
    assert float(points[:, 0].min()) >= 32
    assert float(points[:, 0].max()) < 56
    assert float(points[:, 1].min()) >= 8
    assert float(points[:, 1].max()) < 24
    assert float(points[:, 0].std()) > 3  # anywhere in it, not always one place


def test_the_deepest_place_is_clicked() -> None:
    mask = mask_with(slice(1, 10), slice(1, 10)) | mask_with(slice(12, 14), slice(12, 14))
    points = random_clicks(mask, stride=4, gen=seeded(), deepest=1.0)
    assert torch.equal((points // 4).long(), torch.tensor([[5, 5]]))


def test_a_missed_part_is_added_and_an_excess_taken_away() -> None:
    truth = mask_with(slice(2, 12), slice(2, 12))
    half = mask_with(slice(2, 12), slice(2, 5))
    point, label = corrections(half, truth, 4, seeded(), deepest=1.0)
    assert label.tolist() == [1]
    assert truth[0, int(point[0, 1] // 4), int(point[0, 0] // 4)]
    assert not half[0, int(point[0, 1] // 4), int(point[0, 0] // 4)]
    point, label = corrections(truth, half, 4, seeded(), deepest=1.0)
    assert label.tolist() == [0]


def test_the_larger_error_comes_first() -> None:
    truth = mask_with(slice(0, 8), slice(0, 8))
    predicted = mask_with(slice(0, 8), slice(0, 6)) | mask_with(slice(9, 15), slice(9, 15))
    _, label = corrections(predicted, truth, 4, seeded(), deepest=1.0)
    assert label.tolist() == [0]


def test_a_perfect_mask_is_confirmed() -> None:
    truth = mask_with(slice(2, 6), slice(2, 6))
    point, label = corrections(truth, truth, 4, seeded())
    assert label.tolist() == [1]
    assert truth[0, int(point[0, 1] // 4), int(point[0, 0] // 4)]


def test_a_hidden_object_is_confirmed_outside() -> None:
    nothing = torch.zeros(1, 16, 16, dtype=torch.bool)
    _, label = corrections(nothing, nothing, 4, seeded())
    assert label.tolist() == [0]


def test_boxes_surround_the_mask() -> None:
    mask = mask_with(slice(2, 6), slice(8, 14))
    assert drawn_boxes(mask, 4, seeded(), sloppiness=0.0).tolist() == [[32.0, 8.0, 56.0, 24.0]]
    sloppy = drawn_boxes(mask.expand(100, -1, -1), 4, seeded())
    assert float((sloppy - torch.tensor([32.0, 8.0, 56.0, 24.0])).abs().max()) <= 20
    assert bool((sloppy[:, :2] <= sloppy[:, 2:]).all())
    assert float(sloppy.min()) >= 0
    assert float(sloppy.max()) <= 64
