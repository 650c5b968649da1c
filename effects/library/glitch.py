"""Glitch: a broken signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.effect import Effect, Pixels, Shot, setting


@dataclass(frozen=True)
class Glitch(Effect):
    """Splits the colours, tears strips aside and draws scan lines, as when a signal breaks."""

    split: float = setting(8.0, low=0, high=60, unit="px", label="Colour split")
    tear: float = setting(30.0, low=0, high=200, unit="px")
    scan_lines: float = setting(0.25, low=0, high=1)
    hold: int = setting(3, low=1, high=30, unit="frames", label="Change every")

    def apply(self, shot: Shot) -> Pixels:
        """The strips are those of the whole frame, and what lies outside the target is never pulled in."""
        shifts = self._shifts(shot)
        inside = shot.alpha > 0
        is_everywhere = bool(inside.all())
        own = cv2.split(shot.pixels)
        planes = [each.copy() for each in own]
        starts = np.flatnonzero(np.diff(shifts, prepend=shifts[0] - 1))
        for top, bottom in zip(starts, [*starts[1:], len(shifts)], strict=True):
            rows = slice(top, bottom)
            for plane, source, side in zip(planes, own, (-1, 0, 1), strict=True):
                _pull(
                    plane[rows],
                    source[rows],
                    None if is_everywhere else inside[rows],
                    int(shifts[top]) + side * round(self.split),
                )
        torn = np.asarray(cv2.merge(planes))
        if self.scan_lines > 0:
            lines = slice(-shot.corner[1] % 3, None, 3)
            torn[lines] = cv2.convertScaleAbs(torn[lines], alpha=1 - 0.7 * self.scan_lines)
        return torn

    def _shifts(self, shot: Shot) -> np.ndarray:
        """How far each row of the shot is torn aside [px]."""
        height = shot.frame_size[0]
        random = np.random.default_rng(shot.index // self.hold)
        shifts = np.zeros(height, int)
        for _ in range(7):
            top, tall = random.integers(0, height), random.integers(height // 60 + 1, height // 8 + 2)
            shifts[top : top + tall] = round(self.tear * random.normal(0, 0.5))
        return shifts[shot.corner[1] : shot.corner[1] + shot.alpha.shape[0]]


def _pull(to: NDArray[Any], source: NDArray[Any], inside: NDArray[Any] | None, shift: int) -> None:
    """Move rows to the right by `shift` [px], but only the target's own pixels; elsewhere `to` stays.

    Args:
        to, source: (h, W) uint8 of one channel.
        inside: (h, W) bool, where the target is; None: everywhere.
        shift: to the left where negative [px].
    """
    width = source.shape[1]
    if shift == 0 or abs(shift) >= width:
        return
    there, here = slice(max(shift, 0), width + min(shift, 0)), slice(max(-shift, 0), width - max(shift, 0))
    if inside is None:
        to[:, there] = source[:, here]
    else:
        np.copyto(to[:, there], source[:, here], where=inside[:, here])
