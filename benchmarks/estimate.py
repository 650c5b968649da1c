"""How near the estimate before tracking comes to what tracking takes: `python -m benchmarks.estimate`.

Each case is a process of its own: the estimate first, then the run itself over the example clip, masks written. Within
30 % is wanted, of time and of memory. The result is written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.projects.changes import add_object, with_prompt
from app.projects.mask_folder import MaskFolder
from app.projects.project import FramePrompt, Project
from app.tracking import estimate
from app.tracking.clip_tracker import ClipTracker
from app.tracking.models import load_model
from app.tracking.passes import TrackingPass
from benchmarks.memory import resident_mib
from benchmarks.peers import RESULTS, machine, seeded_weights
from media import VideoClip
from sam2_model import PRESETS, SAM2
from sam2_model.checkpoints import build

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "clips" / "bird.mp4"
CLICKS = ((400.0, 220.0), (200.0, 120.0), (600.0, 400.0))


@dataclass(frozen=True)
class Case:
    """One run: the embedded model, or the sizes of a released one with seeded weights; objects and frames."""

    model: str
    image_size: int
    objects: int
    frames: int


CASES = (
    Case("nano", 480, 1, 80),
    Case("nano", 480, 3, 60),
    Case("sam2.1_tiny", 512, 1, 40),
    Case("sam2.1_tiny", 1024, 1, 20),
)


def load(case: Case) -> SAM2:
    """The network of a case."""
    if case.model == "nano":
        return load_model(f"nano@{case.image_size}")
    config = replace(PRESETS[case.model], image_size=case.image_size)
    return build(config, seeded_weights(case.model), source="seeds")


def measure(case: Case) -> dict[str, Any]:
    """What was estimated, and what it took."""
    model, project = load(case), Project(clip=EXAMPLE.name, model=case.model)
    for number, click in enumerate(CLICKS[: case.objects], start=1):
        project = with_prompt(add_object(project, object_id=number), FramePrompt(number, 0, (click,), (1,)))
    whole = TrackingPass(0, case.frames, 1, project.object_ids)
    with VideoClip.open(EXAMPLE) as clip, tempfile.TemporaryDirectory() as folder:
        expected = estimate.measure_pace(model, clip).estimate([whole])
        tracker = ClipTracker(model, clip, MaskFolder(Path(folder)))
        tracker.segment(project, 1, 0)
        began = estimate.time.perf_counter()
        for _ in tracker.propagate(project, whole):
            pass
        took = estimate.time.perf_counter() - began
    needed = resident_mib("VmHWM")
    assert expected.memory is not None
    return {
        **asdict(case),
        "seconds": {"estimated": expected.seconds, "needed": took, "ratio": expected.seconds / took},
        "mib": {"estimated": expected.memory, "needed": needed, "ratio": expected.memory / needed},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall", help="processor: on a busy machine")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        if arguments.clock == "processor":
            estimate.time = SimpleNamespace(perf_counter=time.process_time)
        print(json.dumps(measure(Case(**arguments.one))))
        return
    found = []
    for case in CASES:
        print(f"{case} …", file=sys.stderr)
        command = [sys.executable, "-m", "benchmarks.estimate", "--clock", arguments.clock]
        command += ["--one", json.dumps(asdict(case))]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        result = {"clock": arguments.clock, "machine": machine(), "cases": found}
        text = json.dumps(result, indent=1, ensure_ascii=False)
        (RESULTS / "estimate.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
