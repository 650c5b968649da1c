"""Echoes: the object of other frames, laid over this one and behind the object itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from effects.blend import mix, plain
from effects.box import Box
from effects.camera import STILL, Motion, is_still, moved_points
from effects.canvas import NOTHING
from effects.color import Color
from effects.effect import Alpha, Drawing, Pixels, Shot


class Echo(NamedTuple):
    """The object of another frame, cut out.

    Attributes:
        pixels: (h, w, 3) uint8.
        alpha: (h, w) float32: where the object is in them.
        corner: (x, y) of the first pixel [px of this frame].
    """

    pixels: Pixels
    alpha: Alpha
    corner: tuple[int, int]

    @property
    def box(self) -> Box:
        """Where it lies in this frame."""
        height, width = self.alpha.shape
        return Box(self.corner[0], self.corner[1], self.corner[0] + width, self.corner[1] + height)


def cut_echo(shot: Shot, index: int, *, strength: float, with_camera: bool, color: Color | None = None) -> Echo | None:
    """Cut the object out of another frame; None where it is not there.

    Args:
        shot: the shot that it goes into.
        index: the other frame.
        strength: how much of it shows, 0 to 1.
        with_camera: carry it along with the ground, so that it stays where it was though the camera moves.
        color: paint it in one colour instead of its own.
    """
    seen = _uncovered(shot)
    if seen.is_empty:
        return None
    alpha = shot.footage.alpha(index)
    motion = shot.footage.camera(index, shot.index) if with_camera else STILL
    is_moved = not is_still(motion, shot.frame_size)
    box = Box.around(alpha)
    if not is_moved:
        box = box.intersected(seen)
    if box.is_empty:
        return None
    matte = alpha[box.slices] * np.float32(strength)
    pixels = shot.footage.pixels(index)[box.slices] if color is None else plain(color, box.size)
    return _carry(pixels, matte, box, motion, seen) if is_moved else Echo(pixels, matte, box.corner)


def draw_echoes(shot: Shot, echoes: Sequence[Echo]) -> Drawing:
    """Lay echoes over each other, the first at the bottom, and leave the object as it is now in front.

    Args:
        shot: a shot of the whole frame.
        echoes: only their boxes are computed.
    """
    boxes = [each.box.intersected(_uncovered(shot)) for each in echoes]
    seen = [each for each in boxes if not each.is_empty]
    if not seen:
        return NOTHING
    x0, y0 = min(each.x0 for each in seen), min(each.y0 for each in seen)
    around = Box(x0, y0, max(each.x1 for each in seen), max(each.y1 for each in seen))
    picture = shot.pixels[around.slices].copy()
    drawn = np.zeros(around.size, np.float32)
    for echo, box in zip(echoes, boxes, strict=True):
        if box.is_empty:
            continue
        here, part = box.moved(-x0, -y0).slices, box.moved(-echo.corner[0], -echo.corner[1]).slices
        matte = echo.alpha[part]
        picture[here] = mix(picture[here], echo.pixels[part], matte)
        drawn[here][matte > 0] = 1
    # Each echo is mixed in already, by its own strength; what is left to say is: behind the object.
    return Drawing(picture, cv2.multiply(drawn, 1 - shot.alpha[around.slices]), (x0, y0))


def _uncovered(shot: Shot) -> Box:
    """Where anything behind the object can be seen at all, in a shot of the whole frame."""
    frame = Box.of_frame(shot.frame_size)
    return frame if shot.full_beyond is None else shot.full_beyond.intersected(frame)


def _carry(pixels: Pixels, matte: Alpha, box: Box, motion: Motion, seen: Box) -> Echo | None:
    """Move a cut-out by a motion, at fractions of a pixel; only what then lies in the box `seen` is kept."""
    corners = np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x0, box.y1), (box.x1, box.y1)], float)
    moved = moved_points(motion, corners)
    low, high = np.floor(moved.min(axis=0)).astype(int) - 1, np.ceil(moved.max(axis=0)).astype(int) + 1
    place = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1])).intersected(seen)
    if place.is_empty:
        return None
    # Pixel middles lie at +0.5 in a frame and at 0 for OpenCV.
    shift_in = np.array([[1, 0, box.x0 + 0.5], [0, 1, box.y0 + 0.5], [0, 0, 1]])
    shift_out = np.array([[1, 0, -place.x0 - 0.5], [0, 1, -place.y0 - 0.5], [0, 0, 1]])
    matrix = (shift_out @ motion @ shift_in)[:2]
    size = place.size[::-1]
    carried = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(matte, matrix, size, flags=cv2.INTER_LINEAR)
    return Echo(np.asarray(carried), np.asarray(alpha), (place.x0, place.y0))
