"""How long each effect takes on one 720p frame, beside its peers: `python -m benchmarks.effects` prints JSON.

`results` holds every effect at its default, aimed at all that it takes, with all that `compose` does: matte, effect,
mixing, and for effects through time the measuring of the camera. `shared` holds what ffmpeg or roboflow's
`supervision` can do as well: the matte is given to both, settings do the same work, and both take turns, so that a
busy machine slows them alike; each over many frames in a row, as in a render, so that what the processor's caches lost
in the other's turn weighs as little here as there. RGB goes in and out on our side, planar RGB on ffmpeg's, from
memory: neither decoding nor encoding nor reading is counted. Medians of wall time with two threads on each side;
`--threads 1 --clock processor` compares the work done, also where the machine is busy.

Each finds the object's box in the mask, as it must on every frame of a clip. Where the same work is not to be had it is
not made the same: `supervision`'s blur is a box and takes in what surrounds the object, its blocks are four of their
pixels averaged instead of all, its lines have no smooth edges, and its corners no dark rim.
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
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import imageio_ffmpeg
import numpy as np

from app.freed_memory import keep_freed_memory
from benchmarks.effect_clip import EffectClip
from effects import EFFECTS, Layer, compose, parse_layer
from effects.path import sight

FRAMES_IN_A_ROW = 120
SLOW_FRAMES_IN_A_ROW = 30
"""For `supervision`, some of whose calls take a hundred times as long as ours."""
CALLS = 5

Array = np.ndarray[Any, Any]

GRAPHS = {
    "background blur": "gblur=sigma=18,{merge}",
    "everything blur": "gblur=sigma=18",
    "background bokeh lights=0": "avgblur=sizeX=18,{merge}",
    "background motion_blur": "dblur=angle=0:radius=30,{merge}",
    "background pixelate": "pixelize=w=20:h=20,{merge}",
    "1 pixelate": "pixelize=w=20:h=20,{merge_inside}",
    "background desaturate": "hue=s=0,format=gbrp,{merge}",
    "everything adjust": "eq=brightness=0.05:contrast=1.3:saturation=1.35,format=gbrp",
    "background negative style=colour": "negate,{merge}",
    "everything hue": "hue=h=120,format=gbrp",
    "background gradient_map": "format=gray,format=gbrp,pseudocolor=preset=magma,{merge}",
    "everything thermal": "format=gray,format=gbrp,pseudocolor=preset=inferno",
    "background edges": "sobel,{merge}",
    "everything grain": "noise=alls=20:allf=t",
    "everything glitch tear=0 scan_lines=0": "rgbashift=rh=-8:bh=8",
    "background solid": "drawbox=color=0x00b140:t=fill,{merge}",
}
"""Layer → the nearest graph of ffmpeg; {merge} lays it over the background, {merge_inside} over the object."""


class Clock(NamedTuple):
    """How time is taken: by the wall, or by the processor, that of ffmpeg's processes included."""

    kind: str

    def seconds(self, work: Callable[[], object]) -> float:
        """How long one call takes."""
        began = self._now()
        work()
        return self._now() - began

    def _now(self) -> float:
        if self.kind == "wall":
            return time.perf_counter()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + ended.ru_utime + ended.ru_stime


class Ffmpeg:
    """ffmpeg on one raw frame and its mask, repeated within its graph: neither reading nor decoding is counted."""

    def __init__(self, folder: Path, pixels: Array, mask: Array, threads: int, clock: Clock) -> None:
        """Write the inputs into a folder."""
        self._size = f"{mask.shape[1]}x{mask.shape[0]}"
        self._threads, self._clock = threads, clock
        self._files = folder / "frame.raw", folder / "mask.raw"
        self._files[0].write_bytes(np.ascontiguousarray(pixels.transpose(2, 0, 1)[[1, 2, 0]]).tobytes())  # gbrp
        self._files[1].write_bytes(np.stack([mask * np.uint8(255)] * 3).tobytes())

    def milliseconds(self, graph: str) -> float:
        """Of one frame in the graph, less what a graph that does nothing takes."""
        body = graph.replace(",{merge_inside}", "").replace(",{merge}", "")
        whole = f"[p]{body}"
        if body != graph:
            order = "[made][plain]" if graph.endswith("{merge}") else "[plain][made]"
            whole = f"[p]split[plain][in];[in]{body}[made];{order}[m]maskedmerge"
        return (self._run(whole) - self._run("[p]null")) * 1000 / FRAMES_IN_A_ROW

    def _run(self, graph: str) -> float:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error"]
        command += ["-filter_complex_threads", str(self._threads)]
        inputs = self._files if "[m]" in graph else self._files[:1]
        for file in inputs:
            command += ["-f", "rawvideo", "-pix_fmt", "gbrp", "-s", self._size, "-i", str(file)]
        repeat = f"loop={FRAMES_IN_A_ROW - 1}:1"
        again = "".join(f"[{at}]{repeat}[{name}];" for at, name in zip(range(len(inputs)), "pm", strict=False))
        command += ["-threads", "1", "-filter_complex", again + graph, "-f", "null", "-"]
        return self._clock.seconds(lambda: subprocess.run(command, check=True))


def annotators(mask: Array) -> dict[str, Callable[[Array], object]]:
    """Layer → what draws nearly the same in `supervision`; nothing where it is not installed.

    Its blur and its pixelation fill the object's whole box; to do the same work they are laid through the mask.
    """
    if importlib.util.find_spec("supervision") is None:
        return {}
    import supervision

    inside = mask.view(np.uint8)

    def found() -> Any:
        box = supervision.mask_to_xyxy(mask[None])
        return supervision.Detections(xyxy=box, mask=mask[None], class_id=np.array([0]))

    def drawn(maker: Any) -> Callable[[Array], Array]:
        return lambda pixels: maker.annotate(scene=pixels.copy(), detections=found())

    def laid(maker: Any) -> Callable[[Array], object]:
        return lambda pixels: cv2.copyTo(drawn(maker)(pixels), inside, pixels.copy())

    return {
        "1 blur": laid(supervision.BlurAnnotator(kernel_size=35)),
        "1 pixelate": laid(supervision.PixelateAnnotator(pixel_size=20)),
        "1 highlight": drawn(supervision.MaskAnnotator()),
        "1 outline": drawn(supervision.PolygonAnnotator(thickness=5)),
        "1 glow": drawn(supervision.HaloAnnotator()),
        "background spotlight": drawn(supervision.BackgroundOverlayAnnotator()),
        "1 bounding_box": drawn(supervision.BoxCornerAnnotator()),
    }


def measure_shared(rounds: int, threads: int, clock: Clock) -> list[dict[str, Any]]:
    """Median milliseconds of what others do too, the matte given."""
    clip = EffectClip()
    index = clip.num_frames // 2
    pixels, mask = clip.pixels(index), clip.masks(index)[1]
    others = annotators(mask)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        ffmpeg = Ffmpeg(Path(folder), pixels, mask, threads, clock)
        for text in dict.fromkeys([*GRAPHS, *others]):
            layer = parse_layer(f"{text} feather=0")
            taken: dict[str, list[float]] = {}
            for _ in range(rounds):
                ours = partial(_measure_and_compose, layer, clip, index)
                taken.setdefault("ours", []).append(_in_a_row(ours, FRAMES_IN_A_ROW, clock))
                if text in GRAPHS:
                    taken.setdefault("ffmpeg", []).append(ffmpeg.milliseconds(GRAPHS[text]))
                if text in others:
                    theirs = partial(others[text], pixels)
                    taken.setdefault("supervision", []).append(_in_a_row(theirs, SLOW_FRAMES_IN_A_ROW, clock))
            rows.append(
                {"layer": text} | {f"{who}_ms": round(statistics.median(all_), 2) for who, all_ in taken.items()}
            )
    return rows


def _in_a_row(work: Callable[[], object], frames: int, clock: Clock) -> float:
    """Milliseconds of a frame, of many in a row, as ffmpeg is timed."""
    work()  # the caches hold what another's turn left

    def several() -> None:
        for _ in range(frames):
            work()

    return 1000 * clock.seconds(several) / frames


def _measure_and_compose(layer: Layer, clip: EffectClip, index: int) -> Array:
    """One layer over one frame, and what a render does before for each frame: to measure where the object is."""
    if layer.effect.sees_place_alone:
        sight(clip.masks(index)[1])
    return _compose(layer, clip, index)


def _compose(layer: Layer, clip: EffectClip, index: int) -> Array:
    """One layer over one frame of the clip."""
    return compose(clip.pixels(index), clip.masks(index), [layer], frame_index=index, time=index / clip.fps, clip=clip)


def _ours(layer: Layer, clip: EffectClip, indices: list[int], clock: Clock) -> float:
    """Median milliseconds of `compose` over some frames, the first of which only warms caches."""
    taken = [clock.seconds(partial(_compose, layer, clip, index)) for index in indices]
    return 1000 * statistics.median(taken[1:])


def measure_all(rounds: int, clock: Clock) -> list[dict[str, Any]]:
    """Median milliseconds of every effect at its default, going through a clip frame by frame as a render does."""
    rows = []
    for name in EFFECTS:
        for target in ("background", "1", "everything"):
            clip = EffectClip()
            start = clip.num_frames - rounds * CALLS - 1
            layer = parse_layer(f"{target} {name}")
            ours = _ours(layer, clip, list(range(start, clip.num_frames)), clock)
            rows.append({"layer": f"{target} {name}", "ours_ms": round(ours, 2)})
    return rows


def main() -> None:
    """Measure, and say what falls behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="of OpenCV and of ffmpeg's filters")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    parser.add_argument("--only-shared", action="store_true", help="leave out what only we have")
    given = parser.parse_args()
    cv2.setNumThreads(given.threads)
    keep_freed_memory()  # as the app does; ffmpeg keeps its frames too
    clock = Clock(given.clock)
    shared = measure_shared(given.rounds, given.threads, clock)
    rows = [] if given.only_shared else measure_all(given.rounds, clock)
    beaten = [
        each["layer"]
        for each in shared
        if min(each.get("ffmpeg_ms", 1e9), each.get("supervision_ms", 1e9)) < each["ours_ms"]
    ]
    result = {
        "size": list(EffectClip.size[::-1]),
        "threads": given.threads,
        "clock": given.clock,
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "ffmpeg": imageio_ffmpeg.get_ffmpeg_version(),
        "under_60_frames_per_second": [each["layer"] for each in rows if each["ours_ms"] > 1000 / 60],
        "another_is_faster": beaten,
        "shared": shared,
        "results": rows,
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
