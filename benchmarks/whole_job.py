"""The whole job beside a script one would write around Meta's package: `python -m benchmarks.whole_job [--quick]`.

Clip in, one object tracked, its background blurred, mp4 out. The script unpacks JPEG frames with ffmpeg, tracks with
the official predictor, composes with OpenCV and pipes to ffmpeg. The clock starts after the imports.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np
import torch

from benchmarks.peers import RESULTS, machine, seeded_weights
from tests.parity import oracles

EXAMPLE = Path(__file__).parents[1] / "examples" / "clips" / "bird.mp4"
PRESET, SIZE, CLICK = "sam2.1_tiny", (720, 1280), (570, 420)


def make_clip(path: Path, frames: int) -> None:
    """The example's first frames at 1280×720."""
    ffmpeg("-i", str(EXAMPLE), "-frames:v", str(frames), "-s", f"{SIZE[1]}x{SIZE[0]}", "-an", str(path))


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly to its end."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True)


def ours(weights: Path, clip: Path, out: Path) -> dict[str, float]:
    """The command line's `run`, in this process; the seconds that the model took of it."""
    from app import commands
    from app.job import Job
    from app.reporter import Reporter
    from sam2_model import VideoPredictor

    in_model = 0.0

    def timing(work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            nonlocal in_model
            began = time.perf_counter()
            result = work(*args, **kwargs)
            in_model += time.perf_counter() - began
            return result

        return timed

    VideoPredictor.add_prompt = timing(VideoPredictor.add_prompt)  # type: ignore[method-assign]
    VideoPredictor.track = timing(VideoPredictor.track)  # type: ignore[method-assign]
    job = Job(
        clip,
        model=str(weights),
        objects=[f"id=1 frame=0 +{CLICK[0]},{CLICK[1]}"],
        layers=["background blur strength=0.7"],
        output=out,
    )
    began = time.perf_counter()
    commands.run(job, Reporter(as_json=False))
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "share_outside_the_model": 1 - in_model / seconds}


def script(weights: Path, clip: Path, out: Path) -> dict[str, float]:
    """What one would write around Meta's package."""
    began = time.perf_counter()
    network = oracles.official_predictor(PRESET, 1024).eval()
    network.load_state_dict(torch.load(weights, weights_only=True)["model"])
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder)
        ffmpeg("-i", str(clip), "-q:v", "2", "-start_number", "0", str(frames / "%05d.jpg"))
        state = network.init_state(str(frames))
        network.add_new_points_or_box(state, 0, 1, points=np.array([CLICK], np.float32), labels=np.array([1], np.int32))
        size = f"{SIZE[1]}x{SIZE[0]}"
        raw = f"-f rawvideo -pix_fmt bgr24 -s {size} -r 25 -i - -c:v libx264 -pix_fmt yuv420p".split()
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *raw, str(out)]
        writer = subprocess.Popen(command, stdin=subprocess.PIPE)
        assert writer.stdin is not None
        for index, _, logits in network.propagate_in_video(state):
            picture = cv2.imread(str(frames / f"{index:05d}.jpg"))
            mask = (logits[0, 0] > 0).numpy()[..., None]
            writer.stdin.write(np.where(mask, picture, cv2.GaussianBlur(picture, (0, 0), 14)).tobytes())
        writer.stdin.close()
        writer.wait()
    return {"seconds": time.perf_counter() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two frames: does it work at all?")
    parser.add_argument("--one", nargs=4, metavar=("SIDE", "WEIGHTS", "CLIP", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sides = {"ours": ours, "script": script}
    if arguments.one:
        side, *paths = arguments.one
        print(json.dumps(sides[side](*map(Path, paths))))
        return
    frames = 2 if arguments.quick else 10
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        weights = oracles.save_as_meta(seeded_weights(PRESET, 1024), Path(folder) / "sam2.1_hiera_tiny.pt")
        clip = Path(folder) / "clip.mp4"
        make_clip(clip, frames)
        for side in sides:
            job = [side, str(weights), str(clip), str(Path(folder) / f"{side}.mp4")]
            command = [sys.executable, "-m", "benchmarks.whole_job", "--one", *job]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=EXAMPLE.parents[2])
            found[side] = json.loads(done.stdout.splitlines()[-1])
    result = {
        "what": f"{PRESET}, {frames} frames of {SIZE[1]}×{SIZE[0]}, one object, background blur, float32 at 1024 px",
        "machine": machine(),
        **found,
        "times_quicker": found["script"]["seconds"] / found["ours"]["seconds"],
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    path = RESULTS / ("whole_job_quick.json" if arguments.quick else "whole_job.json")
    path.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
