"""Stickers of our own: a few pictures drawn by shapes, so that there is something to show without any file."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Layer = NDArray[Any]  # (SIDE, SIDE) float32, 0 to 1
Rgb = tuple[int, int, int]

SIDE = 512
"""How large a sticker is drawn [px]."""


class _Pad:
    """A square to draw on in units of its width, from (0, 0) to (1, 1)."""

    def __init__(self) -> None:
        self.side = SIDE
        self.color = np.zeros((self.side, self.side, 3), np.float32)
        self.alpha = np.zeros((self.side, self.side), np.float32)

    def polygon(self, points: NDArray[Any]) -> Layer:
        mask = np.zeros((self.side, self.side), np.uint8)
        cv2.fillPoly(mask, [np.round(points * self.side * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> Layer:
        turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        return self.polygon(np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1))

    def arc(self, x: float, y: float, radius: float, start: float, stop: float, width: float) -> Layer:
        """A thick arc with round ends; angles clockwise from the right [°]."""
        turn = np.radians(np.linspace(start, stop, 60))
        outer = np.stack([x + (radius + width / 2) * np.cos(turn), y + (radius + width / 2) * np.sin(turn)], axis=1)
        inner = np.stack([x + (radius - width / 2) * np.cos(turn), y + (radius - width / 2) * np.sin(turn)], axis=1)
        matte = self.polygon(np.concatenate([outer, inner[::-1]]))
        for at in (turn[0], turn[-1]):
            end = self.ellipse(x + radius * math.cos(at), y + radius * math.sin(at), width / 2, width / 2)
            matte = np.maximum(matte, end)
        return matte

    def paint(self, matte: Layer, top: Rgb, bottom: Rgb | None = None, opacity: float = 1.0) -> None:
        """Lay a colour, or one that goes over into another from top to bottom, over what is there."""
        share = np.linspace(0, 1, self.side, dtype=np.float32)[:, None, None]
        color = np.asarray(top, np.float32) * (1 - share) + np.asarray(bottom or top, np.float32) * share
        weight = matte[..., None] * np.float32(opacity)
        self.color += (color - self.color) * weight
        self.alpha = np.maximum(self.alpha, matte * np.float32(opacity))

    def border(self, width: float) -> None:
        """A white rim around everything, as a cut-out sticker has it."""
        size = 2 * round(width * self.side) + 1
        grown = cv2.dilate(self.alpha, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
        rim = cv2.GaussianBlur(grown, (0, 0), 1)
        self.color = 255 + (self.color - 255) * self.alpha[..., None]
        self.alpha = np.maximum(rim, self.alpha)

    def picture(self) -> NDArray[Any]:
        return np.asarray(cv2.convertScaleAbs(np.dstack([self.color, self.alpha * 255])))


def _face(pad: _Pad) -> None:
    pad.paint(pad.ellipse(0.5, 0.5, 0.42, 0.42), (255, 224, 92), (250, 168, 30))
    pad.paint(pad.ellipse(0.5, 0.27, 0.27, 0.14), (255, 246, 190), opacity=0.55)


def _smile(pad: _Pad) -> None:
    _face(pad)
    for x in (0.355, 0.645):
        pad.paint(pad.ellipse(x, 0.42, 0.052, 0.078), (74, 44, 22))
        pad.paint(pad.ellipse(x - 0.016, 0.39, 0.018, 0.024), (255, 255, 255))
        pad.paint(pad.ellipse(x + (x - 0.5) * 0.55, 0.56, 0.06, 0.038), (244, 112, 74), opacity=0.5)
    pad.paint(pad.arc(0.5, 0.5, 0.24, 25, 155, 0.045), (74, 44, 22))


def _cool(pad: _Pad) -> None:
    _face(pad)
    for side in (-1, 1):
        lens = np.array([(0.03, 0.0), (0.36, -0.02), (0.33, 0.13), (0.24, 0.18), (0.12, 0.17), (0.05, 0.1)])
        outline = np.stack([0.5 + side * lens[:, 0], 0.36 + lens[:, 1]], axis=1)
        pad.paint(pad.polygon(outline), (52, 56, 72), (16, 18, 26))
        shine = np.array([(0.0, 0.38), (0.07, 0.375), (0.01, 0.48), (-0.02, 0.45)])
        pad.paint(pad.polygon(shine + np.array((0.5 + side * 0.2, 0))), (190, 214, 255), opacity=0.55)
    pad.paint(pad.polygon(np.array([(0.13, 0.335), (0.87, 0.335), (0.87, 0.37), (0.13, 0.37)])), (16, 18, 26))
    pad.paint(pad.arc(0.53, 0.52, 0.2, 35, 130, 0.04), (74, 44, 22))


def _heart(pad: _Pad) -> None:
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    x = 16 * np.sin(turn) ** 3
    y = -(13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn))
    outline = np.stack([0.5 + x / 40, 0.47 + y / 40], axis=1)
    pad.paint(pad.polygon(outline), (255, 96, 120), (208, 20, 62))
    pad.paint(pad.ellipse(0.32, 0.31, 0.075, 0.055), (255, 214, 222), opacity=0.75)


def _star(pad: _Pad) -> None:
    turn = np.radians(np.arange(10) * 36 - 90)
    way = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    corners = way * np.where(np.arange(10) % 2, 0.2, 0.42)[:, None] + np.array((0.5, 0.53))
    matte = cv2.GaussianBlur(pad.polygon(corners), (0, 0), 0.022 * pad.side)
    matte = np.clip((matte - 0.42) * 14, 0, 1)  # round corners: blurred, then made hard again
    pad.paint(matte, (255, 232, 110), (248, 150, 14))
    inner = way * np.where(np.arange(10) % 2, 0.11, 0.24)[:, None] + np.array((0.5, 0.52))
    pad.paint(cv2.GaussianBlur(pad.polygon(inner), (0, 0), 0.014 * pad.side), (255, 250, 206), opacity=0.5)


def _crown(pad: _Pad) -> None:
    points = [(0.12, 0.34), (0.32, 0.5), (0.5, 0.2), (0.68, 0.5), (0.88, 0.34), (0.8, 0.76), (0.2, 0.76)]
    pad.paint(pad.polygon(np.array(points)), (255, 222, 96), (232, 146, 18))
    pad.paint(pad.polygon(np.array([(0.2, 0.68), (0.8, 0.68), (0.8, 0.79), (0.2, 0.79)])), (214, 120, 10))
    for x, y, color in ((0.12, 0.33, (236, 56, 84)), (0.5, 0.19, (64, 150, 255)), (0.88, 0.33, (236, 56, 84))):
        pad.paint(pad.ellipse(x, y, 0.052, 0.052), color)
        pad.paint(pad.ellipse(x - 0.014, y - 0.016, 0.016, 0.014), (255, 255, 255), opacity=0.8)
    for x in (0.33, 0.5, 0.67):
        pad.paint(pad.ellipse(x, 0.735, 0.034, 0.03), (72, 200, 160) if x == 0.5 else (236, 56, 84))


def _blank(pad: _Pad) -> None:
    """A face without one: to stand in for somebody."""
    pad.paint(pad.ellipse(0.5, 0.5, 0.42, 0.42), (118, 136, 168), (70, 84, 112))
    pad.paint(pad.ellipse(0.5, 0.4, 0.14, 0.15), (226, 232, 242))
    body = pad.ellipse(0.5, 0.82, 0.27, 0.25) * pad.ellipse(0.5, 0.5, 0.42, 0.42)
    pad.paint(body, (226, 232, 242), (196, 206, 224))


_DRAWN: dict[str, Callable[[_Pad], None]] = {
    "smile": _smile,
    "cool": _cool,
    "heart": _heart,
    "star": _star,
    "crown": _crown,
    "somebody": _blank,
}
STICKERS = tuple(_DRAWN)


@lru_cache(maxsize=len(_DRAWN))
def draw_sticker(name: str) -> NDArray[Any]:
    """One of `STICKERS` as (512, 512, 4) uint8 RGBA with a white rim, read-only."""
    pad = _Pad()
    _DRAWN[name](pad)
    pad.border(0.022)
    picture = pad.picture()
    picture.flags.writeable = False
    return picture
