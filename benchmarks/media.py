"""Rendering and finding frames beside plain ffmpeg: `python -m benchmarks.media` prints JSON.

Time is that of all processors together, ours and that of every process we start: on shared cores the clock on the
wall says more about the neighbours. Both are given. Settings are the same on both sides: H.264 in and out, with the
very options that our writer gives to ffmpeg; theirs decodes by itself and converts nothing.

Ours comes in three kinds. "untouched" is a render without layers: frames go on in their planes. "through RGB" is what
the first effect costs whatever it does: every frame is made RGB, copied and made planes again. "one effect" adds what
a light effect takes to paint the whole picture.
"""

from __future__ import annotations

import argparse
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

from app.freed_memory import keep_freed_memory
from app.projects.mask_folder import MaskFolder
from app.rendering.render import render
from effects.compositor import compose
from effects.layer import parse_layer
from media import VideoClip, VideoWriter
from media.formats import H264

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
CLIP = Path(__file__).parents[1] / "examples" / "clips"
NUM_FRAMES = 240
SIZES = {720: 1280, 1080: 1920}
EFFECT = "everything hue"


def processor_seconds() -> float:
    """Time of computing so far, of this process and all that have ended [s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def make_source(path: Path, height: int, seconds: float | None = None) -> Path:
    """A clip of real pictures: an example, repeated, scaled and cropped, a keyframe every 250 frames."""
    width = SIZES.get(height, 2 * round(height * 8 / 9))
    example = sorted(CLIP.glob("*.mp4"))[0]
    length = ["-frames:v", str(NUM_FRAMES)] if seconds is None else ["-t", str(seconds)]
    subprocess.run(
        [
            *(FFMPEG, "-loglevel", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", str(example), "-an", *length),
            *(
                "-vf",
                f"scale={width}:-2:flags=lanczos,crop={width}:{height},setsar=1,fps=25",
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


def rendered(source: Path, out: Path, index: Path | None, *layers: str) -> None:
    """Render a clip without objects."""
    with VideoClip.open(source, index=index) as clip:
        render(clip, MaskFolder(out.parent / "none"), [parse_layer(each) for each in layers], out, colors={})


def through_rgb(source: Path, out: Path, index: Path) -> None:
    """What a render with an effect does, but for the effect."""
    with VideoClip.open(source, index=index) as clip, VideoWriter(out, like=clip) as writer:
        for frame in clip.frames():
            writer.write(compose(frame.pixels, {}, []), frame.time)


def plain(source: Path, out: Path) -> None:
    """The same by ffmpeg alone."""
    subprocess.run(
        [
            *(FFMPEG, "-loglevel", "error", "-nostdin", "-y", "-i", str(source), "-c:v", "libx264"),
            *(*H264.options, "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(out)),
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


def pipeline(folder: Path, height: int, num_rounds: int) -> dict[str, Any]:
    """Ours beside plain ffmpeg, in turn; of each the median, and of ours the median share of ffmpeg's in its round."""
    source, index = make_source(folder / f"{height}.mp4", height), folder / f"{height}.json"
    out = folder / "out.mp4"
    rendered(source, out, index)  # as in a session, whose clip was counted when it came in
    works: dict[str, Callable[[], None]] = {
        "ffmpeg": lambda: plain(source, folder / "plain.mp4"),
        "untouched": lambda: rendered(source, out, index),
        "untouched, counting first": lambda: rendered(source, out, None),
        "through RGB": lambda: through_rgb(source, out, index),
        "one effect": lambda: rendered(source, out, index, EFFECT),
    }
    rounds = [{name: measure(work) for name, work in works.items()} for _ in range(num_rounds)]

    def middle(name: str, clock: str, *, as_ratio: bool) -> float:
        return statistics.median(each[name][clock] / (each["ffmpeg"][clock] if as_ratio else 1) for each in rounds)

    clocks = ("processor", "wall")
    return {
        name: {
            **{f"{clock} [ms a frame]": round(middle(name, clock, as_ratio=False), 2) for clock in clocks},
            **{f"{clock} / ffmpeg's": round(middle(name, clock, as_ratio=True), 3) for clock in clocks},
        }
        for name in works
    }


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
    """The largest process that renders a clip of ten seconds and one of ten minutes [MiB], each in its own run.

    The renderer is this program; the others are the decoder and the encoder, of which the larger counts.
    """
    found = {}
    for name, seconds in (("10 s", 10), ("600 s", 600)):
        path = make_source(folder / f"{seconds}.mp4", 180, seconds)
        program = (
            "import resource; from dataclasses import replace; from media import LOCAL, VideoClip, VideoWriter\n"
            "limits = replace(LOCAL, max_seconds=1000, max_frames=30000)\n"
            f"with VideoClip.open({str(path)!r}, limits=limits) as clip:\n"
            f"    with VideoWriter({str(folder / 'long.mp4')!r}, like=clip) as writer:\n"
            "        for frame in clip.frames():\n"
            "            writer.write(frame.picture if frame.index % 2 else frame.pixels, frame.time)\n"
            "print(clip.num_frames)\n"
            "print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)))"
        )
        root = Path(__file__).parents[1]
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=root, text=True)
        frames, others, renderer = map(int, done.stdout.split())
        found[f"{name} ({frames} frames)"] = {"renderer": renderer / 1024, "others": others / 1024}
    return found


def main() -> None:
    """Measure and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is run, in turn")
    parser.add_argument("--heights", type=int, nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--only-ratio", action="store_true", help="leave out finding frames and memory")
    asked = parser.parse_args()
    keep_freed_memory()  # as the app does
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results: dict[str, Any] = {f"{height}p": pipeline(folder, height, asked.rounds) for height in asked.heights}
        if not asked.only_ratio:
            for height in asked.heights:
                results[f"{height}p, one frame [ms]"] = random_access(folder / f"{height}.mp4")
            results["memory [MiB]"] = memory(folder)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
