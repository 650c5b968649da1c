"""How well a checkpoint clicks and follows: `python -m training.evaluate [--sequences ../shared/data]`.

Everything goes through `VideoPredictor`, frame by frame, as the app does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported; app.py says why

import numpy as np
import torch
from numpy.typing import NDArray

import sam2_model
from sam2_model.model import SAM2
from sam2_model.prompts import Prompt
from sam2_model.video_predictor import VideoPredictor
from training.clips import ClipGenerator
from training.export import averaged_model
from training.figures import Mask, boundary_accuracy, deepest_point, next_click, region_overlap
from training.material import pack, read_rgb
from training.pack import load_material
from training.workers import keep_memory

HELD_OUT_SEED = 2**61  # training mixes its seeds to other numbers
CLIP_FRAMES = 16
SMALLEST_OBJECT = 0.01  # share of the first frame
CLICKS = 3
STILL_SIDE = 512  # [px] of the held-out photos


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

    def first_click(self) -> Prompt:
        """A click at the point deepest inside the object."""
        return Prompt(points=(deepest_point(self.masks[0]),), labels=(1,))

    def first_mask(self) -> Prompt:
        """The truth of the first frame."""
        return Prompt(mask=self.masks[0])


@dataclass(frozen=True)
class Figures:
    """What a checkpoint reaches on one sequence, or the mean over several; all in 0–1.

    Attributes:
        click_iou: first frame, one click at the deepest point.
        three_clicks_iou: first frame, after two corrections.
        click_j, click_f: the whole clip after that one click.
        mask_j, mask_f: the whole clip when the true first mask is given.
        click_jf, mask_jf: the means of J and F.
        empty_when_hidden: share of the frames without the object that get an empty mask, the true first mask
            given; None where it is always to be seen.
    Of a single picture only the first two are known.
    """

    click_iou: float
    three_clicks_iou: float
    click_j: float | None = None
    click_f: float | None = None
    click_jf: float | None = None
    mask_j: float | None = None
    mask_f: float | None = None
    mask_jf: float | None = None
    empty_when_hidden: float | None = None


def generated_sequences(count: int, material: Path | None) -> Iterator[Sequence]:
    """One object of each of `count` clips that training never sees.

    None is two different things joined: one click could not say that both are meant.
    """
    real = load_material(material) if material else None
    generator = ClipGenerator(material=real, joined_chance=0.0, procedural_chance=0.0)
    for index in range(count):
        clips = generator.make(HELD_OUT_SEED + index, 1, CLIP_FRAMES)
        areas = clips.masks[0, 0].float().mean((-2, -1))
        fit = (areas >= SMALLEST_OBJECT).nonzero()[:, 0]
        if not len(fit):
            continue
        masks = clips.masks[0, :, fit[index % len(fit)]].numpy()
        frames = clips.frames[0].permute(0, 2, 3, 1).contiguous().numpy()
        yield Sequence(f"generated-{index}", list(frames), list(masks))


def held_out_photos(count: int, material: Path) -> Iterator[Sequence]:
    """One object of each of `count` crops of real photos that training never sees."""
    kept_back = pack(material, held_out=True)
    for index in range(count):
        gen = torch.Generator().manual_seed(HELD_OUT_SEED + index)
        photos, masks = kept_back.stills(gen, 1, STILL_SIDE, objects=1)
        if float(masks.float().mean()) >= SMALLEST_OBJECT:
            pixels = (photos[0].permute(1, 2, 0) * 255).to(torch.uint8).contiguous().numpy()
            yield Sequence(f"photo-{index}", [pixels], [masks[0, 0].numpy()])


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
    """All figures of one sequence, or the clicks alone of a single picture."""
    first, truth = sequence.frames[0], sequence.masks[0]
    predictor = VideoPredictor(model, size=truth.shape, num_frames=len(sequence.frames))
    prompt, ious = sequence.first_click(), []
    for _ in range(CLICKS):
        found = predictor.add_prompt(1, 0, first, prompt).masks_by_id()[1]
        ious.append(region_overlap(found, truth))
        point, label = next_click(found, truth)
        prompt = prompt.with_point(*point, label)
    if len(sequence.frames) < 3:
        return Figures(ious[0], ious[-1])
    click_j, click_f = overlaps(follow(model, sequence, sequence.first_click()), sequence.masks)
    masks = follow(model, sequence, sequence.first_mask())
    mask_j, mask_f = overlaps(masks, sequence.masks)
    hidden = [not mask.any() for mask, there in zip(masks, sequence.masks, strict=True) if not there.any()]
    return Figures(
        *(ious[0], ious[-1]),
        *(click_j, click_f, (click_j + click_f) / 2),
        *(mask_j, mask_f, (mask_j + mask_f) / 2),
        empty_when_hidden=sum(hidden) / len(hidden) if hidden else None,
    )


def follow(model: SAM2, sequence: Sequence, prompt: Prompt) -> list[Mask]:
    """Prompt the first frame and track the rest: the masks of all frames."""
    predictor = VideoPredictor(model, size=sequence.masks[0].shape, num_frames=len(sequence.frames))
    predictor.add_prompt(1, 0, sequence.frames[0], prompt)
    return [found.masks_by_id()[1] for found in predictor.propagate(enumerate(sequence.frames))]


def overlaps(masks: list[Mask], truths: list[Mask]) -> tuple[float, float]:
    """The mean J and F of frames 1 to T−2, as DAVIS counts them."""
    judged = list(zip(masks, truths, strict=True))[1:-1]
    j = float(np.mean([region_overlap(found, truth) for found, truth in judged]))
    return j, float(np.mean([boundary_accuracy(found, truth) for found, truth in judged]))


def mean(figures: list[Figures]) -> Figures:
    """The mean of each figure over the sequences that have it."""
    known = {
        field.name: [v for one in figures if (v := getattr(one, field.name)) is not None] for field in fields(Figures)
    }
    means: dict[str, Any] = {name: float(np.mean(values)) if values else None for name, values in known.items()}
    return Figures(**means)


def main() -> None:
    """Measure a checkpoint and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--checkpoint", type=Path, help="a run's state.pt or a compact state's folder; default: as shipped"
    )
    parser.add_argument("--clips", type=int, default=40, help="generated clips; 0 for none")
    parser.add_argument("--photos", type=int, default=120, help="held-out photos, where there is material; 0 for none")
    parser.add_argument("--material", type=Path, help="real pictures to mix into the generated clips")
    parser.add_argument("--sequences", type=Path, help="folder of annotated sequences to measure besides")
    parser.add_argument("--image-size", type=int, help="side of the square input [px]; default: as shipped")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/nano.json"))
    wanted = parser.parse_args()
    keep_memory()
    model = averaged_model(wanted.checkpoint) if wanted.checkpoint else sam2_model.load("nano")
    if wanted.image_size:
        model.config = replace(model.config, image_size=wanted.image_size)
    report: dict[str, object] = {
        "checkpoint": str(wanted.checkpoint or "nano"),
        "image_size": model.config.image_size,
        "machine": platform.processor() or platform.machine(),
    }
    sources: dict[str, Callable[[], Iterator[Sequence]]] = {}
    if wanted.clips:
        sources["generated"] = lambda: generated_sequences(wanted.clips, wanted.material)
    if (material := wanted.material) and wanted.photos:
        sources["photos"] = lambda: held_out_photos(wanted.photos, material)
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
    return {key: round(float(value), 3) for key, value in asdict(figures).items() if value is not None}


if __name__ == "__main__":
    main()
