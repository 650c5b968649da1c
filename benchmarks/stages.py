"""Where a tracked frame's time goes: `make profile`, or `python -m benchmarks.stages [--model NAME] [--device cuda]`.

Prints the time of each stage beside its arithmetic, and the fraction of this machine's best rate for matrix products.
On a CPU that is processor time, of all threads together, which other programs do not falsify; on a GPU the clock's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers import Clip, Ours
from sam2_model import PRESETS, SAM2, SAM2Config
from sam2_model.memory_bank import FrameMemory, Recall
from sam2_model.products import linear
from sam2_model.weight_names import to_meta

SIZE, FULL_BANK, ROUNDS = (540, 960), 16, 3
STAGES = {
    "encode_image": "image encoder",
    "condition": "memory attention",
    "decode": "prompt encoder and decoder",
    "encode_memory": "memory encoder",
}
"""The model's methods, and what they are called."""


def peak_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second of matrix products, the best of many of two sizes."""
    clock, best = clock_of(device), 0.0
    for side in (512, 1024) if device.type == "cpu" else (4096, 8192):
        x, weight = (torch.randn(side, side, dtype=dtype, device=device) for _ in range(2))
        for _ in range(60):
            began = clock()
            linear(x, weight)
            best = max(best, 2 * side**3 / (clock() - began))
    return best


def clock_of(device: torch.device) -> Callable[[], float]:
    """Seconds of the processor where the network runs on it; else of the clock, once the device is done."""
    if device.type == "cpu":
        return time.process_time

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        elif device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()

    return now


def arithmetic(config: SAM2Config) -> dict[str, int]:
    """Floating-point operations of each stage for one object and a full memory, counted without computing anything."""
    count: dict[str, int] = {}

    def counted(stage: str, work: Callable[[], Any]) -> Any:
        with FlopCounterMode(display=False) as counter:
            result = work()
        count[stage] = counter.get_total_flops()
        return result

    walk_through(config, counted)
    return count


def walk_through(
    config: SAM2Config,
    run: Callable[[str, Callable[[], Any]], Any],
    prepare: Callable[[SAM2], Any] | None = None,
) -> None:
    """A frame of one object with a full memory, on tensors without values.

    Args:
        config: the network's sizes.
        run: is given each stage's name and what it does, and gives back what that gives.
        prepare: is shown the network first.
    """
    # Whether clicks are drawn changes nothing for a tracked frame, and cannot be asked of tensors without values.
    with torch.device("meta"):
        model = SAM2(replace(config, dense_clicks=False, refines_last_mask=False)).eval().requires_grad_(False)
        if prepare is not None:
            prepare(model)
        pixels = torch.zeros(1, 3, config.image_size, config.image_size, dtype=model.wide_dtype)
        low_res = torch.zeros(1, 1, config.low_res_size, config.low_res_size)
        features = torch.zeros(1, config.memory_dim, config.grid_size, config.grid_size, dtype=torch.bfloat16)
        score = torch.zeros(1, 1)
        memory = FrameMemory(0, features, torch.zeros(1, config.model_dim), low_res, score)
        recall = Recall([(memory, 0)] * config.memory_frames, [(memory, 1)] * config.pointer_frames)
    seen = run("encode_image", lambda: model.encode_image(pixels))
    conditioned = run("condition", lambda: model.condition(seen.low, [recall]))
    run("decode", lambda: model.decode(seen, conditioned, None))
    run("encode_memory", lambda: model.encode_memory(seen.low, low_res, score, binarize=False))


class Stopwatch:
    """Times the model's methods by standing in their place."""

    def __init__(self, model: SAM2) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.clock = clock_of(model.device)
        for name in (*STAGES, "begin"):
            owner: Any = model.memory_attention if name == "begin" else model
            setattr(owner, name, self._timing("condition" if name == "begin" else name, getattr(owner, name)))

    def _timing(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = self.clock()
            result = work(*args, **kwargs)
            self.seconds[stage] += self.clock() - began
            return result

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="sam2.1_tiny", choices=tuple(PRESETS))
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda", "mps"))
    arguments = parser.parse_args()
    config, dtype, device = PRESETS[arguments.model], getattr(torch, arguments.dtype), torch.device(arguments.device)
    clip = Clip(SIZE, FULL_BANK + ROUNDS)
    torch.manual_seed(0)
    state = {to_meta(name): value for name, value in SAM2(config).state_dict().items()}
    ours = Ours(config.name, state, clip, config.image_size, dtype, device)
    ours.click(0)
    ours.track(0)
    ours.track(1)
    ours.repeat(1, FULL_BANK - 1)
    watch, rounds, peak = Stopwatch(ours.predictor.model), [], peak_rate(dtype, device)
    for index in range(FULL_BANK, clip.length):
        clip.frame(index)  # made before the clock runs
        watch.seconds.clear()
        began, on_the_clock = watch.clock(), time.perf_counter()
        ours.track(index)
        rounds.append({**watch.seconds, "all": watch.clock() - began, "clock": time.perf_counter() - on_the_clock})
    peak, count = max(peak, peak_rate(dtype, device)), arithmetic(config)  # also here: a machine has its moods
    unit = "GFLOP in a second of one thread" if device.type == "cpu" else "GFLOP/s"
    print(f"{config.name}, {arguments.dtype}, {torch.get_num_threads()} threads, best rate {peak / 1e9:.0f} {unit}")
    print(f"{'stage':28}{'seconds':>9}{'share':>8}{'GFLOP':>9}{'GFLOP/s':>9}{'of peak':>9}")
    whole = statistics.median(each["all"] for each in rounds)
    for stage, name in STAGES.items():
        took = statistics.median(each[stage] for each in rounds)
        rate = count[stage] / took
        print(f"{name:28}{took:9.3f}{took / whole:8.0%}{count[stage] / 1e9:9.1f}{rate / 1e9:9.0f}{rate / peak:9.0%}")
    rest = statistics.median(each["all"] - sum(each[stage] for stage in STAGES) for each in rounds)
    print(f"{'the rest':28}{rest:9.3f}{rest / whole:8.0%}")
    total, waited = sum(count.values()), statistics.median(each["clock"] for each in rounds)
    rate = total / whole
    print(f"{'whole frame':28}{whole:9.3f}{1:8.0%}{total / 1e9:9.1f}{rate / 1e9:9.0f}{rate / peak:9.0%}")
    print(f"A frame takes {waited:.3f} s on the clock.")


if __name__ == "__main__":
    main()
