"""What is behind an object: looked up in the clip's other frames, and made up where the camera never saw it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Box
from effects.camera import Motion, follow_corners
from effects.effect import Pixels
from effects.footage import Footage

_MOST_VIEWS = 24
"""Other frames looked at, evenly over the reach."""
_BEST_VIEWS = 5
"""For each pixel so many of them are asked: those that see it and agree best with this frame around the hole."""
_WORST_MISFIT = 16.0
"""A view that fits worse than the best one by more shows another place, or the same in another light [grey levels]."""
_FEWEST_CORNERS = 8
_FINEST_HOLE = 4_000
"""Pixels of a hole that are made up at full size; a larger one is made up smaller, or every speck at its edge would be
drawn out into a streak."""
_DETAIL = 5.0
"""What is finer than this is texture, and taken from the ground beside the hole [px]."""
_NARROWEST = 16
"""A strip of ground that is narrower has no texture worth showing [px]."""

Mask = NDArray[Any]  # (h, w) uint8, 0 or 255


class Seen(NamedTuple):
    """Another frame brought over this one: its pixels, where they count, and how badly it fits around the hole."""

    pixels: Pixels
    valid: Mask
    error: float


def fill_hole(pixels: Pixels, hole: Mask, area: Box, footage: Footage, index: int, reach: int) -> Pixels:
    """Put the background into a hole.

    Args:
        pixels: (h, w, 3) uint8: what the frame shows in `area`.
        hole: (h, w) uint8 of `area`, 255 where the background is wanted.
        area: the part of the frame that is looked at; more than the hole, to compare around it.
        footage: the clip.
        index: this frame.
        reach: how many frames before and after are asked.

    Returns:
        (h, w, 3) uint8, equal to `pixels` outside the hole.
    """
    seen = sorted(_views(pixels, hole, area, footage, index, reach), key=lambda each: each.error)
    seen = [each for each in seen if each.error <= seen[0].error + _WORST_MISFIT]
    result, known = pixels.copy(), np.zeros_like(hole)
    if seen:
        middle, known = _middle(seen)
        result = np.where((hole > 0)[..., None], _tuned(middle, known, pixels, hole), pixels)
    missing = cv2.bitwise_and(hole, cv2.bitwise_not(known))
    if missing.any():
        result = _make_up(result, missing)
        detail = _texture_beside(footage.pixels(index), hole, area)
        if detail is not None:
            share = cv2.GaussianBlur(missing.astype(np.float32) / 255, (0, 0), 2.0)[..., None]
            textured = cv2.add(result, detail * share, dtype=cv2.CV_8U)
            result = np.where((hole > 0)[..., None], textured, result)
    return result


def _views(pixels: Pixels, hole: Mask, area: Box, footage: Footage, index: int, reach: int) -> Iterator[Seen]:
    """Bring other frames over this one. They lie on a grid that is the same for all frames, so that nothing jumps."""
    spacing = max(1, -(-2 * reach // _MOST_VIEWS))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    around = cv2.bitwise_not(cv2.dilate(hole, np.ones((5, 5), np.uint8)))
    corners = cv2.goodFeaturesToTrack(grey, 150, 0.01, 6, mask=around)
    for other in range(
        -(-max(0, index - reach) // spacing) * spacing, min(footage.num_frames, index + reach + 1), spacing
    ):
        if other == index:
            continue
        motion = footage.camera(index, other)
        first = _bring(footage, other, motion, area)
        if corners is not None and len(corners) >= _FEWEST_CORNERS:
            better = _correct(grey, first.pixels, corners)
            if better is not None:
                to_area = np.array([[1, 0, area.x0 + 0.5], [0, 1, area.y0 + 0.5], [0, 0, 1]])
                motion = motion @ to_area @ better @ np.linalg.inv(to_area)
                first = _bring(footage, other, motion, area)
        error = _misfit(grey, first, around)
        if error is not None:
            yield first._replace(error=error)


def _bring(footage: Footage, other: int, motion: Motion, area: Box) -> Seen:
    """Another frame as it looks from this one's place, and where it shows the background."""
    source = footage.pixels(other)
    height, width = source.shape[:2]
    taken = np.full((height, width), 255, np.uint8)
    for mask in footage.clip.masks(other).values():
        taken[cv2.dilate((mask > 0).view(np.uint8), np.ones((11, 11), np.uint8)) > 0] = 0
    shift_in = np.array([[1, 0, area.x0 + 0.5], [0, 1, area.y0 + 0.5], [0, 0, 1]])
    shift_out = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    matrix = (shift_out @ motion @ shift_in)[:2]
    size = area.size[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(source, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    valid = cv2.warpAffine(taken, matrix, size, flags=flags)
    return Seen(np.asarray(laid), np.where(valid == 255, 255, 0).astype(np.uint8), 0.0)


def _correct(grey: NDArray[Any], laid: Pixels, corners: NDArray[Any]) -> Motion | None:
    """What is left of the motion around the hole, where the ground lies at another depth than the whole picture's."""
    other = cv2.cvtColor(laid, cv2.COLOR_RGB2GRAY)
    corners, followed = follow_corners(grey, np.asarray(other), corners, levels=3)
    if len(corners) < _FEWEST_CORNERS:
        return None
    matrix, agree = cv2.estimateAffine2D(corners, followed, method=cv2.RANSAC, ransacReprojThreshold=1.5)
    if matrix is None or agree.sum() < max(_FEWEST_CORNERS, 0.3 * len(corners)):
        return None
    # A piece of ground seen a moment later is neither bent nor half as large.
    stretch = np.linalg.svd(matrix[:, :2], compute_uv=False)
    return np.vstack([matrix, (0, 0, 1)]) if stretch[1] > 0.7 and stretch[0] < 1.4 else None


def _misfit(grey: NDArray[Any], seen: Seen, around: Mask) -> float | None:
    """Mean difference around the hole [grey levels]; None where the view shows nothing there."""
    compared = cv2.bitwise_and(around, seen.valid)
    if cv2.countNonZero(compared) < 64:
        return None
    other = cv2.cvtColor(seen.pixels, cv2.COLOR_RGB2GRAY)
    difference = cv2.absdiff(cv2.blur(grey, (5, 5)), cv2.blur(other, (5, 5)))
    return float(cv2.mean(difference, compared)[0])


def _middle(seen: list[Seen]) -> tuple[Pixels, Mask]:
    """At each pixel the median of the best views that show it, and where any of them does; `seen`: the best first."""
    count = np.zeros(seen[0].valid.shape, np.intp)
    values = np.full((_BEST_VIEWS, *seen[0].pixels.shape), 255, np.uint8)
    for each in seen:
        rows, columns = np.nonzero((each.valid > 0) & (count < _BEST_VIEWS))
        values[count[rows, columns], rows, columns] = each.pixels[rows, columns]
        count[rows, columns] += 1
    values.sort(axis=0)  # what was not filled lies at the end
    place = np.maximum(count - 1, 0) // 2
    middle = np.take_along_axis(values, np.repeat(place[None, ..., None], 3, axis=3), axis=0)[0]
    return middle, np.where(count > 0, 255, 0).astype(np.uint8)


def _tuned(fill: Pixels, known: Mask, pixels: Pixels, hole: Mask) -> Pixels:
    """The fill in this frame's light: what it differs by around the hole is spread into it."""
    around = ((known > 0) & (hole == 0)).astype(np.float32)
    if around.sum() < 64:
        return fill
    scale = min(1.0, 96 / max(fill.shape[:2]))
    size = max(1, round(fill.shape[1] * scale)), max(1, round(fill.shape[0] * scale))
    # Edges that do not quite meet tell nothing of the light.
    difference = np.clip(pixels.astype(np.float32) - fill, -24, 24) * around[..., None]
    weight = cv2.resize(around, size, interpolation=cv2.INTER_AREA)
    spread = cv2.resize(difference, size, interpolation=cv2.INTER_AREA)
    for sigma in (3.0, 9.0, 27.0):  # from nearby where there is something, else from further away
        near, much = cv2.GaussianBlur(spread, (0, 0), sigma), cv2.GaussianBlur(weight, (0, 0), sigma)
        empty = (weight < 0.2)[..., None]
        spread = np.where(empty, near, spread)
        weight = np.where(empty[..., 0], much, weight)
    light = cv2.resize(spread / np.maximum(weight, 1e-3)[..., None], fill.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(fill, light, dtype=cv2.CV_8U))


def _make_up(pixels: Pixels, missing: Mask) -> Pixels:
    """Continue the surroundings into what no frame shows."""
    if (missing > 0).all():
        return pixels
    scale = min(1.0, (_FINEST_HOLE / cv2.countNonZero(missing)) ** 0.5)
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small_hole = np.where(cv2.resize(missing, size, interpolation=cv2.INTER_AREA) > 0, 255, 0).astype(np.uint8)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    # Of a single row or column OpenCV reads past its end, and fills in what happens to lie there.
    beside = 0, int(size[1] == 1), 0, int(size[0] == 1)
    wide, wide_hole = (cv2.copyMakeBorder(each, *beside, cv2.BORDER_REPLICATE) for each in (small, small_hole))
    made = cv2.inpaint(wide, wide_hole, 4, cv2.INPAINT_TELEA)[: size[1], : size[0]]
    if scale < 1:
        made = cv2.resize(made, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.where((missing > 0)[..., None], made, pixels)


def _texture_beside(frame: Pixels, hole: Mask, area: Box) -> NDArray[Any] | None:
    """The fine structure of the ground beside the hole that looks most like its surroundings, (h, w, 3) float32.

    Args:
        frame: (H, W, 3) uint8, the whole frame.
        hole: (h, w) uint8 of `area`.
    """
    inner = Box.around(hole)
    target = inner.moved(area.x0, area.y0)
    rows, columns = frame.shape[:2]
    strips = (
        Box(max(target.x0 - target.size[1], 0), target.y0, target.x0, target.y1),
        Box(target.x1, target.y0, min(target.x1 + target.size[1], columns), target.y1),
        Box(target.x0, max(target.y0 - target.size[0], 0), target.x1, target.y0),
        Box(target.x0, target.y1, target.x1, min(target.y1 + target.size[0], rows)),
    )
    wide = [each for each in strips if min(each.size) >= _NARROWEST]
    if not wide:
        return None
    wanted = np.array(cv2.mean(frame[area.slices], cv2.bitwise_not(hole))[:3])
    chosen = min(wide, key=lambda each: float(np.abs(np.array(cv2.mean(frame[each.slices])[:3]) - wanted).sum()))
    strip = frame[chosen.slices].astype(np.float32)
    fine = np.clip(strip - cv2.GaussianBlur(strip, (0, 0), _DETAIL), -40, 40)
    # A strip that is smaller than the hole goes on in its own mirror.
    missing = [max(0, wanted - has) for wanted, has in zip(inner.size, chosen.size, strict=True)]
    tiled = np.pad(fine, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    detail = np.zeros((*hole.shape, 3), np.float32)
    detail[inner.slices] = tiled[: inner.size[0], : inner.size[1]]
    return detail
