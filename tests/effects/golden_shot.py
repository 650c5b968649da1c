"""The golden images: every effect on one small drawn picture. `python -m tests.effects.golden_shot` draws them anew."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from effects import EFFECTS, Layer, compose

FOLDER = Path(__file__).parent / "golden"
SIZE = (108, 160)
FRAME = 7


def draw_shot() -> tuple[np.ndarray, np.ndarray]:
    """A sky, a field with texture, a wall with lines, and a figure: (H, W, 3) uint8 and its mask (H, W) bool."""
    height, width = SIZE
    rows = np.linspace(0, 1, height)[:, None, None]
    sky = (1 - rows) * (90, 150, 230) + rows * (250, 220, 180)
    pixels = np.broadcast_to(sky, (height, width, 3)).copy()
    noise = cv2.resize(np.random.default_rng(5).normal(0, 1, (54, 160)).astype(np.float32), (width, height))
    pixels[70:] = (70, 120, 50) + noise[70:, :, None] * 25
    pixels[25:75, 110:150] = (150, 110, 90)
    pixels[25:75:8, 110:150] = (90, 60, 50)
    cv2.circle(pixels, (20, 18), 9, (255, 250, 220), -1)
    figure = np.zeros(SIZE, np.uint8)
    cv2.ellipse(figure, (68, 66), (17, 30), 10, 0, 360, 1, -1)
    cv2.circle(figure, (74, 30), 11, 1, -1)
    light = np.linspace(1.2, 0.6, width)[None, :, None]
    body = np.clip(np.array((200, 60, 70)) * light + noise[..., None] * 12, 0, 255)
    pixels = np.where(figure[..., None] > 0, body, pixels)
    return np.clip(pixels, 0, 255).astype(np.uint8), figure > 0


def render(name: str) -> np.ndarray:
    """Two pictures beside each other: the effect on the figure, and on the background."""
    pixels, mask = draw_shot()
    small = {1: mask}
    both = [
        compose(pixels, small, [Layer(EFFECTS[name](), target)], frame_index=FRAME, time=0.28, names={1: "Kim"})
        for target in ((1,), "background")
    ]
    return np.hstack(both)


def path(name: str) -> Path:
    """Where an effect's golden image lies."""
    return FOLDER / f"{name}.png"


def main() -> None:
    """Write the images named, or all, and remove those of effects that are gone."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or EFFECTS:
        cv2.imwrite(str(path(name)), cv2.cvtColor(render(name), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    for found in FOLDER.glob("*.png"):
        if found.stem not in EFFECTS:
            found.unlink()


if __name__ == "__main__":
    main()
