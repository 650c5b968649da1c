"""How long each effect takes on one 720p frame: `python -m benchmarks.effects` prints JSON.

Everything `compose` does is counted: matte, effect, mixing. One thread of OpenCV, so that the figure is for one core.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from typing import Any

import cv2
import numpy as np

from effects import EFFECTS, compose, parse_layer

HEIGHT, WIDTH = 720, 1280
ROUNDS = 15


def make_frame() -> tuple[np.ndarray, np.ndarray]:
    """A noisy frame and a person-sized ellipse, a seventh of the frame."""
    random = np.random.default_rng(7)
    small = random.integers(0, 256, (45, 80, 3), dtype=np.uint8)
    pixels = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (600, 380), (140, 300), 8, 0, 360, 1, -1)
    return pixels, mask.astype(bool)


def measure(text: str, pixels: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """Median milliseconds of one `compose` with one layer."""
    layer = parse_layer(text)
    taken = []
    for _ in range(ROUNDS + 2):
        started = time.perf_counter()
        compose(pixels, {1: mask}, [layer], frame_index=0)
        taken.append((time.perf_counter() - started) * 1000)
    median = statistics.median(taken[2:])  # the first two warm caches
    return {"layer": text, "ms": round(median, 2), "frames_per_second": round(1000 / median, 1)}


def main() -> None:
    """Measure every effect on the background, on an object and on everything."""
    cv2.setNumThreads(1)
    pixels, mask = make_frame()
    layers = [f"{target} {name}" for name in EFFECTS for target in ("background", "1", "everything")]
    results = [measure(text, pixels, mask) for text in layers]
    print(
        json.dumps(
            {
                "size": [WIDTH, HEIGHT],
                "threads": 1,
                "machine": platform.processor() or platform.machine(),
                "python": platform.python_version(),
                "opencv": cv2.__version__,
                "slowest_frames_per_second": min(each["frames_per_second"] for each in results),
                "results": results,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
