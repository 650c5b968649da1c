"""Privacy: the object is covered so that nobody can tell who or what it is, on doubtful frames too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.blend import plain
from effects.box import Box, Size
from effects.canvas import NOTHING
from effects.doubts import is_shrunk
from effects.effect import Drawing, Effect, Pixels, Shot, setting
from effects.path import Path, Sighting

_MOST_BLOCKS = 6
"""Blocks across the object: what is coarser than this cannot be brought back, by sharpening or from many frames."""
_DRIFT = 0.012
"""By how much the cover of an object that is out of sight grows a frame, as a share of its size."""


@dataclass(frozen=True)
class Privacy(Effect):
    """Covers the object so that it cannot be told: solid or in coarse blocks, also while its track is lost.

    It fails safe. The cover is larger than the mask and holds what the neighbouring frames found. Between two sightings
    it covers the way from one to the other; on frames that were never tracked, or after the last sighting for `hold`,
    it stays where the object was and grows. Before you publish anything look at the frames that `effects.doubts` lists.
    """

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    covers_wholly: ClassVar[bool] = True
    looks_around: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    style: str = setting("blocks", choices=("blocks", "solid"))
    margin: float = setting(14.0, low=4, high=200, unit="px", label="Larger than the object by")
    block: int = setting(28, low=16, high=200, unit="px", label="Smallest block")
    color: str = setting("#101014")
    hold: float = setting(1.5, low=0, high=60, unit="s", label="Stay after it is gone")

    def apply(self, shot: Shot) -> Drawing:
        cover = self._cover(shot)
        if cover is None:
            return NOTHING
        cell = self._cell(shot)
        box = Box.around(cover)
        if self.style == "solid":
            near = box.grown(3).clipped(cover.shape)
            # The edge fades outwards only.
            soft = cv2.GaussianBlur(cv2.dilate(cover[near.slices], np.ones((3, 3), np.uint8)), (0, 0), 0.8)
            alpha = np.maximum(soft, cover[near.slices]).astype(np.float32) / np.float32(255)
            return Drawing(plain(shot.paint(self.color), near.size), alpha, (near.x0, near.y0))
        x, y = shot.corner
        near = box.moved(x, y).snapped(cell).moved(-x, -y).clipped(cover.shape)
        touched = _enlarge(_most_of_blocks(cover[near.slices], cell) > 0, cell, near.size)
        return Drawing(_blocks(shot.pixels[near.slices], cell), touched.astype(np.float32), (near.x0, near.y0))

    def _cell(self, shot: Shot) -> int:
        """The size of a block [px]: the same on every frame, or different grids would together tell more than one."""
        seen = [each for each in shot.footage.path().sightings if each is not None]
        largest = max((max(each.width, each.height) for each in seen), default=0.0)
        return max(self.block, math.ceil(largest / _MOST_BLOCKS))

    def _cover(self, shot: Shot) -> NDArray[Any] | None:
        """(H, W) uint8, 255 where is covered; None where nothing is."""
        cover = (shot.alpha > 0.02).astype(np.uint8) * 255
        extra = 0.0
        ids = shot.footage.object_ids
        if ids is not None and shot.footage.num_frames > 1:
            # What moves is blurred over the place where it was and where it will be.
            for index in (shot.index - 1, shot.index + 1):
                _add_masks(cover, shot, ids, index)
            path = shot.footage.path()
            if path.at(shot.index) is None or is_shrunk(path, shot.index):
                extra = self._add_last_known(cover, shot, path, ids)
        box = Box.around(cover)
        if box.is_empty:
            return None
        grown = self.margin + extra
        near = box.grown(math.ceil(grown) + 1).clipped(cover.shape).slices
        distance = cv2.distanceTransform(255 - cover[near], cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        cover[near][distance <= grown] = 255
        return cover

    def _add_last_known(self, cover: NDArray[Any], shot: Shot, path: Path, ids: tuple[int, ...]) -> float:
        """Cover where the object was and will be, and all that lies between; returns by how much to grow it [px]."""
        before, after = _nearest(path, shot.index, -1), _nearest(path, shot.index, 1)
        known = [index for index in (before, after) if index is not None]
        if not known:
            return 0.0
        away = min(abs(index - shot.index) for index in known)
        is_between = before is not None and after is not None
        if not is_between and path.was_tracked(shot.index) and away > self.hold * shot.footage.fps:
            return 0.0  # it was looked for and is gone
        held = np.zeros_like(cover)
        for index in known:
            _add_masks(held, shot, ids, index)
        points = cv2.findNonZero(held)
        if points is not None:
            cv2.fillConvexPoly(held, cv2.convexHull(points), 255)
            np.maximum(cover, held, out=cover)
        sizes = [max(each.width, each.height) for each in (path.at(index) for index in known) if each is not None]
        return _DRIFT * away * max(sizes, default=0.0)


def _nearest(path: Path, index: int, step: int) -> int | None:
    """The nearest frame on that side where the object was found whole."""
    found: Sighting | None = None
    while found is None:
        index += step
        if not 0 <= index < len(path.sightings):
            return None
        found = None if is_shrunk(path, index) else path.sightings[index]
    return index


def _add_masks(cover: NDArray[Any], shot: Shot, ids: tuple[int, ...], index: int) -> None:
    """Cover what these objects cover on another frame; `cover` is of the shot, the masks of the frame."""
    if not 0 <= index < shot.footage.num_frames:
        return
    (x, y), (height, width) = shot.corner, cover.shape
    masks = shot.footage.clip.masks(index)
    for object_id in ids:
        if object_id in masks:
            cover[masks[object_id][y : y + height, x : x + width] > 0] = 255


def _most_of_blocks(cover: NDArray[Any], cell: int) -> NDArray[Any]:
    """The most of each block."""
    padded = np.pad(cover, ((0, -cover.shape[0] % cell), (0, -cover.shape[1] % cell)))
    rows, columns = padded.shape[0] // cell, padded.shape[1] // cell
    return padded.reshape(rows, cell, columns, cell).max(axis=(1, 3))


def _enlarge(blocks: NDArray[Any], cell: int, size: Size) -> NDArray[Any]:
    return blocks.repeat(cell, axis=0).repeat(cell, axis=1)[: size[0], : size[1]]


def _blocks(pixels: Pixels, cell: int) -> Pixels:
    """Each block in its average colour."""
    height, width = pixels.shape[:2]
    below, right = -height % cell, -width % cell
    padded = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REPLICATE)
    small = cv2.resize(padded, ((width + right) // cell, (height + below) // cell), interpolation=cv2.INTER_AREA)
    return _enlarge(np.asarray(small), cell, (height, width))
