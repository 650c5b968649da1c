"""Train the embedded model on generated clips: `python -m training.train runs/nano`.

Every step is a function of the seed, its number and the weights alone, so that a killed run resumes to
the same losses. It runs on a CPU (in bfloat16 where the processor multiplies it fast) or a GPU.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported; app.py says why

import torch
import torch.distributed
import torch.multiprocessing
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from sam2_model import checkpoints
from sam2_model.config import PRESETS, SAM2Config
from sam2_model.model import SAM2
from sam2_model.weight_files import CheckpointError
from training.clips import ClipGenerator, Clips, ClipSource
from training.episodes import EpisodeResult, clip_episode, still_episode
from training.initialise import initialise
from training.material import Material
from training.optimiser import Optimiser
from training.pack import load_material
from training.recipe import CURRICULUM, Phase, Recipe
from training.state import Average, StateError, load, read_compact, save_atomically, write_compact
from training.targets import shows_objects
from training.workers import all_agree, average_gradients, end_with_parent, keep_memory

REPORT_EVERY = 25  # steps


class Training:
    """A run: the network, its optimiser, its average, and how many steps were made."""

    def __init__(self, config: SAM2Config, recipe: Recipe, generator: ClipSource) -> None:
        self.recipe = recipe
        self.generator = generator
        torch.manual_seed(recipe.seed)
        self.model = SAM2(config)
        initialise(self.model)
        self.model.to(generator.device).train()
        self.optimiser = Optimiser(self.model, recipe.learning_rate, recipe.weight_decay, has_muon=recipe.has_muon)
        self.average = Average.of(self.model, recipe.average_decay)
        self.step = 0
        self.worker = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0

    def advance(self) -> EpisodeResult:
        """Make one step.

        Raises:
            FloatingPointError: the loss or a gradient is not finite; the weights are as before the step.
        """
        recipe, device = self.recipe, self.generator.device
        phase = recipe.phase_at(self.step)
        coin = torch.Generator().manual_seed(_mixed(recipe.seed, self.step, 0))  # the same for all workers
        is_still = bool(torch.rand(1, generator=coin) < phase.still_share)
        gen = torch.Generator(device=device).manual_seed(_mixed(recipe.seed, self.step, 1 + 2 * self.worker))
        clips, frames = (phase.pictures, 1) if is_still else (phase.clips, phase.frames)
        side = phase.side if is_still or phase.clip_side is None else phase.clip_side
        made = self._clips(self.generator.of_side(side), clips, frames)
        self.optimiser.set_rate(recipe.rate_at(self.step))
        self.optimiser.forget_gradients()
        with torch.autocast(torch.device(device).type, torch.bfloat16), sdpa_kernel(_attention_kernels(device)):
            if is_still:
                result = still_episode(self.model, made, recipe.still_plan, recipe.weights, gen)
            else:
                result = clip_episode(self.model, made, recipe.clip_plan, recipe.weights, gen)
        result.loss.backward()
        average_gradients(self.model)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip_norm)
        if not torch.isfinite(norm):
            raise FloatingPointError(
                f"The gradient of step {self.step} is {norm.item()}, its loss {result.loss.item()}."
            )
        self.optimiser.step()
        self.average.update(self.model, self.step)
        self.step += 1
        return result._replace(loss=result.loss.detach())

    def _clips(self, generator: ClipSource, clips: int, frames: int) -> Clips:
        """This step's clips; where none of them happens to show an object at first, the next seed's."""
        seed = _mixed(self.recipe.seed, self.step, 2 + 2 * self.worker)
        while not shows_objects(made := generator.make(seed, clips, frames)):
            seed += 1
        return made

    def save(self, path: Path) -> None:
        """Keep everything that resuming needs."""
        content = {
            "step": self.step,
            "curriculum": [asdict(phase) for phase in self.recipe.curriculum],
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state(),
            "average": self.average.weights,
        }
        save_atomically(content, path)

    def resume(self, path: Path) -> None:
        """Go on where `save` left off."""
        content = load(path, self.generator.device)
        self.model.load_state_dict(content["model"])
        self.optimiser.restore(content["optimiser"])
        self.average.weights = content["average"]
        self.step = content["step"]
        # A run that began with somebody's weights goes without the first phases.
        self.recipe = replace(self.recipe, curriculum=tuple(Phase(**phase) for phase in content["curriculum"]))

    def save_compact(self, folder: Path) -> None:
        """Keep the average in half precision, small enough for the repository."""
        write_compact(self.average.weights, folder)

    def start_from(self, path: Path) -> None:
        """Begin a new run, from step 0, with a folder that `save_compact` wrote or with a checkpoint's weights.

        Raises:
            StateError: nothing is there, or it belongs to another architecture.
        """
        self.model.load_state_dict(starting_weights(path, self.model.config))
        self.average = Average.of(self.model, self.recipe.average_decay)
        # What small pictures teach is known already.
        self.recipe = replace(self.recipe, curriculum=self.recipe.curriculum[-1:])


def starting_weights(path: Path, config: SAM2Config) -> dict[str, Tensor]:
    """The weights of a compact state's folder, or of any checkpoint that `sam2_model.load` reads.

    Raises:
        StateError: nothing is there, or it belongs to another architecture.
    """
    if path.is_dir():
        return read_compact(path)
    try:
        return checkpoints.build(config, checkpoints.read_state(path), source=str(path)).state_dict()
    except (CheckpointError, FileNotFoundError) as error:
        raise StateError(f"The weights at {path} cannot be used: {error}") from error


def run(training: Training, folder: Path, *, minutes: float, save_every: float, on_save: Callable[[], None]) -> None:
    """Train until the steps or the minutes are used up, saving and reporting as it goes.

    Args:
        folder: gets `state.pt` and `log.jsonl`.
        minutes: of wall clock.
        save_every: minutes between two saves.
        on_save: called after each save.

    Raises:
        StateError: the disk is full.
        FloatingPointError: the loss is not finite; the last good state stays.
    """
    begun = saved = time.monotonic()
    first_step = training.step
    recent: list[EpisodeResult] = []
    leads = training.worker == 0
    while training.step < training.recipe.steps and all_agree(time.monotonic() - begun < 60 * minutes):
        recent.append(training.advance())
        if training.step % REPORT_EVERY == 0:
            if leads:
                _report(training, folder, recent, (time.monotonic() - begun) / (training.step - first_step))
            recent.clear()
        if leads and time.monotonic() - saved > 60 * save_every:
            training.save(folder / "state.pt")
            on_save()
            saved = time.monotonic()
    if leads:
        training.save(folder / "state.pt")
        on_save()


def _report(training: Training, folder: Path, recent: list[EpisodeResult], seconds_a_step: float) -> None:
    count = len(recent)
    means = {
        "step": training.step,
        "loss": round(sum(float(r.loss) for r in recent) / count, 4),
        "first_iou": round(sum(r.first_iou for r in recent) / count, 4),
        "later_iou": round(sum(r.later_iou for r in recent) / count, 4),
        "seconds_a_step": round(seconds_a_step, 3),
    }
    left = (training.recipe.steps - training.step) * seconds_a_step / 60
    print(" ".join(f"{k}={v}" for k, v in means.items()), f"minutes_left={left:.0f}", flush=True)
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(means) + "\n")


def _mixed(seed: int, step: int, purpose: int) -> int:
    """One seed out of three numbers, far from its neighbours' seeds."""
    return (seed * 1_000_003 + step * 9_176_777 + purpose * 7_368_787) % 2**62


def _attention_kernels(device: str) -> list[SDPBackend]:
    """On a CPU the plain products train twice as fast as the fused kernel, whose backward pass is slow."""
    if torch.device(device).type == "cpu":
        return [SDPBackend.MATH]
    return [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


def main() -> None:
    """Train the embedded model, or go on training it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where the run keeps its state and log, such as runs/nano")
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this time; resume later")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=Recipe().learning_rate)
    parser.add_argument("--material", type=Path, help="folder of photos, masks and cut-outs, or a packed file")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes with one thread each; on a CPU, one a core")
    parser.add_argument("--resume", action="store_true", help="go on with the run in the folder")
    parser.add_argument("--start-from", type=Path, help="begin with a compact state or a checkpoint")
    parser.add_argument("--times", type=int, default=1, help="so many times the pictures of a step; a GPU takes 8")
    parser.add_argument("--compact", type=Path, help="where to keep a compact state at every save")
    parser.add_argument("--save-every", type=float, default=4.0, help="minutes")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    try:
        material = load_material(wanted.material, wanted.device) if wanted.material else None
    except (FileNotFoundError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    try:
        if wanted.workers == 1:
            parser.exit(_work(0, wanted, material, None, os.getpid()))
        with tempfile.TemporaryDirectory() as meeting:
            # The material's tensors are shared between the processes, not copied. Daemons, because this process
            # would otherwise wait for the others when it alone is interrupted.
            everything = (wanted, material, meeting, os.getpid())
            torch.multiprocessing.spawn(_work, everything, nprocs=wanted.workers, daemon=True)
    except KeyboardInterrupt:
        parser.exit(130, f"Stopped; --resume goes on from the last state in {wanted.folder}.\n")


def _work(rank: int, wanted: argparse.Namespace, material: Material | None, meeting: str | None, parent: int) -> int:
    """What each process does; gives back its exit code."""
    keep_memory()
    if meeting:
        end_with_parent(parent)
        torch.set_num_threads(1)
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting}/store", rank=rank, world_size=wanted.workers
        )
    larger = tuple(
        replace(phase, pictures=phase.pictures * wanted.times, clips=phase.clips * wanted.times) for phase in CURRICULUM
    )
    recipe = Recipe(steps=wanted.steps, seed=wanted.seed, learning_rate=wanted.learning_rate, curriculum=larger)
    try:
        training = Training(PRESETS["nano"], recipe, ClipGenerator(device=wanted.device, material=material))
        if wanted.resume:
            training.resume(wanted.folder / "state.pt")
        elif wanted.start_from:
            training.start_from(wanted.start_from)
        if rank == 0:
            (wanted.folder / "recipe.json").write_text(json.dumps(asdict(training.recipe), indent=1))
        keep = (lambda: training.save_compact(wanted.compact)) if wanted.compact else (lambda: None)
        run(training, wanted.folder, minutes=wanted.minutes, save_every=wanted.save_every, on_save=keep)
    except (StateError, FloatingPointError, OSError, ValueError) as error:
        print(f"{error} The last good state stays in {wanted.folder}.", file=sys.stderr)
        return 1
    finally:
        if meeting:
            torch.distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    main()
