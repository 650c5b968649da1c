"""How long each effect takes on one 720p frame, beside its peers: `python -m benchmarks.effects` prints JSON.

Everything `compose` does is counted: matte, effect, mixing. Ours, ffmpeg's nearest filter graph and roboflow's
`supervision` annotator take turns, and medians are compared, so that a busy machine slows all of them alike. ffmpeg is
timed over many frames in one process, its input alone taken off; `supervision` is measured where it can be imported.
Milliseconds are processor time on one core.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np

from effects import EFFECTS, Layer, compose, parse_layer

HEIGHT, WIDTH = 720, 1280
FFMPEG_FRAMES = 60

Array = np.ndarray[Any, Any]

GRAPHS = {
    "background blur": "gblur=sigma=18,{merge}",
    "everything blur": "gblur=sigma=18",
    "background bokeh": "avgblur=sizeX=18,{merge}",
    "background motion_blur": "dblur=angle=0:radius=30,{merge}",
    "background pixelate": "pixelize=w=20:h=20,{merge}",
    "1 pixelate": "pixelize=w=20:h=20,{merge_inside}",
    "background desaturate": "hue=s=0,format=gbrp,{merge}",
    "everything adjust": "eq=brightness=0.05:contrast=1.3:saturation=1.35,format=gbrp",
    "background negative": "negate,{merge}",
    "everything hue": "hue=h=120,format=gbrp",
    "background gradient_map": "format=gray,format=gbrp,pseudocolor=preset=magma,{merge}",
    "everything thermal": "format=gray,format=gbrp,pseudocolor=preset=inferno",
    "background edges": "sobel,{merge}",
    "everything grain": "noise=alls=20:allf=t",
    "everything glitch": "rgbashift=rh=-8:bh=8",
    "background solid": "drawbox=color=0x00b140:t=fill,{merge}",
}
"""Layer → the nearest graph of ffmpeg; {merge} lays it over the background, {merge_inside} over the object."""


def make_frame() -> tuple[Array, Array]:
    """A noisy frame and a person-sized ellipse, a seventh of the frame."""
    random = np.random.default_rng(7)
    small = random.integers(0, 256, (45, 80, 3), dtype=np.uint8)
    pixels = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (600, 380), (140, 300), 8, 0, 360, 1, -1)
    return pixels, mask.astype(bool)


def seconds(work: Callable[[], object]) -> float:
    """How much processor time one call takes, that of ffmpeg's processes included: a busy machine changes it little."""
    began = _processor_time()
    work()
    return _processor_time() - began


def _processor_time() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


class Ffmpeg:
    """ffmpeg on raw frames of our picture and mask, so that neither decoding nor encoding is counted."""

    def __init__(self, folder: Path, pixels: Array, mask: Array) -> None:
        """Write the inputs into a folder."""
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[[1, 2, 0]])  # gbrp
        self._files = folder / "frames.raw", folder / "masks.raw"
        self._files[0].write_bytes(planes.tobytes() * FFMPEG_FRAMES)
        self._files[1].write_bytes(np.stack([mask * np.uint8(255)] * 3).tobytes() * FFMPEG_FRAMES)

    def milliseconds(self, graph: str) -> float:
        """Of one frame in the graph, less what reading the same inputs takes."""
        merge = graph.endswith(("{merge}", "{merge_inside}"))
        body = graph.replace(",{merge_inside}", "").replace(",{merge}", "")
        if merge:
            order = "[made][plain]" if graph.endswith("{merge}") else "[plain][made]"
            whole = f"[0]split[plain][in];[in]{body}[made];{order}[1]maskedmerge"
            empty = "[0]split[plain][made];[made][plain][1]maskedmerge=planes=0"
        else:
            whole, empty = f"[0]{body}", "[0]null"
        return (self._run(whole) - self._run(empty)) * 1000 / FFMPEG_FRAMES

    def _run(self, graph: str) -> float:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-filter_complex_threads", "1"]
        for file in self._files if "[1]" in graph else self._files[:1]:
            command += ["-f", "rawvideo", "-pix_fmt", "gbrp", "-s", f"{WIDTH}x{HEIGHT}", "-i", str(file)]
        command += ["-threads", "1", "-filter_complex", graph, "-f", "null", "-"]
        return seconds(lambda: subprocess.run(command, check=True))


def annotators(mask: Array) -> dict[str, Callable[[Array], object]]:
    """Layer → what draws nearly the same in `supervision`; nothing where it is not installed."""
    if importlib.util.find_spec("supervision") is None:
        return {}
    import supervision

    rows, columns = np.nonzero(mask)
    box = np.array([[columns.min(), rows.min(), columns.max(), rows.max()]], float)
    found = supervision.Detections(xyxy=box, mask=mask[None], class_id=np.array([0]))
    makers = {
        "1 blur": supervision.BlurAnnotator(kernel_size=35),
        "1 pixelate": supervision.PixelateAnnotator(pixel_size=20),
        "1 highlight": supervision.MaskAnnotator(),
        "1 outline": supervision.PolygonAnnotator(thickness=5),
        "1 glow": supervision.HaloAnnotator(),
        "background spotlight": supervision.BackgroundOverlayAnnotator(),
        "1 bounding_box": supervision.BoxAnnotator(),
    }
    return {
        layer: lambda pixels, maker=maker: maker.annotate(scene=pixels.copy(), detections=found)
        for layer, maker in makers.items()
    }


def measure_all(pixels: Array, mask: Array, rounds: int) -> list[dict[str, Any]]:
    """Median milliseconds of every effect on the background, on an object and on everything, beside the others."""
    others = annotators(mask)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        ffmpeg = Ffmpeg(Path(folder), pixels, mask)
        for layer in _layers():
            text = _text(layer)
            taken: dict[str, list[float]] = {"ours": [], "ffmpeg": [], "supervision": []}
            compose(pixels, {1: mask}, [layer])  # warms caches
            for _ in range(rounds):
                ours = [seconds(lambda: compose(pixels, {1: mask}, [layer])) for _ in range(5)]  # noqa: B023
                taken["ours"].append(1000 * statistics.median(ours))
                if text in GRAPHS:
                    taken["ffmpeg"].append(ffmpeg.milliseconds(GRAPHS[text]))
                if text in others:
                    theirs = [seconds(lambda: others[text](pixels)) for _ in range(5)]  # noqa: B023
                    taken["supervision"].append(1000 * statistics.median(theirs))
            medians = {name: round(statistics.median(each), 2) for name, each in taken.items() if each}
            rows.append({"layer": text, **{f"{name}_ms": value for name, value in medians.items()}})
    return rows


def _layers() -> list[Layer]:
    """Every effect at its default, aimed at all that it takes."""
    return [parse_layer(f"{target} {name}") for name in EFFECTS for target in ("background", "1", "everything")]


def _text(layer: Layer) -> str:
    target = layer.target if isinstance(layer.target, str) else layer.target[0]
    return f"{target} {layer.effect.name}"


def main() -> None:
    """Measure, and say what falls behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    pixels, mask = make_frame()
    rows = measure_all(pixels, mask, given.rounds)
    slow = [each["layer"] for each in rows if each["ours_ms"] > 1000 / 60]
    beaten = [
        each["layer"]
        for each in rows
        for other in ("ffmpeg_ms", "supervision_ms")
        if each.get(other, 1e9) < each["ours_ms"]
    ]
    facts = {"size": [WIDTH, HEIGHT], "threads": 1, "machine": platform.processor() or platform.machine()}
    versions = {"python": platform.python_version(), "opencv": cv2.__version__}
    result = {**facts, **versions, "under_60_frames_per_second": slow, "another_is_faster": beaten, "results": rows}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
