"""Memory while a clip is tracked, ours and the peers': `python -m benchmarks.memory [--quick]`.

Every run is a process of its own, of one thread, that notes what it holds every few frames; as many run side by side as
there are cores, for what a process holds does not depend on its neighbours. Small input, because it is the growth with
the clip's length that tells the sides apart. The result goes to benchmarks/results/ and, as a plot, to docs/images/.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import RESULTS, Clip, Official, Ours, Transformers, machine, seeded_weights
from sam2_model import PRESETS, SAM2

SIZE, IMAGE_SIZE = (144, 256), 256  # of the frames, small to be made quickly, and of the network's input
MEASURED_EVERY = 20
EARLY = 100
"""The frame whose peak a long clip's is compared with: every memory is there by then."""
PLOT = Path(__file__).parents[1] / "docs" / "images" / "memory.svg"


@dataclass(frozen=True)
class Run:
    """One process.

    Attributes:
        side: ours, official or transformers.
        preset: whose sizes; the embedded model's own weights are not needed, seeded ones cost the same.
        objects: how many are tracked.
        length: of the clip [frames].
    """

    side: str
    preset: str
    objects: int
    length: int


LONG, SHORT = 2000, 400  # what grows with the clip grows evenly, so the peers need no long one
RUNS = (  # the longest first
    Run("ours", "nano", 3, LONG),
    Run("ours", "nano", 1, LONG),
    Run("transformers", "sam2.1_tiny", 1, SHORT),
    Run("official", "sam2.1_tiny", 1, SHORT),
    Run("ours", "sam2.1_tiny", 1, SHORT),
    Run("official", "sam2.1_tiny", 3, SHORT // 2),
)
QUICK = (Run("ours", "nano", 1, 60), Run("official", "sam2.1_tiny", 1, 40))


def track(run: Run) -> list[tuple[int, float, float]]:
    """Track in this process → (frame, MiB held then, largest MiB so far) every few frames.

    Two notes come before the first frame: of the network alone, and of what was taken in of the clip up front.
    """
    clip = Clip(SIZE, run.length)
    if run.preset == "nano":
        from sam2_model.weight_names import to_meta

        state = {to_meta(name): value for name, value in SAM2(PRESETS["nano"]).state_dict().items()}
    else:
        state = seeded_weights(run.preset)
    kinds = {"ours": Ours, "official": Official, "transformers": Transformers}
    side = kinds[run.side](run.preset, state, clip, IMAGE_SIZE)
    del state
    noted = [(0, resident_mib("VmRSS"), resident_mib("VmHWM"))]
    side.open()
    noted.append((0, resident_mib("VmRSS"), resident_mib("VmHWM")))
    for number in range(run.objects):
        side.click(number)
    for index in range(run.length):
        side.track(index)
        if (index + 1) % MEASURED_EVERY == 0:
            noted.append((index + 1, resident_mib("VmRSS"), resident_mib("VmHWM")))
    return noted


def resident_mib(field: str) -> float:
    """A size of this process [MiB]; Linux only. Not from getrusage: that begins with the starting process's figure."""
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(field))
    return round(int(line.split()[1]) / 1024, 1)


def measure(run: Run) -> dict[str, Any]:
    """A run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", json.dumps(asdict(run))]
    root, environment = Path(__file__).parents[1], {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root, env=environment)
    print(f"{run} is done", file=sys.stderr)
    (_, network, _), (_, opened, _), *tracked = json.loads(done.stdout.splitlines()[-1])
    peak = {frame: largest for frame, _, largest in tracked}
    early = min(EARLY, run.length // 2 // MEASURED_EVERY * MEASURED_EVERY)
    up_front = (opened - network) / run.length
    while_tracking = (peak[run.length] - peak[early]) / (run.length - early)
    return {
        **asdict(run),
        "network_mib": network,
        "frames": [0, *peak],
        "mib": [opened, *(held for _, held, _ in tracked)],
        "peak_mib": {str(early): peak[early], str(run.length): peak[run.length]},
        "peak_growth": round(peak[run.length] / peak[early], 4),
        "mib_per_frame_up_front": round(up_front, 3),
        "mib_per_frame_while_tracking": round(while_tracking, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short clips: does it work at all?")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="runs side by side")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(track(Run(**arguments.one))))
        return
    from benchmarks.plots import plot_memory

    with ThreadPoolExecutor(arguments.at_once) as together:
        runs = list(together.map(measure, QUICK if arguments.quick else RUNS))
    scale = (1024 // IMAGE_SIZE) ** 2
    what = (
        f"seeded weights, float32, input {IMAGE_SIZE} px; at 1024 px what grows with the clip is {scale} times as much"
    )
    result = {"what": what, "machine": machine(), "runs": runs}
    path = RESULTS / ("memory_quick.json" if arguments.quick else "memory.json")
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if not arguments.quick:
        PLOT.write_text(plot_memory(runs))
    summary = [{key: value for key, value in run.items() if key not in ("frames", "mib")} for run in runs]
    print(json.dumps(summary, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
