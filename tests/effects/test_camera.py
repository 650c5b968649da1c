"""The camera's motion, and what stays on the ground by it."""

import cv2
import numpy as np
import pytest

from effects import Layer, compose
from effects.camera import STILL, is_still, measure_step, moved_points
from effects.footage import Footage
from effects.library.freeze import Freeze
from effects.library.motion_path import MotionPath
from effects.library.speed_lines import SpeedLines
from effects.library.trail import Trail
from tests.effects.moving_clip import MovingClip

SIZE = (180, 320)


def textured(seed: int = 1) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (45, 80, 3), dtype=np.uint8)
    return cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(("shift", "turn", "zoom"), [((0, 0), 0, 1), ((7, -3), 0, 1), ((-2, 5), 2, 1.02)])
def test_shift_turn_and_zoom_are_found_to_a_fraction_of_a_pixel(shift, turn, zoom):
    truth = np.vstack([cv2.getRotationMatrix2D((SIZE[1] / 2, SIZE[0] / 2), turn, zoom), (0, 0, 1)])
    truth[:2, 2] += shift
    before = textured()
    after = cv2.warpAffine(before, truth[:2], SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
    points = np.array([(40, 40), (280, 40), (160, 150)], float)
    found = measure_step(before, after)
    assert np.abs(moved_points(found, points) - moved_points(truth, points)).max() < 0.25


def test_an_object_that_moves_is_not_taken_for_the_camera():
    before, after = textured(), textured()
    thing = textured(2)[:120, :200]
    before[30:150, 40:240] = thing
    after[30:150, 49:249] = thing
    mask = np.zeros(SIZE, bool)
    mask[30:150, 40:240] = True
    assert is_still(measure_step(before, after, {1: mask}), SIZE)


def test_a_picture_without_corners_stands_still():
    plain = np.full((*SIZE, 3), 90, np.uint8)
    assert measure_step(plain, plain) is STILL
    assert measure_step(plain[:1, :1], plain[:1, :1]) is STILL


class PanningClip(MovingClip):
    """The camera moves 3 px to the right a frame, the object stands on the ground."""

    def __init__(self) -> None:
        super().__init__(SIZE, 20, step=(-3.0, 0.0))
        wide = np.random.default_rng(5).integers(40, 210, (45, 120, 3), dtype=np.uint8)
        self.wide = cv2.resize(wide, (480, SIZE[0]), interpolation=cv2.INTER_CUBIC)

    def pixels(self, index: int) -> np.ndarray:
        picture = self.wide[:, 3 * index : 3 * index + SIZE[1]].copy()
        picture[self.disc(index)] = (230, 60, 40)
        return picture


def footage_of(clip: MovingClip) -> Footage:
    return Footage(clip, (1,), lambda masks: masks[1].astype(np.float32) if 1 in masks else np.zeros(clip.size))


def test_the_way_back_undoes_the_way_there():
    footage = footage_of(PanningClip())
    assert np.allclose(footage.camera(2, 9) @ footage.camera(9, 2), np.eye(3))
    assert np.abs(moved_points(footage.camera(2, 9), np.array([(100.0, 90.0)])) - (79, 90)).max() < 0.5


@pytest.mark.parametrize("effect", [Trail(), Freeze(), MotionPath(), SpeedLines()])
def test_who_stands_on_the_ground_leaves_nothing_behind_though_the_camera_moves(effect):
    clip = PanningClip()
    pixels = clip.pixels(14)
    result = compose(pixels, clip.masks(14), [Layer(effect, (1,))], frame_index=14, time=0.56, clip=clip)
    changed = (np.abs(result.astype(int) - pixels).max(axis=2) > 40).sum()
    assert changed < 60  # at most a seam at the disc's edge


def test_frozen_copies_stay_where_the_object_was_and_behind_it():
    clip = MovingClip(SIZE, 24, step=(6.0, 1.0))
    layer = Layer(Freeze(first=2, spacing=50), (1,), feather=0)
    result = compose(clip.pixels(20), clip.masks(20), [layer], frame_index=20, time=0.8, clip=clip)
    inside = cv2.erode(clip.disc(2).astype(np.uint8), np.ones((3, 3))).astype(bool) & ~clip.disc(20)
    assert (result[inside] == (230, 60, 40)).all()
    assert np.array_equal(result[clip.disc(20)], clip.pixels(20)[clip.disc(20)])
    early = compose(clip.pixels(2), clip.masks(2), [layer], frame_index=2, clip=clip)
    assert np.array_equal(early, clip.pixels(2))


def test_a_trail_goes_on_when_the_object_is_hidden():
    clip = MovingClip(SIZE, 24, hidden=(12,), step=(6.0, 1.0))
    ground = clip.pixels(12)
    result = compose(ground, clip.masks(12), [Layer(Trail(), (1,))], frame_index=12, clip=clip)
    where = clip.disc(8) & ~clip.disc(12)
    assert (result[where] != ground[where]).any(axis=-1).mean() > 0.9
