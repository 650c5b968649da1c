"""Reading, writing and finding frames beside plain ffmpeg: `python -m benchmarks.media` prints JSON.

Time is that of all processors together, ours and that of every process we start: on shared cores the clock on the
wall says more about the neighbours. Both are given. Settings are the same on both sides: H.264 in and out, with the
very options that our writer gives to ffmpeg; theirs decodes by itself and converts nothing.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from media import VideoClip, VideoWriter

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
CLIP = Path(__file__).parents[1] / "examples" / "clips"
NUM_FRAMES = 240
ROUNDS = 3


def processor_seconds() -> float:
    """Time of computing so far, of this process and all that have ended [s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def make_source(path: Path, height: int, seconds: float | None = None) -> Path:
    """A clip of real pictures: an example, repeated and scaled, a keyframe every 250 frames."""
    example = sorted(CLIP.glob("*.mp4"))[0]
    length = ["-frames:v", str(NUM_FRAMES)] if seconds is None else ["-t", str(seconds)]
    subprocess.run(
        [
            *(FFMPEG, "-loglevel", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", str(example), "-an", *length),
            *(
                "-vf",
                f"scale=-2:{height}:flags=lanczos,setsar=1,fps=25",
                "-c:v",
                "libx264",
                "-preset",
                "medium",
                "-crf",
                "20",
            ),
            *("-pix_fmt", "yuv420p", "-colorspace", "bt709", "-movflags", "+faststart", str(path)),
        ],
        check=True,
    )
    return path


def ours(source: Path, out: Path, index: Path | None) -> None:
    """Read, hand on, write: what a render without layers does."""
    with VideoClip.open(source, index=index) as clip, VideoWriter(out, like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)


def plain(source: Path, out: Path) -> None:
    """The same by ffmpeg alone."""
    subprocess.run(
        [
            *(FFMPEG, "-loglevel", "error", "-nostdin", "-y", "-i", str(source), "-c:v", "libx264"),
            *("-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(out)),
        ],
        check=True,
    )


def measure(work: Callable[[], None]) -> dict[str, float]:
    """Milliseconds a frame: of all processors together, and on the wall."""
    processor, wall = processor_seconds(), time.monotonic()
    work()
    return {
        "processor": (processor_seconds() - processor) * 1000 / NUM_FRAMES,
        "wall": (time.monotonic() - wall) * 1000 / NUM_FRAMES,
    }


def pipeline(folder: Path, height: int) -> dict[str, Any]:
    """Ours beside plain ffmpeg, in turn, and the median of each."""
    source, index = make_source(folder / f"{height}.mp4", height), folder / f"{height}.json"
    ours(source, folder / "out.mp4", index)  # as in a session, whose clip was counted when it came in
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "ours, counting first": [], "ffmpeg": []}
    for _ in range(ROUNDS):
        rounds["ffmpeg"].append(measure(lambda: plain(source, folder / "plain.mp4")))
        rounds["ours"].append(measure(lambda: ours(source, folder / "out.mp4", index)))
        rounds["ours, counting first"].append(measure(lambda: ours(source, folder / "out.mp4", None)))
    found: dict[str, Any] = {
        name: {clock: statistics.median(each[clock] for each in measured) for clock in measured[0]}
        for name, measured in rounds.items()
    }
    found["ratio"] = {clock: found["ours"][clock] / found["ffmpeg"][clock] for clock in ("processor", "wall")}
    return found


def random_access(source: Path) -> dict[str, float]:
    """Milliseconds to one frame: after a jump, a step forward, a step back; and to open a clip that is known."""
    generator = random.Random(1)
    index = source.with_suffix(".json")
    times: dict[str, list[float]] = {"jump": [], "step forward": [], "step back": [], "open known clip": []}

    def timed(name: str, work: Callable[[], Any]) -> None:
        begin = time.monotonic()
        work()
        times[name].append((time.monotonic() - begin) * 1000)

    with VideoClip.open(source, index=index) as clip:
        for _ in range(15):
            place = generator.randrange(20, clip.num_frames - 20)
            timed("jump", lambda place=place: clip.frame(place))
            for step in range(1, 6):
                timed("step forward", lambda place=place + step: clip.frame(place))
            for step in range(4, -5, -1):
                timed("step back", lambda place=place + step: clip.frame(place))
    for _ in range(5):
        timed("open known clip", lambda: VideoClip.open(source, index=index).frame(0))
    return {name: statistics.median(each) for name, each in times.items()}


def memory(folder: Path) -> dict[str, dict[str, float]]:
    """The largest process that decodes a clip of ten seconds and one of ten minutes [MiB], each in its own run."""
    found = {}
    for name, seconds in (("10 s", 10), ("600 s", 600)):
        path = make_source(folder / f"{seconds}.mp4", 180, seconds)
        program = (
            "import resource; from dataclasses import replace; from media import LOCAL, VideoClip\n"
            "limits = replace(LOCAL, max_seconds=1000, max_frames=30000)\n"
            f"clip = VideoClip.open({str(path)!r}, limits=limits); print(sum(1 for _ in clip.frames())); clip.close()\n"
            "print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)))"
        )
        root = Path(__file__).parents[1]
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=root, text=True)
        frames, decoder, reader = map(int, done.stdout.split())
        found[f"{name} ({frames} frames)"] = {"decoder": decoder / 1024, "reader": reader / 1024}
    return found


def main() -> None:
    """Measure all and print it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results: dict[str, Any] = {f"{height}p [ms a frame]": pipeline(folder, height) for height in (720, 1080)}
        results |= {f"{height}p, one frame [ms]": random_access(folder / f"{height}.mp4") for height in (720, 1080)}
        results["memory [MiB]"] = memory(folder)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
