"""How much nearer to the truth a matte comes than plain enlarging: `python -m benchmarks.matte FOLDER` prints JSON.

FOLDER holds sequences (`SEQUENCE/frames/*.jpg`, `SEQUENCE/masks/*.png`). The true mask of each 854×480 frame is reduced
to a grid, as a network would give it, and rebuilt by bilinear enlarging, by `refine`, and by `refine` and `steady`:

- `hard`: each cell says inside or outside. `soft`: each cell says how much of it is covered.
- `jitter`: a smooth random shift of the edge by about a cell, new on each frame: what a real network's masks do.

J is the intersection over union; F0 and F1 the boundary F-measure in which a boundary pixel must be hit exactly, or
within one pixel. Flicker is the mean change of alpha from one frame to the next, in hundredths, along the edges that
stand still once the frame before is moved by the optical flow: there the true mask of the frame before falls on that of
this one, so that whatever changes is the matte's own. "flicker_all" takes all edges, also where the flow is wrong.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from effects.refine import is_exact, refine
from effects.steady import steady

SIZE = (480, 854)
GRID = 256

Array = np.ndarray[Any, Any]


def read_sequence(folder: Path, count: int) -> list[tuple[Array, Array]]:
    """The first frames (H, W, 3) uint8 of a sequence with their masks (H, W) bool, both at `SIZE`."""
    shots = []
    names = sorted((folder / "frames").iterdir()), sorted((folder / "masks").iterdir())
    for frame, mask in list(zip(*names, strict=False))[:count]:
        pixels = cv2.imread(str(frame), cv2.IMREAD_COLOR_RGB)
        truth = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        assert truth is not None
        pixels = cv2.resize(pixels, SIZE[::-1], interpolation=cv2.INTER_AREA)
        truth = cv2.resize((truth > 0).astype(np.float32), SIZE[::-1], interpolation=cv2.INTER_AREA)
        shots.append((pixels, truth >= 0.5))
    return shots


def reduce(truth: Array, kind: str, random: np.random.Generator) -> Array:
    """The mask on the grid: bool for `hard`, logits otherwise."""
    covered = cv2.resize(truth.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    if kind == "hard":
        return covered >= 0.5
    if kind == "soft":
        safe = np.clip(covered, 1e-4, 1 - 1e-4)
        return np.log(safe / (1 - safe)).astype(np.float32)
    inside = (covered >= 0.5).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    distance += covered - 0.5 - np.sign(covered - 0.5) / 2  # to a fraction of a cell
    shift = cv2.GaussianBlur(random.standard_normal((GRID, GRID)).astype(np.float32), (0, 0), 4)
    return (2 * (distance + 0.8 * shift / shift.std())).astype(np.float32)


def enlarge(found: Array) -> Array:
    """What everybody does: bilinear."""
    probs = found.astype(np.float32) if found.dtype == bool else 1 / (1 + np.exp(-np.clip(found, -9, 9)))
    return cv2.resize(probs, SIZE[::-1], interpolation=cv2.INTER_LINEAR)


def boundary_f(mask: Array, truth: Array, tolerance: float) -> float:
    """The F-measure of the boundaries of two masks."""
    edges = [_boundary(mask), _boundary(truth)]
    if not edges[0].any() or not edges[1].any():
        return float(edges[0].any() == edges[1].any())
    far = [cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for edge in edges]
    precision, recall = (far[1][edges[0]] <= tolerance).mean(), (far[0][edges[1]] <= tolerance).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def _boundary(mask: Array) -> Array:
    edge = np.zeros(mask.shape, bool)
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    return edge


def flicker(before: Array, alpha: Array, flow: Array, still: Array | None = None) -> float:
    """Mean change of alpha along the edge, the frame before moved by the flow to it; only where it is `still`."""
    edge = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)) > 0
    if still is not None:
        edge &= still
    return float(np.abs(_moved(before, flow) - alpha)[edge].mean()) if edge.any() else float("nan")


def still_edges(truths: tuple[Array, Array], flow: Array) -> Array:
    """Where the true mask of the frame before, moved by the flow, has its edge within a pixel of that of this frame."""
    before, now = (each.astype(np.uint8) for each in (_moved(truths[0].astype(np.float32), flow) >= 0.5, truths[1]))
    near = [cv2.dilate(_boundary(each > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) for each in (before, now)]
    strays = (before != now) & ((near[0] == 0) | (near[1] == 0))
    edge = cv2.dilate(_boundary(now > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return edge & (cv2.dilate(strays.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0)


def _moved(before: Array, flow: Array) -> Array:
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return np.asarray(cv2.remap(before, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR))


def flows(shots: list[tuple[Array, Array]]) -> list[Array]:
    """The optical flow from each frame to the one before it."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) for pixels, _ in shots]
    return [finder.calc(now, before, np.zeros((*now.shape, 2), np.float32)) for before, now in pairwise(grey)]


def measure(shots: list[tuple[Array, Array]], mattes: list[Array], moved: list[Array]) -> list[float]:
    """J, F0, F1 in per cent, flicker along still and along all edges in hundredths, each the mean over the frames."""
    rows = []
    for alpha, (_, truth) in zip(mattes, shots, strict=True):
        mask = alpha >= 0.5
        union = (mask | truth).sum()
        rows.append([(mask & truth).sum() / max(union, 1), boundary_f(mask, truth, 0), boundary_f(mask, truth, 1)])
    changes = []
    for at, flow in enumerate(moved):
        still = still_edges((shots[at][1], shots[at + 1][1]), flow)
        changes.append([flicker(mattes[at], mattes[at + 1], flow, where) for where in (still, None)])
    return [*(100 * np.mean(rows, axis=0)), *(100 * np.nanmean(changes, axis=0))]


def steadied(mattes: list[Array], shots: list[tuple[Array, Array]], exact: list[bool]) -> list[Array]:
    """Each matte averaged with the ones before and after it, but for those that are exact already."""
    near = [[at for at in (index - 1, index + 1) if 0 <= at < len(shots)] for index in range(len(shots))]
    return [
        mattes[index]
        if exact[index]
        else steady(mattes[index], shots[index][0], [(mattes[at], shots[at][0]) for at in near[index]])
        for index in range(len(shots))
    ]


def speed(rounds: int = 20) -> dict[str, float]:
    """Median milliseconds of processor time for one person-sized object at 1280×720."""
    random = np.random.default_rng(7)
    pixels = cv2.resize(random.integers(0, 256, (45, 80, 3), dtype=np.uint8), (1280, 720))
    truth = np.zeros((720, 1280), np.uint8)
    cv2.ellipse(truth, (600, 380), (140, 300), 8, 0, 360, 1, -1)
    logits, matte = reduce(truth > 0, "soft", random), truth.astype(np.float32)
    works: dict[str, Callable[[], object]] = {
        "refine_logits": lambda: refine(pixels, logits),
        "refine_mask": lambda: refine(pixels, truth > 0),
        "steady_two_neighbours": lambda: steady(matte, pixels, [(matte, pixels)] * 2),
    }
    return {name: round(_median_ms(work, rounds), 2) for name, work in works.items()}


def _median_ms(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return 1000 * float(np.median(taken))


def main() -> None:
    """Measure every sequence below the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=12, help="of each sequence")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    found: dict[str, dict[str, list[list[float]]]] = {}
    folders = sorted(each.parent for each in given.folder.rglob("masks") if each.is_dir())
    for folder in folders:
        shots = read_sequence(folder, given.frames)
        moved = flows(shots)
        for kind in ("hard", "soft", "jitter"):
            random = np.random.default_rng(0)
            grids = [reduce(truth, kind, random) for _, truth in shots]
            refined = [refine(pixels, grid) for (pixels, _), grid in zip(shots, grids, strict=True)]
            ways = {"bilinear": [enlarge(each) for each in grids], "refine": refined}
            ways["refine_steady"] = steadied(refined, shots, [is_exact(each) for each in grids])
            for way, mattes in ways.items():
                found.setdefault(kind, {}).setdefault(way, []).append(measure(shots, mattes, moved))
    names = ("J", "F0", "F1", "flicker", "flicker_all")
    result: dict[str, dict[str, dict[str, float]]] = {
        kind: {
            way: dict(zip(names, [round(float(each), 2) for each in np.mean(rows, axis=0)], strict=True))
            for way, rows in ways.items()
        }
        for kind, ways in found.items()
    }
    facts = {
        "grid": GRID,
        "size": SIZE[::-1],
        "frames_each": given.frames,
        "sequences": [each.name for each in folders],
    }
    print(json.dumps({**facts, "quality": result, "ms_720p": speed()}, indent=1))


if __name__ == "__main__":
    main()
