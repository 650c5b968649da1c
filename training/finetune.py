"""Fine-tune any preset on your own clips and masks: `python -m training.finetune FOLDER --checkpoint nano`.

The folder has DAVIS' layout (see `annotated`). The result is a checkpoint that `sam2_model.load` and `--model` take.
"""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported; app.py says why

import torch

from sam2_model import checkpoints, weight_files
from sam2_model.config import PRESETS, SAM2Config
from sam2_model.model import SAM2
from sam2_model.weight_files import CheckpointError
from training.annotated import AnnotatedClips, read_annotated
from training.episodes import EpisodePlan
from training.evaluate import Sequence, follow, overlaps
from training.recipe import Phase, Recipe
from training.state import StateError
from training.train import Training, run
from training.workers import keep_memory

CHECKED_FRAMES = 20  # of each clip, when the figures before and after are taken


def recipe_for(config: SAM2Config, steps: int, learning_rate: float | None, seed: int) -> Recipe:
    """Gentle steps: half stills, half clips of four frames; released weights move five times less than nano's."""
    rate = learning_rate or (1e-4 if config.name == "nano" else 2e-5)
    phase = Phase(until=steps + 1, side=config.image_size, pictures=1, still_share=0.4, clips=1, frames=4)
    return Recipe(
        steps=steps,
        seed=seed,
        learning_rate=rate,
        has_muon=False,  # AdamW made the released weights; and a large matrix's step would take longer than the network
        warmup=max(1, min(20, steps // 10)),
        average_decay=0.98,
        still_plan=EpisodePlan(targets=2, rounds=2),
        clip_plan=EpisodePlan(targets=2, rounds=1, mask_chance=0.5),
        curriculum=(phase,),
    )


def begin(path: Path, config: SAM2Config, clips: AnnotatedClips, recipe: Recipe) -> Training:
    """A run that starts from a checkpoint's weights.

    Raises:
        StateError: the file is no checkpoint of this preset.
    """
    training = Training(config, recipe, clips)
    training.start_from(path)
    return training


def tuned(training: Training) -> SAM2:
    """The network with the run's averaged weights, ready to be used or saved."""
    model = SAM2(training.model.config)
    model.load_state_dict(training.average.weights)
    return model.requires_grad_(False).eval()


def following(model: SAM2, clips: AnnotatedClips) -> float:
    """Mean J&F of every object in the clips' first frames when its true first mask is given."""
    figures: list[float] = []
    for clip in clips.annotated:
        frames = list(clip.frames[:CHECKED_FRAMES].permute(0, 2, 3, 1).contiguous().numpy())
        for number in clip.numbers:
            masks = list((clip.labels[:CHECKED_FRAMES] == number).numpy())
            if len(frames) > 2 and masks[0].any():
                sequence = Sequence(clip.name, frames, masks)
                figures.extend(overlaps(follow(model, sequence, sequence.first_mask()), masks))
    return sum(figures) / len(figures) if figures else math.nan


def main() -> None:
    """Fine-tune a preset on annotated clips, and say what became of the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="annotated clips in DAVIS' layout")
    parser.add_argument("--check", type=Path, help="other annotated clips to measure on; default: the same")
    parser.add_argument("--checkpoint", default="nano", help="a preset's name or a checkpoint's path")
    parser.add_argument("--run", type=Path, default=Path("runs/finetuned"), help="where state and log are kept")
    parser.add_argument("--out", type=Path, help="checkpoint to write; default: <run>/<preset>.safetensors")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--image-size", type=int, help="side of the square input [px]; smaller is faster")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--resume", action="store_true", help="go on with the run in its folder")
    wanted = parser.parse_args()
    keep_memory()
    try:
        path = weight_files.find(wanted.checkpoint)
        preset = weight_files.preset_of_name(wanted.checkpoint) or checkpoints.guess_preset(
            checkpoints.read_state(path)
        )
        if preset is None:
            parser.exit(1, f"{path} belongs to no preset; one of {', '.join(PRESETS)} is wanted.\n")
        config = replace(PRESETS[preset], image_size=wanted.image_size or PRESETS[preset].image_size)
        clips = AnnotatedClips(read_annotated(wanted.folder), device=wanted.device)
        checked = AnnotatedClips(read_annotated(wanted.check)) if wanted.check else clips
        training = begin(path, config, clips, recipe_for(config, wanted.steps, wanted.learning_rate, wanted.seed))
        before = following(tuned(training), checked)
        if wanted.resume:
            training.resume(wanted.run / "state.pt")
        wanted.run.mkdir(parents=True, exist_ok=True)
        run(training, wanted.run, minutes=wanted.minutes, save_every=4.0, on_save=lambda: None)
        model = tuned(training)
        out = checkpoints.save(model, wanted.out or wanted.run / f"{preset}.safetensors", dtype=torch.float16)
    except (CheckpointError, StateError, FloatingPointError, OSError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    print(f"J&F with the true first mask: {before:.3f} before, {following(model, checked):.3f} after. Written: {out}")


if __name__ == "__main__":
    main()
