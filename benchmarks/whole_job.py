"""The whole job beside a script one would write around Meta's package: `python -m benchmarks.whole_job [--quick]`.

Clip in, one object tracked, its background blurred, mp4 out. The script unpacks JPEG frames with ffmpeg, tracks with
the official predictor, composes with OpenCV and pipes to ffmpeg. The clock starts after the imports. The embedded
model goes through the same job once more, for the share of the time that is spent outside a quick model.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
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
    """The example's first frames at 1280×720; from the beginning again where it has no more."""
    source = "-stream_loop", "-1", "-i", str(EXAMPLE)
    ffmpeg(*source, "-frames:v", str(frames), "-s", f"{SIZE[1]}x{SIZE[0]}", "-an", str(path))


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly to its end."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True)


def ours(weights: Path, clip: Path, out: Path, image_size: int) -> dict[str, float]:
    """The command line's `run`, in this process, and the share of its time in which the model was not at work."""
    return _run(f"{weights}@{image_size}", clip, out)


def embedded(weights: Path, clip: Path, out: Path, image_size: int) -> dict[str, float]:
    """As `ours`, with the embedded model at its own size."""
    return _run("nano", clip, out)


def _run(model: str, clip: Path, out: Path) -> dict[str, float]:
    from app.command_line import commands
    from app.command_line.job import Job
    from app.command_line.reporter import Reporter
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

    for name in ("add_prompt", "track"):
        setattr(VideoPredictor, name, timing(getattr(VideoPredictor, name)))
    job = Job(
        clip,
        model=model,
        objects=[f"id=1 frame=0 +{CLICK[0]},{CLICK[1]}"],
        layers=["background blur strength=0.7"],
        output=out,
    )
    began = time.perf_counter()
    commands.run(job, Reporter(as_json=False))
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "share_outside_the_model": 1 - in_model / seconds}


def script(weights: Path, clip: Path, out: Path, image_size: int) -> dict[str, float]:
    """What one would write around Meta's package."""
    began = time.perf_counter()
    network = oracles.official_predictor(PRESET, image_size).eval()
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


def processor_seconds() -> float:
    """Of this process and of those that it has waited for: what a busy machine does not falsify."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


SIDES = {"ours": ours, "script": script, "embedded": embedded}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=25, help="of the clip; 240 are ten seconds")
    parser.add_argument("--image-size", type=int, default=1024, help="of the network's input [px]")
    parser.add_argument("--quick", action="store_true", help="two frames at 256 px: does it work at all?")
    parser.add_argument("--one", nargs=4, metavar=("SIDE", "WEIGHTS", "CLIP", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    frames, image_size = (2, 256) if arguments.quick else (arguments.frames, arguments.image_size)
    if arguments.one:
        side, *paths = arguments.one
        weights, clip, out = map(Path, paths)
        before = processor_seconds()
        found_here = SIDES[side](weights, clip, out, image_size)
        print(json.dumps({**found_here, "processor_seconds": processor_seconds() - before}))
        return
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        weights = oracles.save_as_meta(seeded_weights(PRESET), Path(folder) / "sam2.1_hiera_tiny.pt")
        clip = Path(folder) / "clip.mp4"
        make_clip(clip, frames)
        for side in SIDES:
            print(f"{side} …", file=sys.stderr)
            job = [side, str(weights), str(clip), str(Path(folder) / f"{side}.mp4")]
            options = ["--quick"] if arguments.quick else ["--image-size", str(image_size)]
            command = [sys.executable, "-m", "benchmarks.whole_job", *options, "--one", *job]
            # The app asks waiting threads to sleep (app.py says why), and only its own entrances do.
            waiting = {} if side == "script" else {"OMP_WAIT_POLICY": "PASSIVE"}
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, cwd=EXAMPLE.parents[2], env=os.environ | waiting
            )
            found[side] = json.loads(done.stdout.splitlines()[-1])
    size = f"{SIZE[1]}×{SIZE[0]}"
    result = {
        "what": f"{PRESET}, {frames} frames of {size}, one object, background blur, float32 at {image_size} px",
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
