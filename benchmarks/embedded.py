"""How quick the embedded model is on a 480p clip, alone and in the whole job: `python -m benchmarks.embedded`.

The peer is the clip's own running time: above 1 the work keeps up with playback. The result is written to
benchmarks/results/ as JSON.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.pipeline import read_ahead
from benchmarks.peers import RESULTS, machine
from effects import compose, parse_layer
from media import VideoClip, VideoWriter
from sam2_model import SAM2, Prompt, VideoPredictor, load

CLIP = Path(__file__).parents[1] / "examples" / "clips" / "bird.mp4"
CLICK = (380.0, 280.0)
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
    with VideoWriter(out, like=clip) as writer, closing(read_ahead(_composed(tracker, clip, layers))) as composed:
        for pixels, moment in composed:
            writer.write(pixels, moment)
    return clip.num_frames / (time.perf_counter() - began)


def _composed(tracker: VideoPredictor, clip: VideoClip, layers: list[Any]) -> Iterator[tuple[NDArray[np.uint8], Any]]:
    with closing(read_ahead(clip.frames())) as frames:
        for frame in frames:
            found = tracker.track(frame.index, frame.pixels)
            yield compose(frame.pixels, found.masks_by_id(), layers, frame_index=frame.index), frame.time


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    model = load("nano")
    with VideoClip.open(CLIP) as clip, tempfile.TemporaryDirectory() as folder:
        measure_job(model, clip, Path(folder) / "warm_up.mp4")
        rates = [measure_job(model, clip, Path(folder) / f"{index}.mp4") for index in range(ROUNDS)]
        result = {
            "what": f"nano on {CLIP.name}, {clip.num_frames} frames of {clip.size[1]}×{clip.size[0]}, one object",
            "machine": machine(),
            **measure_model(model, clip),
            "whole_job_frames_per_second": statistics.median(rates),
            "whole_job_times_real_time": statistics.median(rates) / float(clip.fps),
        }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (RESULTS / "embedded.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
