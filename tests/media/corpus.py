"""Takes every file of the corpus of difficult clips in, writes it unchanged and reads the result with another reader.

`python -m tests.media.corpus docs/clips.md` writes the table of what came of each.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np

from media import HOSTED, MediaError, Pixels, VideoClip, VideoWriter
from tests.media.processes import decoders

SCRIPT = Path(__file__).parents[3] / "shared" / "corpus" / "make_corpus.py"
BITS = 12
RED, GREEN, BLUE, WHITE = (224, 16, 16), (16, 192, 16), (16, 16, 224), (240, 240, 240)
LARGEST_COLOR_ERROR = 40
"""Of any corner's channel; most is what a codec of long ago does to a small saturated picture [grey levels]."""

LARGEST_TIME_ERROR = 0.001
LARGEST_SYNC_ERROR = 0.04
LARGEST_LENGTH_ERROR = 0.002
ONLY_TOO_LONG = ("duration", "frames")
"""The limits for which cutting with a notice is as good as refusing."""


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes:
        entry: what the corpus says of it.
        faults: what is not as promised; empty if all is.
        result: what a person would hear, in a few words.
        seconds: until it was open or refused.
        peak_kib: the most that any process held until then, decoders and encoders alike [KiB].
    """

    entry: dict[str, Any]
    faults: tuple[str, ...]
    result: str
    seconds: float
    peak_kib: int


def make_corpus(folder: Path) -> list[dict[str, Any]]:
    """Make the files; gives what is true of each."""
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True, timeout=300)
    return list(json.loads((folder / "manifest.json").read_text())["files"])


def run_corpus(folder: Path, entries: list[dict[str, Any]], work: Path) -> list[Outcome]:
    """Take all files in, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(
            pool.map(lambda numbered: _run(folder, numbered[1], work / f"{numbered[0]}.mp4"), enumerate(entries))
        )


def run_corpus_apart(folder: Path, entries: list[dict[str, Any]], work: Path) -> tuple[list[Outcome], list[int]]:
    """`run_corpus` in a process of its own, whose children are this run's alone; also the decoders it leaves behind."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        outcomes = pool.submit(run_corpus, folder, entries, work).result()
        return outcomes, pool.submit(decoders).result()


def _run(folder: Path, entry: dict[str, Any], out: Path) -> Outcome:
    begin = time.monotonic()
    seconds = None
    path = folder / entry["file"]
    faults: list[str] = []
    try:
        with VideoClip.open(path, limits=HOSTED) as clip:
            seconds = time.monotonic() - begin
            result = _in_words(clip)
            faults += _check_taken(entry, clip)
            colors = []
            with VideoWriter(out, like=clip) as writer:
                for frame in clip.frames():
                    colors.append(_look(frame.pixels))
                    writer.write(frame.picture, frame.time)
            if entry["expect"] == "ok":
                faults += _check_content(entry, colors, "read")
                faults += _check_times(entry, path, [float(time) for time in clip.times])
                faults += _check_length(entry, clip, path, out)
                faults += _check_sync(path, out)
            faults += _check_written(entry, clip, out)
    except MediaError as error:
        result = str(error)
        faults += _check_refused(entry, result, folder)
    except Exception as error:  # whatever it is, it is a fault
        result = repr(error)
        faults.append(result)
    finally:
        out.unlink(missing_ok=True)
    seconds = time.monotonic() - begin if seconds is None else seconds
    # Of the processes that were waited for; on Linux in KiB.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Outcome(entry, tuple(faults), result, seconds, peak)


def _in_words(clip: VideoClip) -> str:
    facts = clip.facts
    words = f"{facts.num_frames} frames, {facts.size.width}×{facts.size.height}, {float(facts.fps):.4g} fps"
    return " ".join([words + (", sound." if facts.has_audio else "."), *facts.notices])


def _check_refused(entry: dict[str, Any], sentence: str, folder: Path) -> Iterator[str]:
    if entry["expect"] == "ok":
        yield f"refused: {sentence}"
    if not 10 < len(sentence) <= 200 or "\n" in sentence or str(folder) in sentence or "Traceback" in sentence:
        yield f"no sentence for a person: {sentence}"


def _check_taken(entry: dict[str, Any], clip: VideoClip) -> Iterator[str]:
    if entry["expect"] == "reject":
        is_cut = entry.get("limit") in ONLY_TOO_LONG and clip.facts.is_trimmed and "longer than" in clip.notices[0]
        if not is_cut:
            yield "taken"
    if entry["expect"] == "ok":
        wanted = (entry["frames"], tuple(entry["display"]), entry["has_audio"])
        found = (clip.num_frames, (clip.size.width, clip.size.height), clip.has_audio)
        if found != wanted:
            yield f"is {found}, not {wanted}"


def _check_times(entry: dict[str, Any], path: Path, times: list[float]) -> Iterator[str]:
    """Hold times against the corpus, and the first one against what a plain reader sees in the file."""
    with av.open(str(path) if path.is_absolute() else f"file:{path}") as container:
        first = next(container.decode(video=0))
        begin = (container.start_time or 0) / 1e6
        offset = 0.0 if first.pts is None else max(0.0, float(first.pts * first.time_base) - begin)
    if "pts" in entry:
        wanted = entry["pts"]
    elif entry["vfr"]:
        return
    else:
        wanted = [offset + index / entry["fps"] for index in range(entry["frames"])]
    clock = 0.0011 if path.suffix in (".webm", ".mkv", ".wmv") else 0.0  # these hold whole milliseconds
    worst = max(abs(one - other) for one, other in zip(times, wanted, strict=True))
    if worst > LARGEST_TIME_ERROR + clock:
        yield f"a time is {worst * 1000:.1f} ms off"


def _check_length(entry: dict[str, Any], clip: VideoClip, path: Path, out: Path) -> Iterator[str]:
    """Hold the length of what is shown against the corpus, in the clip and as the result's own track says it."""
    wanted = entry["duration"]
    if "pts" in entry:  # of uneven times the corpus knows when the last frame comes, and the file how long it stays
        with av.open(str(path)) as container:
            shown = [packet for packet in container.demux(video=0) if packet.pts is not None]
            last = max(shown, key=lambda packet: packet.pts)
            wanted = entry["pts"][-1] - entry["pts"][0] + float(last.duration * last.time_base)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        written = float(stream.duration * stream.time_base)
    for when, found in (("read", float(clip.duration - clip.times[0])), ("written", written)):
        if abs(found - wanted) > LARGEST_LENGTH_ERROR:
            yield f"{when}: {found:.4f} s long, not {wanted:.4f}"


def _check_sync(path: Path, out: Path) -> Iterator[str]:
    """When sound sets in after the first picture, before and after; with nothing of ours."""
    before, after = _onset(path), _onset(out)
    if before is not None and (after is None or abs(before - after) > LARGEST_SYNC_ERROR):
        yield f"the sound sets in at {after} s, not {before}"


def _onset(path: Path) -> float | None:
    """From the first picture to the first loud sample [s]; None where it is silent."""
    name = str(path) if path.is_absolute() else f"file:{path}"
    with av.open(name) as container:
        first = next(container.decode(video=0))
    with av.open(name) as container:
        for frame in container.decode(audio=0) if container.streams.audio else ():
            samples = np.abs(frame.to_ndarray().astype(float)).reshape(-1)
            loud = np.flatnonzero(samples > 0.05 * (2**15 if "s16" in frame.format.name else 1))
            if loud.size and frame.pts is not None:
                channel = loud[0] % frame.samples if frame.format.is_planar else loud[0] // frame.layout.nb_channels
                picture = 0.0 if first.pts is None else float(first.pts * first.time_base)
                return float(frame.pts * frame.time_base) + channel / frame.sample_rate - picture
    return None


def _check_written(entry: dict[str, Any], clip: VideoClip, out: Path) -> Iterator[str]:
    """Read the result with nothing of ours: every frame at its time, the size, the content, the sound."""
    with av.open(str(out)) as container:
        begin = (container.start_time or 0) / 1e6
        stream = container.streams.video[0]
        has_sound = bool(container.streams.audio)
        colors, times = [], []
        for frame in container.decode(stream):
            colors.append(_look(frame.to_ndarray(format="rgb24")))
            times.append(float(frame.pts * frame.time_base) - begin)
        shape = (stream.height, stream.width)
    height, width = clip.size
    if shape != (height + height % 2, width + width % 2):
        yield f"written with {shape}, not {clip.size}"
    if len(times) != clip.num_frames:
        yield f"{len(times)} frames were written of {clip.num_frames}"
    elif max(abs(one - float(other)) for one, other in zip(times, clip.times, strict=True)) > LARGEST_TIME_ERROR:
        yield "written at other times"
    if entry["expect"] == "ok":
        if has_sound != clip.has_audio:
            yield "the sound was lost"
        yield from _check_content(entry, colors, "written")


def _look(pixels: Pixels) -> tuple[int, Pixels]:
    """The index that a frame carries, and the colours of its corners (4, 3)."""
    height, width = pixels.shape[:2]
    row = pixels[height // 2 - 2 : height // 2 + 2].mean(axis=(0, 2))
    middle = (float(row.max()) + float(row.min())) / 2
    bits = [row[int(width * (bit + 0.5) / BITS)] > middle for bit in range(BITS)]
    y, x = height // 8, width // 8
    corners = [pixels[row, column] for row in (y, height - 1 - y) for column in (x, width - 1 - x)]
    return sum(int(bit) << (BITS - 1 - place) for place, bit in enumerate(bits)), np.array(corners)


def _check_content(entry: dict[str, Any], seen: list[tuple[int, Pixels]], when: str) -> Iterator[str]:
    indices = [index for index, _ in seen]
    wanted = list(range(entry["barcode"], entry["barcode"] + entry["frames"]))
    # All bars of frame 0 are black: nothing to tell them from.
    if [index for index, number in zip(indices, wanted, strict=False) if number] != [n for n in wanted if n]:
        yield f"{when}: frames {indices[:40]} instead of {wanted[0]} to {wanted[-1]}"
    corners = np.array([colors for _, colors in seen], float)
    if entry.get("gray"):
        return
    if entry.get("hdr"):  # the colours are other ones, but red stays red, and nothing is washed out
        is_true = [
            corners[:, place, channel].min() > corners[:, place].max(axis=-1).min() - 1
            for place, channel in ((0, 0), (1, 1), (2, 2))
        ]
        if not all(is_true) or corners[:, 3].min() < 180:
            yield f"{when}: corners {corners[0].astype(int).tolist()}"
        return
    worst = np.abs(corners - np.array([RED, GREEN, BLUE, WHITE])).max()
    if worst > LARGEST_COLOR_ERROR:
        yield f"{when}: a corner is {worst:.0f} grey levels off"


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as Markdown."""
    counts = {
        kind: (sum(not each.faults for each in group), len(group))
        for kind in ("ok", "reject", "any")
        if (group := [each for each in outcomes if each.entry["expect"] == kind])
    }
    words = {"ok": "good, though tricky", "reject": "to be refused", "any": "either, but never a crash"}
    lines = [
        "# What becomes of difficult clips",
        "",
        "Every file of a corpus of difficult ones goes in with the limits of a public host, is written unchanged as",
        "MP4 and read again by a plain reader: frames, order, times (≤ 1 ms), length, size, upright, colours, sound",
        "(≤ 40 ms).",
        "`python -m tests.media.corpus docs/clips.md` writes this table; `tests/media/test_corpus.py` checks the same.",
        "",
        "| files | as promised |",
        "|---|---|",
        *(f"| {words[kind]} | {good} of {all_} |" for kind, (good, all_) in counts.items()),
        "",
        "What is only too long is cut with a notice, which counts as right where refusing does.",
        "",
        "| file | what it is | what a person gets |",
        "|---|---|---|",
    ]
    for each in outcomes:
        mark = "" if not each.faults else f"**wrong: {'; '.join(each.faults)}** "
        cells = (each.entry["file"][:40], each.entry["why"], mark + each.result)
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table to the file named on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        entries = make_corpus(Path(folder) / "corpus")
        outcomes = run_corpus(Path(folder) / "corpus", entries, Path(folder))
    Path(sys.argv[1]).write_text(table(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
