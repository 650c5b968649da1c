"""Scenes: backgrounds drawn by our own formulas, still or moving, for those who have no picture at hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.backdrop import linear_share, radial_share, slope
from effects.box import Size
from effects.color import Color
from effects.effect import Pixels

SCENES = ("studio", "dusk", "night", "confetti")
MOVING_SCENES = ("aurora", "bokeh", "waves")

_TALLEST = 1080
_BOKEH: tuple[Color, ...] = ((255, 186, 96), (255, 120, 150), (120, 170, 255), (255, 226, 160))


@lru_cache(maxsize=4)
def draw_scene(name: str, size: Size) -> Pixels:
    """One of `SCENES` at a (height, width) [px], read-only."""
    # Beyond full HD nobody sees more of a scene that is mostly slopes.
    scale = min(1.0, _TALLEST / min(size))
    small = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    drawn = {"studio": _studio, "dusk": _dusk, "night": _night, "confetti": _confetti}[name](small)
    if small != size:
        drawn = np.asarray(cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_CUBIC))
    drawn.flags.writeable = False
    return drawn


def draw_moving_scene(name: str, size: Size, time: float) -> Pixels:
    """One of `MOVING_SCENES` at a (height, width) [px] and a time [s]."""
    if name == "bokeh":
        return _bokeh(size, time)
    # What is so soft is drawn at a quarter of the size.
    small = max(2, size[0] // 4), max(2, size[1] // 4)
    drawn = (_aurora if name == "aurora" else _waves)(small, time)
    return np.asarray(cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_LINEAR))


def _studio(size: Size) -> Pixels:
    height, width = size
    wall = slope(np.clip(radial_share(size) * 1.05, 0, 1), ((238, 239, 243), (206, 210, 218), (150, 156, 168)))
    floor = np.repeat(np.clip((np.arange(height)[:, None] / height - 0.74) * 6, 0, 1), width, axis=1)
    lit = slope(np.clip(radial_share(size), 0, 1), ((226, 228, 233), (176, 182, 192)))
    return _over(wall, lit, floor)


def _dusk(size: Size) -> Pixels:
    height, width = size
    sky = slope(
        linear_share(size, 90), ((38, 30, 88), (142, 58, 132), (250, 122, 98), (255, 206, 120), (255, 222, 150))
    )
    sun_x, sun_y = width * 0.68, height * 0.66
    y, x = np.ogrid[:height, :width]
    distance = np.sqrt((x - sun_x) ** 2 + (y - sun_y) ** 2).astype(np.float32) / height
    sky = _over(sky, np.full_like(sky, (255, 240, 200)), np.exp(-((distance / 0.22) ** 2)) * np.float32(0.65))
    sky = _over(sky, np.full_like(sky, (255, 248, 224)), np.clip((0.085 - distance) * height / 2, 0, 1))
    random = np.random.default_rng(4)
    for row, (level, color) in enumerate(((0.72, (128, 62, 110)), (0.8, (84, 40, 88)), (0.89, (44, 22, 58)))):
        ridge = level + sum(
            amplitude * np.sin(np.arange(width) / width * waves * 2 * np.pi + random.uniform(0, 6))
            for amplitude, waves in ((0.025, 1.3 + row), (0.012, 3.7 + row), (0.005, 9.0), (0.002, 23.0))
        )
        matte = np.clip(np.arange(height)[:, None] - ridge * height, 0, 1).astype(np.float32)
        sky = _over(sky, np.full_like(sky, color), matte)
    return sky


def _night(size: Size) -> Pixels:
    sky = slope(linear_share(size, 80), ((6, 8, 26), (16, 20, 58), (44, 36, 92)))
    height, width = size
    light = np.zeros((height, width), np.float32)
    random = np.random.default_rng(8)
    for _ in range(260):
        x, y = random.uniform(0, width), random.uniform(0, height)
        radius, glow = height * random.exponential(0.0011) + 0.4, random.uniform(0.35, 1)
        _dot(light, x, y, radius, glow)
    light = np.maximum(light, cv2.GaussianBlur(light, (0, 0), max(height / 240, 0.5)) * 1.6)
    return _over(sky, np.full_like(sky, (255, 250, 236)), np.clip(light, 0, 1))


def _confetti(size: Size) -> Pixels:
    height, width = size
    ground = slope(linear_share(size, 60), ((255, 246, 236), (255, 226, 214)))
    random = np.random.default_rng(3)
    colors = ((255, 92, 122), (255, 190, 60), (64, 190, 160), (80, 140, 255), (160, 110, 240))
    side = height * 0.022
    for at in range(170):
        x, y, turn = random.uniform(0, width), random.uniform(0, height), random.uniform(0, np.pi)
        long, wide = side * random.uniform(0.7, 1.4), side * random.uniform(0.25, 0.5)
        along, across = np.array((np.cos(turn), np.sin(turn))) * long, np.array((-np.sin(turn), np.cos(turn))) * wide
        corners = np.array([along + across, across - along, -along - across, along - across])
        corners += (x, y)
        cv2.fillPoly(ground, [np.round(corners * 16).astype(np.int32)], colors[at % 5], cv2.LINE_AA, 4)
    return ground


def _aurora(size: Size, time: float) -> Pixels:
    height, width = size
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    ground = np.array((8, 10, 30)) + np.array((10, 16, 44)) * y[..., None]
    picture = np.repeat(ground.astype(np.float32), width, axis=1)
    bands = (((60, 255, 170), 0.32, 1.0, 0.13), ((80, 150, 255), 0.5, 1.7, -0.1), ((190, 90, 255), 0.62, 1.25, 0.08))
    for color, level, waves, speed in bands:
        phase = 2 * np.pi * (x * waves + time * speed)
        crest = level + 0.1 * np.sin(phase) + 0.05 * np.sin(2.3 * phase + 1)
        above = np.clip((y - crest) * 9, -30, 30)
        glow = np.where(above > 0, np.exp(-(above**2)), np.exp(above * 0.7)) * (0.6 + 0.4 * np.sin(3 * phase + time))
        picture += (glow[..., None] * (np.array(color) * 0.75)).astype(np.float32)
    return np.asarray(cv2.convertScaleAbs(picture))


def _waves(size: Size, time: float) -> Pixels:
    height, width = size
    x = np.linspace(0, 1.6, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    field = np.sin(2.6 * x + 0.5 * time) + np.sin(3.1 * y - 0.4 * time + 1.7 * x) + np.sin(2.2 * (x + y) + 0.3 * time)
    share = np.float32(0.5) + field.astype(np.float32) * np.float32(1 / 6)
    return slope(share, ((255, 94, 120), (255, 160, 122), (255, 214, 150), (120, 200, 224), (86, 110, 220)))


def _bokeh(size: Size, time: float) -> Pixels:
    height, width = size
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = _bokeh_ground(size)
    random = np.random.default_rng(21)
    for at in range(34):
        x, y, radius = random.uniform(-0.1, 1.1), random.uniform(0, 1.2), random.uniform(0.025, 0.1)
        speed, phase, strength = random.uniform(0.01, 0.045), random.uniform(0, 6), random.uniform(0.1, 0.34)
        y = (y - time * speed) % 1.3 - 0.15
        strength *= 0.7 + 0.3 * np.sin(time * 0.9 + phase)
        x += 0.02 * np.sin(time * 0.4 + phase)
        _lay_disc(picture, x * width, y * height, radius * height, _BOKEH[at % 4], strength)
    return picture


@lru_cache(maxsize=2)
def _bokeh_ground(size: Size) -> Pixels:
    return slope(linear_share(size, 70), ((26, 18, 44), (64, 26, 62), (26, 30, 74)))


def _lay_disc(picture: Pixels, x: float, y: float, radius: float, color: Color, strength: float) -> None:
    """Add light in a disc whose rim is brighter, as a lens draws a lamp out of focus."""
    x0, y0 = max(int(x - radius) - 1, 0), max(int(y - radius) - 1, 0)
    x1, y1 = min(int(x + radius) + 2, picture.shape[1]), min(int(y + radius) + 2, picture.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    across, down = np.arange(x0, x1, dtype=np.float32) - x, np.arange(y0, y1, dtype=np.float32) - y
    distance = cv2.sqrt(across[None, :] ** 2 + down[:, None] ** 2)
    matte = np.clip(radius - distance, 0, 1) * (0.72 + 0.28 * np.clip(distance / radius, 0, 1) ** 6)
    part = picture[y0:y1, x0:x1]
    light = cv2.merge([matte * np.float32(channel * strength) for channel in color])
    picture[y0:y1, x0:x1] = cv2.add(part, light, dtype=cv2.CV_8U)


def _over(below: Pixels, above: Pixels, alpha: NDArray[Any]) -> Pixels:
    weight = np.asarray(alpha, np.float32)[..., None]
    return np.asarray(cv2.convertScaleAbs(below * (1 - weight) + above * weight))


def _dot(light: NDArray[Any], x: float, y: float, radius: float, glow: float) -> None:
    reach = int(radius) + 2
    rows = slice(max(int(y) - reach, 0), int(y) + reach + 1)
    columns = slice(max(int(x) - reach, 0), int(x) + reach + 1)
    part = light[rows, columns]
    across = np.arange(columns.start, columns.start + part.shape[1]) + 0.5 - x
    down = np.arange(rows.start, rows.start + part.shape[0]) + 0.5 - y
    matte = np.clip(radius + 0.5 - np.sqrt(across[None, :] ** 2 + down[:, None] ** 2), 0, 1) * glow
    np.maximum(part, matte.astype(np.float32), out=part)
