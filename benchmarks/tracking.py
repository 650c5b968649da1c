"""Tracking side by side with Meta's package and transformers: `python -m benchmarks.tracking [--only base_plus]`.

One process holds all networks with equal seeded weights and gives each frame to one after the other, so that whatever
else the machine does hits all alike; ratios are of medians. Two frames are tracked, their memories are repeated until
the memory is as full as it gets, and the frames after that are measured. Each comparison is written to
benchmarks/results/ as soon as it is done; `--only` measures some and leaves the others as they were noted.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.peers import RESULTS, Clip, Official, Ours, Side, Transformers, machine, seeded_weights

SIZE = (540, 960)  # of the clip's frames
FULL_BANK = 16  # frames until seven spatial memories and sixteen object pointers are there


@dataclass(frozen=True)
class Race:
    """One comparison.

    Attributes:
        preset: whose sizes.
        objects: how many are tracked at once.
        sides: who takes part: ours, official, transformers, ours at 512 px, ours and official in bfloat16.
        measured: tracked frames on the clock.
    """

    preset: str
    objects: int
    sides: tuple[str, ...]
    measured: int = 3

    @property
    def name(self) -> str:
        """By which `--only` finds it."""
        return f"{self.preset}, {self.objects} object{'' if self.objects == 1 else 's'}"


PEERS, IN_BFLOAT16 = ("official", "transformers"), ("ours in bfloat16", "official in bfloat16")
RACES = (
    Race("sam2.1_tiny", 1, ("ours", *PEERS, "ours at 512", *IN_BFLOAT16)),
    Race("sam2.1_tiny", 3, ("ours", *PEERS)),
    Race("sam2.1_base_plus", 1, ("ours", *PEERS)),
)
CLICKS = 9  # the median of so many


def make_side(name: str, preset: str, state: dict[str, Tensor], clip: Clip, image_size: int) -> Side:
    """One of the sides by its name."""
    if name == "transformers":
        return Transformers(preset, state, clip, image_size)
    dtype = torch.bfloat16 if name.endswith("bfloat16") else torch.float32
    if name.startswith("official"):
        return Official(preset, state, clip, image_size, dtype)
    return Ours(preset, state, clip, image_size // 2 if name == "ours at 512" else image_size, dtype)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def run_race(race: Race, image_size: int) -> dict[str, Any]:
    """Seconds of clicks and tracked frames, their ratios, and how far the masks are apart."""
    clip = Clip(SIZE, FULL_BANK + race.measured)
    state = seeded_weights(race.preset)
    sides = {name: make_side(name, race.preset, state, clip, image_size) for name in race.sides}
    for side in sides.values():
        side.open()
    clicks: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(race.objects):
        for name, side in sides.items():
            clicks[name].append(timed(lambda side=side, number=number: side.click(number))[0])
    ours = sides["ours"]
    assert isinstance(ours, Ours)
    click, decoder = ours.click_and_decoder(CLICKS)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    changed, total = 0, 0
    largest = {peer: 0.0 for peer in PEERS if peer in sides}
    agreement = {name: 1.0 for name in sides if name.endswith("bfloat16")}
    for index in (0, 1, *range(FULL_BANK, clip.length)):
        found = {}
        clip.frame(index)  # made before the clock runs
        for name, side in sides.items():
            took, found[name] = timed(lambda side=side, index=index: side.track(index))
            if index >= FULL_BANK:
                seconds[name].append(took)
            if index == 1:
                side.repeat(1, FULL_BANK - 1)
            print(f"{race.preset}, {race.objects} objects, frame {index}: {name} {took:.2f} s", file=sys.stderr)
        for peer in largest:
            largest[peer] = max(largest[peer], float((found["ours"] - found[peer]).abs().max()))
        changed += int(((found["ours"] > 0) != (found["official"] > 0)).sum())
        total += found["ours"].numel()
        for name in agreement:
            agreement[name] = min(agreement[name], overlap(found["ours"], found[name]))
    median = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "preset": race.preset,
        "objects": race.objects,
        "first_click_seconds": {name: values[0] for name, values in clicks.items()},
        "our_click_once_features_are_there": click,
        "our_decoder_alone": decoder,
        "next_click_seconds": {name: statistics.median(values[1:]) for name, values in clicks.items() if values[1:]},
        "seconds_per_tracked_frame": median,
        "each_frame": seconds,
        "times_quicker": {
            name: {peer: median[peer] / value for peer in PEERS if peer in median}
            for name, value in median.items()
            if name.startswith("ours")
        },
        "largest_logit_difference_from": largest,
        "mask_pixels_changed": changed,
        "mask_pixels": total,
        "lowest_mask_iou_with_ours": agreement,
    }


def overlap(first: Tensor, second: Tensor) -> float:
    """IoU of the masks of two sets of logits."""
    a, b = first > 0, second > 0
    return float((a & b).sum() / (a | b).sum().clamp(min=1))


def noted(path: Path) -> list[dict[str, Any]]:
    """The comparisons of an earlier run on the same machine."""
    known = json.loads(path.read_text()) if path.exists() else {}
    return known["speed"] if known.get("machine") == machine() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small input, one frame: does it work at all?")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the comparisons whose name holds this")
    arguments = parser.parse_args()
    image_size = 512 if arguments.quick else 1024
    path = RESULTS / ("tracking_quick.json" if arguments.quick else "tracking.json")
    what = f"seeded weights, float32, frames of {SIZE[1]}×{SIZE[0]}, input {image_size} px, full memory"
    for race in [race for race in RACES if arguments.only in race.name]:
        found = run_race(replace(race, measured=1) if arguments.quick else race, image_size)
        others = [row for row in noted(path) if (row["preset"], row["objects"]) != (race.preset, race.objects)]
        result = {"what": what, "machine": machine(), "speed": sorted([*others, found], key=_place)}
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        print(json.dumps(found, indent=1, ensure_ascii=False))
        gc.collect()


def _place(row: dict[str, Any]) -> int:
    return [(race.preset, race.objects) for race in RACES].index((row["preset"], row["objects"]))


if __name__ == "__main__":
    main()
