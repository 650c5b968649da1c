"""On a GPU, from file to masks on the host, ours beside Meta's package: `python -m benchmarks.gpu [--only TEXT]`.

Each figure is a process of its own: a clip is decoded and tracked in the numbers that suit the hardware, after a
shorter clip for warming up and compiling. A figure is noted in benchmarks/results/gpu.json as soon as it is there, and
what is noted is not measured again, so that a run that was cut off goes on. Ends with the ratios and the roofline.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import torch
from numpy.typing import NDArray

from app.pipeline import read_ahead
from app.tracking.hardware import choose_setup, look_at_hardware
from benchmarks.peers import OPTIONS, RESULTS, machine, seeded_weights
from benchmarks.stages import arithmetic, peak_rate
from media import VideoClip
from sam2_model import PRESETS, Budget, Prompt, VideoPredictor
from sam2_model.checkpoints import build
from tests.parity import oracles

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "clips" / "bird.mp4"
WARM_UP, EARLY, COMPARED = 24, 100, 24  # frames
TINY = "sam2.1_tiny"
RELEASED = (TINY, "sam2.1_small", "sam2.1_base_plus", "sam2.1_large")
REFERENCE_GFLOP = dict(zip(RELEASED, (913, 981, 1268, 2444), strict=True))
"""A frame of one object and a full memory in the reference's arithmetic."""

Found = Iterator[NDArray[np.bool_]]
"""Masks (N, H, W) on the host, frame by frame."""


@dataclass(frozen=True)
class Run:
    """One figure.

    Attributes:
        side: ours, ours compiled (as by `--compile`), official, official compiled (its `vos_optimized`).
        preset: whose sizes.
        objects: how many are tracked at once.
        frames: length of the clip.
        limit: what the card is made to have [GiB], as if it were a smaller one; 0 for all.
    """

    side: str
    preset: str
    objects: int
    frames: int
    limit: float = 0.0

    @property
    def name(self) -> str:
        """By which it is noted."""
        small = f", {self.limit:g} GiB" if self.limit else ""
        return f"{self.side}, {self.preset}, {self.objects} objects, {self.frames} frames{small}"


SHORT, LONG, SMALL_CARD = 200, 2000, 7.0  # a card sold as 8 GB, less what the driver takes
SPEED = (
    *(Run(side, TINY, 1, SHORT) for side in ("ours", "official", "official compiled", "ours compiled")),
    *(Run(side, TINY, 10, SHORT) for side in ("ours", "official", "official compiled", "ours compiled")),
    *(Run("ours", preset, 1, SHORT) for preset in RELEASED[1:]),
    Run("ours", TINY, 9, SHORT),
)
MEMORY = (
    *(Run("ours", TINY, objects, LONG) for objects in (10, 1, 3)),
    *(Run("ours", "sam2.1_base_plus", objects, SHORT, SMALL_CARD) for objects in (1, 10)),
)


def clicks(size: tuple[int, int], count: int) -> list[tuple[float, float]]:
    """Where the objects are clicked on frame 0: in two rows across it [px]."""
    (height, width), columns = size, -(-count // 2)
    return [(width * (0.5 + number // 2) / columns, height * (0.3 + 0.4 * (number % 2))) for number in range(count)]


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly to its end."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)


def make_clip(path: Path, frames: int) -> Path:
    """The example again and again, until it has so many frames."""
    ffmpeg("-stream_loop", "-1", "-i", str(EXAMPLE), "-frames:v", str(frames), "-an", str(path))
    return path


class Ours:
    """This project, as it runs on this hardware."""

    def __init__(self, run: Run, image_size: int, device: torch.device, dtype: torch.dtype | None = None) -> None:
        setup = choose_setup(look_at_hardware())
        self.run, self.look_ahead = run, setup.look_ahead
        config = replace(PRESETS[run.preset], image_size=image_size)
        self.dtype = dtype or setup.dtype
        self.model = build(config, seeded_weights(run.preset), source="seeds", device=device, dtype=self.dtype)
        if run.side == "ours compiled":
            self.model.compile_parts()
        self.notices: list[str] = []

    def track(self, path: Path) -> Found:
        """Open the clip, click, and track through it."""
        budget = replace(Budget.suiting(self.model.device, self.model.config.image_size), look_ahead=self.look_ahead)
        with VideoClip.open(path) as clip:
            tracker = VideoPredictor(self.model, clip.size, clip.num_frames, OPTIONS, budget)
            first = clip.frame(0).pixels
            for number, point in enumerate(clicks(clip.size, self.run.objects)):
                tracker.add_prompt(number, 0, first, Prompt(points=(point,), labels=(1,)))
            numbered = ((frame.index, frame.pixels) for frame in clip.frames())
            with closing(read_ahead(numbered)) as frames:
                for found in tracker.propagate(frames):
                    yield np.stack(list(found.masks_by_id().values()))
            self.notices = tracker.notices


class Official:
    """Meta's package as its own examples use it: JPEG frames, bfloat16 by autocast."""

    def __init__(self, run: Run, image_size: int, device: torch.device) -> None:
        self.run, self.device, self.dtype = run, device, torch.bfloat16
        self.network = oracles.official_predictor(
            run.preset, image_size, device=str(device), vos_optimized=run.side == "official compiled"
        ).eval()
        self.network.load_state_dict(seeded_weights(run.preset))
        self.notices: list[str] = []

    def track(self, path: Path) -> Found:
        """Unpack the clip, take it in, click, and track through it."""
        with (
            tempfile.TemporaryDirectory() as folder,
            torch.inference_mode(),
            torch.autocast(self.device.type, torch.bfloat16),
        ):
            ffmpeg("-i", str(path), "-q:v", "2", "-start_number", "0", str(Path(folder) / "%05d.jpg"))
            state = self.network.init_state(folder)
            size = (state["video_height"], state["video_width"])
            for number, point in enumerate(clicks(size, self.run.objects)):
                points, labels = np.array([point], np.float32), np.array([1], np.int32)
                self.network.add_new_points_or_box(state, 0, number, points=points, labels=labels)
            for _, _, logits in self.network.propagate_in_video(state):
                yield (logits[:, 0] > 0).cpu().numpy()


def measure(run: Run, image_size: int, device: torch.device) -> dict[str, Any]:
    """One figure, in this process.

    Seconds of the whole clip, seconds a frame once it runs, the most memory after some frames and at the end, and how
    far the masks are from ours in float32 (Meta's also because they are of JPEGs).
    """
    on_gpu = device.type == "cuda"
    if run.limit and on_gpu:
        whole = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, run.limit * 2**30 / whole), device)
    side = (Ours if run.side.startswith("ours") else Official)(run, image_size, device)
    with tempfile.TemporaryDirectory() as folder:
        path, short = (make_clip(Path(folder) / f"{frames}.mp4", frames) for frames in (run.frames, WARM_UP))
        for _ in range(2):  # what is met for the second time is recorded (CUDA graphs)
            for _ in side.track(short):
                pass
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(device)
        began, moments, kept, peaks = time.perf_counter(), [], [], {}
        for masks in side.track(path):
            moments.append(time.perf_counter() - began)
            kept += [masks] if len(kept) < COMPARED else []
            if on_gpu and len(moments) in (EARLY, run.frames):
                peaks[str(len(moments))] = round(torch.cuda.max_memory_reserved(device) / 2**20)
        notices, dtype = side.notices, str(side.dtype).removeprefix("torch.")
        del side
        torch.backends.cudnn.allow_tf32 = False  # its convolutions would keep ten bits
        reference = Ours(replace(run, side="ours"), image_size, device, torch.float32)
        with closing(reference.track(path)) as expected:
            overlaps = [overlap(mine, theirs) for mine, theirs in zip(kept, expected, strict=False)]
    steady = moments[WARM_UP:] if len(moments) > 2 * WARM_UP else moments
    return {
        **asdict(run),
        "dtype": dtype,
        "seconds": moments[-1],
        "seconds_to_the_first_mask": moments[0],
        "seconds_per_frame": (steady[-1] - steady[0]) / (len(steady) - 1),
        "peak_mib": peaks,
        "mask_iou": {"median": statistics.median(overlaps), "lowest": min(overlaps)},
        "notices": notices,
    }


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """IoU of two sets of masks; 1 where both are empty."""
    union = int((first | second).sum())
    return float((first & second).sum() / union) if union else 1.0


def summary(runs: dict[str, dict[str, Any]], peak: float) -> dict[str, Any]:
    """Ratios, roofline and memory of the runs that are there; what is missing is left out."""
    found: dict[str, Any] = {}
    short = [row for row in runs.values() if row["frames"] <= SHORT and not row["limit"]]
    per_frame = {(row["side"], row["preset"], row["objects"]): row for row in short}
    for (side, preset, objects), row in per_frame.items():
        for ours in ("ours", "ours compiled"):
            mine = per_frame.get((ours, preset, objects))
            if side.startswith("official") and mine:
                found[f"{ours}, times quicker than {side}, {preset}, {objects} objects"] = {
                    "whole clip": row["seconds"] / mine["seconds"],
                    "tracking alone": row["seconds_per_frame"] / mine["seconds_per_frame"],
                }
        if side == "ours" and objects == 1 and preset in REFERENCE_GFLOP:
            count = sum(arithmetic(PRESETS[preset]).values())
            found[f"roofline of {preset}"] = {
                "milliseconds": 1000 * row["seconds_per_frame"],
                "at least, by our arithmetic": 1000 * count / peak,
                "at least, by the reference's": 1e12 * REFERENCE_GFLOP[preset] / peak,
                "of the measured peak": count / row["seconds_per_frame"] / peak,
            }
    one, nine, ten = (per_frame.get(("ours", TINY, count)) for count in (1, 9, 10))
    if one and nine and ten:
        tenth = (ten["seconds_per_frame"] - nine["seconds_per_frame"]) / one["seconds_per_frame"]
        found["tenth object, share of the first"] = tenth
    grown = {name: row["peak_mib"] for name, row in runs.items() if row["frames"] > EARLY and row["peak_mib"]}
    return found | {f"peak MiB, {name}": peaks for name, peaks in grown.items()}


def noted(path: Path) -> dict[str, Any]:
    """What was measured before on the same machine, else nothing."""
    known = json.loads(path.read_text()) if path.exists() else {}
    return known if known.get("machine") == machine() else {"machine": machine(), "runs": {}}


def run_all(runs: tuple[Run, ...], path: Path, options: list[str], log: Callable[[str], None]) -> dict[str, Any]:
    """Measure what is not noted yet, each in a process of its own; one that fails is told and passed by."""
    result = noted(path)
    for run in runs:
        if run.name in result["runs"]:
            continue
        log(f"{run.name} …")
        command = [sys.executable, "-m", "benchmarks.gpu", *options, "--one", json.dumps(asdict(run))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        if done.returncode:
            log(f"{run.name} failed; what it said stands above.")
            continue
        result["runs"][run.name] = json.loads(done.stdout.splitlines()[-1])
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="only the figures whose name holds this")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"), help="cpu: does it work at all?")
    parser.add_argument("--quick", action="store_true", help="short clips at 256 px: does it work at all?")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU that torch can use here; --device cpu --quick tries the program itself")
    if arguments.one:
        image_size = 256 if arguments.quick else 1024
        print(json.dumps(measure(Run(**arguments.one), image_size, device)))
        return
    runs = tuple(run for run in (*SPEED, *MEMORY) if arguments.only in run.name)
    if arguments.quick:
        runs = tuple(dict.fromkeys(replace(run, objects=min(run.objects, 2), frames=WARM_UP + 2) for run in runs))
    path = RESULTS / ("gpu_quick.json" if arguments.quick else "gpu.json")
    options = ["--device", arguments.device, *(["--quick"] if arguments.quick else [])]
    result = run_all(runs, path, options, lambda line: print(line, file=sys.stderr))
    peak = peak_rate(choose_setup(look_at_hardware()).dtype, device)
    result["peak_flop_per_second"], result["summary"] = peak, summary(result["runs"], peak)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(result["summary"], indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
