"""Mattes of a clip: from logits where they belong to the mask, else from the mask; whole where one must hide."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.projects.mask_folder import MaskFolder
from app.rendering.mattes import Mattes, agree
from effects.refine import refine

SIZE = (96, 128)


def disc(index: int) -> np.ndarray:
    """(H, W) float32: an anti-aliased disc that moves by 2 px a frame."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.clip(26.5 - np.hypot(rows - 48, columns - 50 - 2 * index), 0, 1).astype(np.float32)


def picture(index: int) -> np.ndarray:
    return np.repeat((50 + 150 * disc(index)).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def masks(tmp_path: Path) -> MaskFolder:
    """Object 1 on frames 0 to 4, hidden on frame 3; its grid is coarse."""
    folder = MaskFolder(tmp_path / "masks")
    for index in range(5):
        found = disc(index) if index != 3 else np.zeros(SIZE, np.float32)
        covered = cv2.resize(found, (32, 24), interpolation=cv2.INTER_AREA)
        logits = np.where(covered > 0.5, np.float32(6), np.float32(-6))
        mask = cv2.resize(logits, SIZE[::-1]) > 0
        folder.write(1, index, mask)
        folder.write_logits(1, index, logits)
    return folder


def test_logits_come_back_to_a_sixteenth(tmp_path: Path) -> None:
    folder = MaskFolder(tmp_path)
    logits = np.random.default_rng(0).normal(0, 4, (20, 30)).astype(np.float32)
    folder.write_logits(2, 7, logits)
    assert np.abs(folder.read_logits(2, 7) - np.clip(logits, -8, 8 - 1 / 16)).max() <= 1 / 32 + 1e-6
    assert folder.read_logits(2, 8) is None
    assert folder.object_ids() == ()  # logits are no masks


def test_logits_go_with_their_mask(masks: MaskFolder) -> None:
    masks.delete(1, 0)
    assert masks.read_logits(1, 0) is None
    masks.remove(1)
    assert masks.read_logits(1, 1) is None


def test_the_matte_is_nearer_to_the_truth_than_the_mask(masks: MaskFolder) -> None:
    mattes = Mattes(masks, picture, 5)
    for index in (0, 1, 4):
        alpha = mattes.frame(index, (1,))[1]
        assert alpha.dtype == np.float32
        assert np.abs(alpha - disc(index)).sum() < 0.8 * np.abs(masks.read(1, index) - disc(index)).sum()


def test_a_hidden_object_is_hidden_and_an_unknown_one_left_out(masks: MaskFolder) -> None:
    mattes = Mattes(masks, picture, 5)
    assert mattes.frame(3, (1,))[1].max() == 0
    assert mattes.frame(0, (1, 2)).keys() == {1}
    assert mattes.frame(0, ()) == {}


def test_the_order_of_asking_changes_nothing(masks: MaskFolder) -> None:
    forwards = Mattes(masks, picture, 5)
    inorder = [forwards.frame(index, (1,))[1] for index in range(5)]
    for index in (4, 0, 2):
        assert np.array_equal(Mattes(masks, picture, 5).frame(index, (1,))[1], inorder[index])


def test_a_frame_that_is_asked_for_again_is_not_made_again_within_the_memory_that_is_given(masks: MaskFolder) -> None:
    asked: list[int] = []

    def pixels(index: int) -> np.ndarray:
        asked.append(index)
        return picture(index)

    window = 4 * 54 * 54  # of the disc: float32
    ample = Mattes(masks, pixels, 5, cache_bytes=4 * (window + 1000))  # three frames, and the finished one
    first = ample.frame(1, (1,))[1]
    asked.clear()
    assert np.array_equal(ample.frame(1, (1,))[1], first)
    assert asked == []
    ample.frame(2, (1,))
    assert sorted(asked) == [1, 2]  # to steady it; both were made for frame 1, and on 3 it is hidden

    scarce = Mattes(masks, pixels, 5, cache_bytes=1000)
    assert np.array_equal(scarce.frame(1, (1,))[1], first)
    scarce.frame(4, (1,))
    asked.clear()
    assert np.array_equal(scarce.frame(1, (1,))[1], first)
    assert asked, "frame 4 has taken the place"


def test_what_is_forgotten_is_made_anew_and_nothing_else(masks: MaskFolder) -> None:
    asked: list[int] = []

    def pixels(index: int) -> np.ndarray:
        asked.append(index)
        return picture(index)

    mattes = Mattes(masks, pixels, 5)
    first, second = (mattes.frame(index, (1,))[1] for index in (0, 1))
    mattes.forget_before(1)
    asked.clear()
    assert np.array_equal(mattes.frame(1, (1,))[1], second)
    assert asked == []
    assert np.array_equal(mattes.frame(0, (1,))[1], first)
    assert 0 in asked


def test_a_mask_that_was_replaced_wins_over_old_logits(masks: MaskFolder) -> None:
    other = np.zeros(SIZE, bool)
    other[10:40, 90:120] = True
    assert agree(masks.read(1, 0), masks.read_logits(1, 0))
    assert not agree(other, masks.read_logits(1, 0))
    masks.write(1, 0, other)
    alpha = Mattes(masks, picture, 1).frame(0, (1,))[1]
    assert alpha[20:30, 100:110].min() > 0.9
    assert alpha[48, 50] < 0.1


def test_where_one_must_hide_no_pixel_of_the_mask_is_lost(masks: MaskFolder) -> None:
    mask = masks.read(1, 1)
    assert Mattes(masks, picture, 5).frame(1, (1,))[1][mask].min() < 1
    assert Mattes(masks, picture, 5).frame(1, (1,), covers=True)[1][mask].min() == 1


def test_a_matte_that_is_exact_is_not_averaged_with_its_neighbours(masks: MaskFolder) -> None:
    """An average along the flow would only blur what each frame knows for itself."""
    for index in range(3):
        covered = np.clip(cv2.resize(disc(index), (32, 24), interpolation=cv2.INTER_AREA), 1e-4, 1 - 1e-4)
        logits = np.log(covered / (1 - covered))
        masks.write(1, index, cv2.resize(logits, SIZE[::-1]) > 0)
        masks.write_logits(1, index, logits)
    found = Mattes(masks, picture, 3).frame(1, (1,))[1]
    assert np.array_equal(found, refine(picture(1), masks.read_logits(1, 1)))
