"""Tracking side by side with the official package: `python -m benchmarks.tracking [--quick]`.

One process holds both networks with equal seeded weights and gives each frame to one and then to the other, so that
whatever else the machine does hits both alike. Memory is measured in a process of its own for every side and length.
The result is written to benchmarks/results/ as JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sam2_model import Prompt, TrackingOptions, VideoPredictor, load
from sam2_model.preprocessing import to_model_input
from tests.parity import oracles

RESULTS = Path(__file__).parent / "results"
PRESET = "sam2.1_tiny"
SIZE = (540, 960)  # of the clip's frames
OPTIONS = TrackingOptions(fill_hole_area=0)  # the official package fills holes only where its CUDA extension was built
CLICKS = ((240.0, 240.0), (670.0, 180.0), (480.0, 400.0))  # one an object
SIDES = ("ours", "official")


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        image_size: side of the square input [px].
        warm_up: tracked frames before the clock runs; 7 fill the spatial memories.
        measured: tracked frames on the clock.
        object_counts: how many objects are tracked at once.
        memory_image_size: side of the square input where memory is measured; small, because many frames tell most.
        clip_lengths: for which peak memory is measured [frames]; the shortest already fills the memory bank.
    """

    image_size: int
    warm_up: int
    measured: int
    object_counts: tuple[int, ...]
    memory_image_size: int
    clip_lengths: tuple[int, ...]


FULL = Plan(
    image_size=1024, warm_up=7, measured=3, object_counts=(1, 3), memory_image_size=256, clip_lengths=(20, 60, 150)
)
QUICK = Plan(image_size=256, warm_up=7, measured=3, object_counts=(1, 3), memory_image_size=256, clip_lengths=(20, 40))


def frame(index: int) -> NDArray[np.uint8]:
    """(H, W, 3): discs that drift over a pattern; made when asked for, so that no clip lies in memory."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    waves = [np.sin(x / 37 + index / 9), np.sin(y / 29 - index / 11), np.sin((x + y) / 53)]
    pixels = np.stack([120 + 60 * wave for wave in waves], axis=-1)
    for number, (cx, cy) in enumerate(CLICKS):
        inside = (x - cx - 2 * index) ** 2 + (y - cy) ** 2 < 70**2
        pixels[inside] = np.roll((230, 70, 40), number)
    return pixels.astype(np.uint8)


def model_input(index: int, image_size: int) -> Tensor:
    """(1, 3, S, S): a frame as both sides are given it."""
    return to_model_input(frame(index), image_size, device=torch.device("cpu"), dtype=torch.float32)


def official_from(weights: Path, image_size: int) -> Any:
    """The official predictor with the weights of a file."""
    predictor = oracles.official_predictor(PRESET, image_size)
    predictor.load_state_dict(torch.load(weights, weights_only=True)["model"])
    return predictor.eval()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def measure_speed(plan: Plan, weights: Path, objects: int) -> dict[str, Any]:
    """Seconds for clicks and tracked frames with some objects, and how far the masks are apart."""
    frames = plan.warm_up + plan.measured + 1
    official = official_from(weights, plan.image_size)
    pixels = torch.cat([model_input(index, plan.image_size) for index in range(frames)])
    state = oracles.official_session(official, pixels, SIZE)
    state["cached_features"].clear()  # its first click pays for the encoder, as ours does
    ours = VideoPredictor(load(weights, image_size=plan.image_size), SIZE, frames, OPTIONS)

    clicks: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(objects):
        point, first = CLICKS[number], frame(0)
        theirs, _ = timed(
            lambda number=number, point=point: official.add_new_points_or_box(
                state, 0, number, points=np.array([point], np.float32), labels=np.array([1], np.int32)
            )
        )
        mine, _ = timed(
            lambda number=number, point=point, first=first: ours.add_prompt(number, 0, first, Prompt((point,), (1,)))
        )
        clicks["official"].append(theirs)
        clicks["ours"].append(mine)

    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    largest, changed, total = 0.0, 0, 0
    tracked = official.propagate_in_video(state)
    for index in range(frames):
        picture = frame(index)
        theirs, (_, _, logits) = timed(lambda: next(tracked))
        mine, found = timed(lambda index=index, picture=picture: ours.track(index, picture))
        if index > plan.warm_up:
            seconds["official"].append(theirs)
            seconds["ours"].append(mine)
        largest = max(largest, float((found.mask_logits - logits[:, 0]).abs().max()))
        changed += int(((found.mask_logits > 0) != (logits[:, 0] > 0)).sum())
        total += logits.numel()
        print(f"{objects} objects, frame {index}: official {theirs:.2f} s, ours {mine:.2f} s", file=sys.stderr)
    median = {side: statistics.median(values) for side, values in seconds.items()}
    return {
        "objects": objects,
        "first_click_seconds": {side: values[0] for side, values in clicks.items()},
        "next_click_seconds": {side: values[1:] for side, values in clicks.items()},
        "seconds_per_tracked_frame": median,
        "each_frame": seconds,
        "ratio_official_to_ours": median["official"] / median["ours"],
        "largest_logit_difference": largest,
        "mask_pixels_changed": changed,
        "mask_pixels": total,
    }


def track_clip(side: str, weights: Path, image_size: int, length: int) -> None:
    """Track one object through a clip with one side, in this process."""
    point = CLICKS[0]
    if side == "ours":
        ours = VideoPredictor(load(weights, image_size=image_size), SIZE, length, OPTIONS)
        ours.add_prompt(1, 0, frame(0), Prompt((point,), (1,)))
        for _ in ours.propagate((index, frame(index)) for index in range(length)):
            pass
        return
    official = official_from(weights, image_size)
    pixels = torch.zeros(length, 3, image_size, image_size)  # all up front, as its loader does
    for index in range(length):
        pixels[index] = model_input(index, image_size)[0]
    state = oracles.official_session(official, pixels, SIZE)
    official.add_new_points_or_box(state, 0, 1, points=np.array([point], np.float32), labels=np.array([1], np.int32))
    for _ in official.propagate_in_video(state):
        pass


def peak_memory() -> float:
    """Largest resident size of this process so far [MiB]; Linux only.

    Not from getrusage: its figure begins with that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure_memory(plan: Plan, weights: Path) -> dict[str, Any]:
    """Peak memory of both sides for every clip length, and its growth with the clip."""
    peaks: dict[str, list[float]] = {side: [] for side in SIDES}
    for length in plan.clip_lengths:
        for side in SIDES:
            job = [side, str(weights), str(plan.memory_image_size), str(length)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.tracking", "--one", *job],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[1],
            )
            peaks[side].append(float(done.stdout.split()[-1]))
            print(f"{side}, {length} frames: {peaks[side][-1]:.0f} MiB", file=sys.stderr)
    span = plan.clip_lengths[-1] - plan.clip_lengths[0]
    return {
        "clip_lengths": plan.clip_lengths,
        "peak_mib": peaks,
        "mib_per_further_frame": {side: (values[-1] - values[0]) / span for side, values in peaks.items()},
    }


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in ("torch", "sam2", "numpy")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small input, few frames: does it work at all?")
    parser.add_argument("--one", nargs=4, metavar=("SIDE", "WEIGHTS", "SIZE", "LENGTH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        side, weights_path, image_size, length = arguments.one
        track_clip(side, Path(weights_path), int(image_size), int(length))
        print(peak_memory())
        return
    plan = QUICK if arguments.quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        state = oracles.seeded_official(PRESET, plan.image_size).state_dict()
        weights = oracles.save_as_meta(state, Path(folder) / "sam2.1_hiera_tiny.pt")
        del state
        result = {
            "what": f"{PRESET} with seeded weights, float32, frames of {SIZE[1]}×{SIZE[0]}",
            "machine": machine(),
            "plan": asdict(plan),
            "speed": [measure_speed(plan, weights, objects) for objects in plan.object_counts],
            "memory": measure_memory(plan, weights),
        }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / ("tracking_quick.json" if arguments.quick else "tracking.json")
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
