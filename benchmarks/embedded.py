"""How quick the embedded model is on a 480p clip, alone and in the whole job: `python -m benchmarks.embedded`.

The peer is the clip's own running time: above 1 the work keeps up with playback. The command line's `run`, which
renders while it tracks, is held against tracking and then rendering; `--overlap PAIRS` measures that alone. The result
is written to benchmarks/results/ as JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stdout
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Any

# As the app does, before torch is imported; app.py says why.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from numpy.typing import NDArray

from app.command_line import commands
from app.command_line.following import track_all
from app.command_line.job import Job
from app.command_line.reporter import Reporter
from app.pipeline import read_ahead
from app.projects.mask_folder import MaskFolder
from app.rendering.render import render_frames
from app.tracking.models import EMBEDDED, load_model
from benchmarks.peers import RESULTS, machine
from benchmarks.whole_job import processor_seconds
from effects import compose, parse_layer
from media import Frame, VideoClip, VideoWriter
from sam2_model import SAM2, Prompt, VideoPredictor

CLIP = Path(__file__).parents[1] / "examples" / "clips" / "bird.mp4"
CLICK = (400.0, 220.0)
ROUNDS = 3


def measure_model(model: SAM2, clip: VideoClip) -> dict[str, float]:
    """Medians over rounds: seconds of the first and the second click, tracked frames a second."""
    frames: list[NDArray[np.uint8]] = [frame.pixels for frame in clip.frames()]
    clicks, corrections, rates = [], [], []
    for _ in range(ROUNDS):
        tracker = VideoPredictor(model, clip.size, clip.num_frames)
        prompt = Prompt((CLICK,), (1,))
        clicks.append(_seconds(lambda t=tracker, p=prompt: t.add_prompt(1, 0, frames[0], p)))
        more = prompt.with_point(30, 30, 0)
        corrections.append(_seconds(lambda t=tracker, p=more: t.add_prompt(1, 0, frames[0], p)))
        seconds = _seconds(lambda t=tracker: list(t.propagate(enumerate(frames))))
        rates.append(len(frames) / seconds)
    return {
        "first_click_seconds": statistics.median(clicks),
        "next_click_seconds": statistics.median(corrections),
        "tracked_frames_per_second": statistics.median(rates),
    }


def measure_job(model: SAM2, clip: VideoClip, out: Path) -> float:
    """Frames a second of the whole job: decode, track one object, blur the background, encode."""
    layers = [parse_layer("background blur strength=0.7")]
    began = time.perf_counter()
    tracker = VideoPredictor(model, clip.size, clip.num_frames)
    tracker.add_prompt(1, 0, clip.frame(0).pixels, Prompt((CLICK,), (1,)))
    with VideoWriter(out, like=clip) as writer, closing(read_ahead(_tracked(tracker, clip))) as tracked:
        for frame, masks in tracked:
            writer.write(compose(frame.pixels, masks, layers, frame_index=frame.index), frame.time)
    return clip.num_frames / (time.perf_counter() - began)


def _tracked(tracker: VideoPredictor, clip: VideoClip) -> Iterator[tuple[Frame, dict[int, NDArray[np.bool_]]]]:
    with closing(read_ahead(clip.frames())) as frames:
        kept, coming = tee(frames)
        with closing(tracker.propagate((frame.index, frame.pixels) for frame in coming)) as tracked:
            for frame, found in zip(kept, tracked, strict=True):
                yield frame, found.masks_by_id()


def measure_overlap(folder: Path, pairs: int) -> dict[str, float]:
    """Medians over pairs taken in turn: the command line's `run`, beside tracking first and rendering then."""
    job = Job(
        CLIP,
        model="nano",
        objects=[f"id=1 frame=0 +{CLICK[0]},{CLICK[1]}"],
        layers=["background blur strength=0.7"],
        masks=folder / "masks",
        output=folder / "out.mp4",
    )
    ways: dict[str, Callable[[Job, Reporter], None]] = {"overlapped": commands.run, "in_turn": _track_then_render}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for index in range(pairs + 1):
        for name in sorted(ways, reverse=index % 2 == 0):
            before = processor_seconds()
            with redirect_stdout(io.StringIO()):
                seconds = _seconds(partial(ways[name], job, Reporter(as_json=False)))
            spent[name].append((seconds, processor_seconds() - before))
    both = list(zip(spent["overlapped"], spent["in_turn"], strict=True))[1:]  # the first warms up
    return {
        "overlapped_seconds": statistics.median(one[0] for one, _ in both),
        "in_turn_seconds": statistics.median(other[0] for _, other in both),
        "share_of_seconds": statistics.median(one[0] / other[0] for one, other in both),
        "share_of_processor_seconds": statistics.median(one[1] / other[1] for one, other in both),
    }


def _track_then_render(job: Job, report: Reporter) -> None:
    assert job.masks is not None
    assert job.output is not None
    with VideoClip.open(job.clip) as clip:
        project = job.with_layers(job.begin_project(clip.size))
        track_all(job, clip, project, job.masks, report)
        masks = MaskFolder(job.masks)
        report.follow(render_frames(clip, masks, project.layers, job.output, colors=project.rgb_colors), "render")


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--overlap", type=int, metavar="PAIRS", help="only so many pairs of `run` and one after the other"
    )
    pairs = parser.parse_args().overlap
    with tempfile.TemporaryDirectory() as folder:
        if pairs:
            print(json.dumps(measure_overlap(Path(folder), pairs), indent=1))
            return
        overlap = measure_overlap(Path(folder), ROUNDS)
    model = load_model(EMBEDDED)  # in the numbers that the app chooses here
    with VideoClip.open(CLIP) as clip, tempfile.TemporaryDirectory() as folder:
        measure_job(model, clip, Path(folder) / "warm_up.mp4")
        rates = [measure_job(model, clip, Path(folder) / f"{index}.mp4") for index in range(ROUNDS)]
        result = {
            "what": f"nano on {CLIP.name}, {clip.num_frames} frames of {clip.size[1]}×{clip.size[0]}, one object",
            "dtype": str(model.dtype),
            "machine": machine(),
            **measure_model(model, clip),
            "whole_job_frames_per_second": statistics.median(rates),
            "whole_job_times_real_time": statistics.median(rates) / float(clip.fps),
            "command_line": overlap,
        }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (RESULTS / "embedded.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
