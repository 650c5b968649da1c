"""How well a checkpoint clicks and follows: `python -m training.evaluate [--sequences ../shared/data]`.

Everything goes through `VideoPredictor`, frame by frame, as the app does.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import sam2_model
from sam2_model.model import SAM2
from sam2_model.prompts import Prompt
from sam2_model.video_predictor import VideoPredictor
from training.clips import ClipGenerator
from training.export import averaged_model
from training.figures import Mask, boundary_accuracy, deepest_point, next_click, region_overlap
from training.material import pack, read_rgb
from training.train import keep_memory

HELD_OUT_SEED = 2**61  # training mixes its seeds to other numbers
CLIP_FRAMES = 16
SMALLEST_OBJECT = 0.01  # share of the first frame
CLICKS = 3


@dataclass(frozen=True, eq=False)
class Sequence:
    """A clip with the truth about one object.

    Attributes:
        name: for the report.
        frames: T pictures (H, W, 3) uint8.
        masks: T masks (H, W).
    """

    name: str
    frames: list[NDArray[np.uint8]]
    masks: list[Mask]


@dataclass(frozen=True)
class Figures:
    """What a checkpoint reaches on one sequence, or the mean over several; all in 0–1.

    Attributes:
        click_iou: first frame, one click at the deepest point.
        three_clicks_iou: first frame, after two corrections.
        click_j, click_f: the whole clip after that one click.
        mask_j, mask_f: the whole clip when the true first mask is given.
    """

    click_iou: float
    three_clicks_iou: float
    click_j: float
    click_f: float
    mask_j: float
    mask_f: float


def generated_sequences(count: int, material: Path | None) -> Iterator[Sequence]:
    """One object of each of `count` clips that training never sees.

    None is two different things joined: one click could not say that both are meant.
    """
    generator = ClipGenerator(material=pack(material) if material else None, joined_chance=0.0)
    for index in range(count):
        clips = generator.make(HELD_OUT_SEED + index, 1, CLIP_FRAMES)
        areas = clips.masks[0, 0].float().mean((-2, -1))
        fit = (areas >= SMALLEST_OBJECT).nonzero()[:, 0]
        if not len(fit):
            continue
        masks = clips.masks[0, :, fit[index % len(fit)]].numpy()
        frames = clips.frames[0].permute(0, 2, 3, 1).contiguous().numpy()
        yield Sequence(f"generated-{index}", list(frames), list(masks))


def annotated_sequences(folder: Path) -> Iterator[Sequence]:
    """The sequences of a folder with `<set>/<name>/frames` and `<set>/<name>/masks`.

    Raises:
        FileNotFoundError: there is none.
    """
    found = sorted(folder.glob("*/*/masks"))
    if not found:
        raise FileNotFoundError(f"{folder} holds no <set>/<name>/masks; give the folder of the annotated sequences.")
    for masks in found:
        pictures = sorted((masks.parent / "frames").glob("*.jpg"))
        frames = [read_rgb(path) for path in pictures]
        truth = [read_rgb(path).max(-1) > 0 for path in sorted(masks.glob("*.png"))]
        yield Sequence(masks.parent.name, frames, truth)


def measure(model: SAM2, sequence: Sequence) -> Figures:
    """All figures of one sequence."""
    frames, truth = sequence.frames, sequence.masks
    predictor = VideoPredictor(model, size=truth[0].shape, num_frames=len(frames))
    prompt = Prompt(points=(deepest_point(truth[0]),), labels=(1,))
    ious = []
    for _ in range(CLICKS):
        found = predictor.add_prompt(1, 0, frames[0], prompt).masks_by_id()[1]
        ious.append(region_overlap(found, truth[0]))
        point, label = next_click(found, truth[0])
        prompt = prompt.with_point(*point, label)
    click_j, click_f = follow(model, sequence, Prompt(points=(deepest_point(truth[0]),), labels=(1,)))
    mask_j, mask_f = follow(model, sequence, Prompt(mask=truth[0]))
    return Figures(ious[0], ious[-1], click_j, click_f, mask_j, mask_f)


def follow(model: SAM2, sequence: Sequence, prompt: Prompt) -> tuple[float, float]:
    """Prompt the first frame, track the rest, and give the mean J and F of frames 1 to T−2."""
    predictor = VideoPredictor(model, size=sequence.masks[0].shape, num_frames=len(sequence.frames))
    predictor.add_prompt(1, 0, sequence.frames[0], prompt)
    masks = [found.masks_by_id()[1] for found in predictor.propagate(enumerate(sequence.frames))]
    judged = list(zip(masks, sequence.masks, strict=True))[1:-1]
    j = float(np.mean([region_overlap(found, truth) for found, truth in judged]))
    return j, float(np.mean([boundary_accuracy(found, truth) for found, truth in judged]))


def mean(figures: list[Figures]) -> Figures:
    """The mean of each figure."""
    rows = [asdict(one) for one in figures]
    return Figures(**{key: float(np.mean([row[key] for row in rows])) for key in rows[0]})


def main() -> None:
    """Measure a checkpoint and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--checkpoint", type=Path, help="a run's state.pt or a compact state's folder; default: as shipped"
    )
    parser.add_argument("--clips", type=int, default=40, help="generated clips; 0 for none")
    parser.add_argument("--material", type=Path, help="real pictures to mix into the generated clips")
    parser.add_argument("--sequences", type=Path, help="folder of annotated sequences to measure besides")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/nano.json"))
    wanted = parser.parse_args()
    keep_memory()
    model = averaged_model(wanted.checkpoint) if wanted.checkpoint else sam2_model.load("nano")
    report: dict[str, object] = {
        "checkpoint": str(wanted.checkpoint or "nano"),
        "machine": platform.processor() or platform.machine(),
    }
    sources: dict[str, Callable[[], Iterator[Sequence]]] = {}
    if wanted.clips:
        sources["generated"] = lambda: generated_sequences(wanted.clips, wanted.material)
    if folder := wanted.sequences:
        sources["sequences"] = lambda: annotated_sequences(folder)
    for source, sequences in sources.items():
        begun, measured = time.monotonic(), {}
        for sequence in sequences():
            measured[sequence.name] = measure(model, sequence)
            if source == "sequences":
                print(sequence.name, _rounded(measured[sequence.name]), flush=True)
        total = mean(list(measured.values()))
        print(f"{source}: mean of {len(measured)}", _rounded(total), f"{time.monotonic() - begun:.0f} s", flush=True)
        summary: dict[str, object] = {"count": len(measured), "mean": _rounded(total)}
        if source == "sequences":
            summary["each"] = {key: _rounded(value) for key, value in measured.items()}
        report[source] = summary
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_text(json.dumps(report, indent=1) + "\n")


def _rounded(figures: Figures) -> dict[str, float]:
    return {key: round(value, 3) for key, value in asdict(figures).items()}


if __name__ == "__main__":
    main()
