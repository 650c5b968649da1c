"""How far bfloat16 moves masks from float32, and what stays float32: `python -m benchmarks.half_precision [FOLDER]`.

nano follows an object through example clips, and through the sequences of FOLDER (`SEQUENCE/frames/*.jpg`,
`SEQUENCE/masks/*.png`) from their first true mask on; SAM 2.1 tiny with seeded weights follows discs, ours in bfloat16
and Meta's package under autocast. All masks are compared with float32 in the same run, frame by frame; tracking feeds
on its own masks, so frame 30 tells more than frame 1. Needs no GPU. The result is written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from benchmarks.matte import read_sequence
from benchmarks.peers import RESULTS, Clip, Official, Ours, machine, seeded_weights
from benchmarks.stages import walk_through
from media import VideoClip
from sam2_model import PRESETS, SAM2, Prompt, SAM2Config, VideoPredictor, load

CLIPS = Path(__file__).parents[1] / "examples" / "clips"
CLICKS = {"bird": (400.0, 220.0), "cars": (410.0, 240.0), "walking_away": (430.0, 170.0)}
FREE = {torch.ops.aten._unsafe_view, torch.ops.aten.new_empty}
"""Operators that launch nothing, besides views."""
FRAMES, SEEDED, SEEDED_FRAMES, SEEDED_SIZE = 31, "sam2.1_tiny", 9, 256


@dataclass(frozen=True)
class Job:
    """An object to follow.

    Attributes:
        name: of the clip.
        frames: (H, W, 3) each.
        prompt: what is said about it on the first.
    """

    name: str
    frames: list[NDArray[np.uint8]]
    prompt: Prompt


def jobs(folder: Path | None) -> Iterator[Job]:
    """Example clips, clicked; and sequences below a folder, with the true mask of their first frame."""
    for name, click in CLICKS.items():
        with VideoClip.open(CLIPS / f"{name}.mp4") as clip:
            frames = [frame.pixels for frame in clip.frames(0, min(FRAMES, clip.num_frames))]
        yield Job(name, frames, Prompt((click,), (1,)))
    for masks in sorted(folder.rglob("masks")) if folder else ():
        shots = read_sequence(masks.parent, FRAMES)
        yield Job(masks.parent.name, [pixels for pixels, _ in shots], Prompt(mask=shots[0][1]))


@torch.inference_mode()
def follow(model: SAM2, job: Job) -> list[Tensor]:
    """The object's mask (H, W) bool on every frame."""
    height, width = job.frames[0].shape[:2]
    tracker = VideoPredictor(model, (height, width), len(job.frames))
    tracker.add_prompt(1, 0, job.frames[0], job.prompt)
    return [found.mask_logits[0] > 0 for found in tracker.propagate(enumerate(job.frames))]


def overlaps(exact: list[Tensor], short: list[Tensor]) -> list[float]:
    """IoU frame by frame; 1 where both are empty."""
    pairs = list(zip(exact, short, strict=True))
    return [float((a & b).sum() / (a | b).sum()) if (a | b).any() else 1.0 for a, b in pairs]


def told(overlap: list[float]) -> dict[str, float]:
    """Mean, lowest, and how they go on."""
    facts = {"mean": statistics.mean(overlap), "lowest": min(overlap), "frame 1": overlap[1], "last": overlap[-1]}
    return {name: round(value, 4) for name, value in facts.items()}


def of_seeded_weights() -> dict[str, dict[str, float]]:
    """Weights whose logits lie near zero, where almost every pixel is an edge: ours and Meta's, each with its own."""
    clip, state = Clip((540, 960), SEEDED_FRAMES), seeded_weights(SEEDED)
    sides: dict[str, Callable[[torch.dtype], Ours | Official]] = {
        "ours": lambda dtype: Ours(SEEDED, state, clip, SEEDED_SIZE, dtype),
        "official, by autocast": lambda dtype: Official(SEEDED, state, clip, SEEDED_SIZE, dtype),
    }
    found = {}
    for name, make in sides.items():
        masks = []
        for dtype in (torch.float32, torch.bfloat16):
            side = make(dtype)
            side.open()
            side.click(0)
            masks.append([side.track(index)[0] > 0 for index in range(SEEDED_FRAMES)])
        found[name] = told(overlaps(*masks))
    return found


class Tally(TorchDispatchMode):
    """Counts what a network asks of a GPU, while its tensors are on the meta device.

    Attributes:
        arithmetic: floating-point operations of products, by number type.
        operators: how many there are, views aside; each is at least one launch.
        moved: bytes that operators read and write.
    """

    def __init__(self) -> None:
        super().__init__()
        self.arithmetic: dict[torch.dtype, int] = defaultdict(int)
        self.operators, self.moved = 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry:
            count = flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=out)
            self.arithmetic[args[-1].dtype if isinstance(args[-1], Tensor) else args[0].dtype] += count
        if not func.is_view and func._overloadpacket not in FREE:
            self.note(args, out)
        return out

    def note(self, args: Any, out: Any) -> None:
        """Count an operator."""
        self.operators += 1
        self.moved += sum(each.nbytes for each in tree_leaves((args, out)) if isinstance(each, Tensor))


class FusedAttention(TorchFunctionMode):
    """Attention as one operator, as on a GPU; on the meta device it would fall apart, and go through float32."""

    def __init__(self, counter: Tally) -> None:
        super().__init__()
        self.counter = counter

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not F.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        q, k, v = args
        out = v.new_empty(*q.shape[:-1], v.shape[-1])
        self.counter.arithmetic[q.dtype] += 2 * q.numel() * k.shape[-2] + 2 * out.numel() * k.shape[-2]
        self.counter.note(args, out)
        return out


def tally(config: SAM2Config, prepare: Callable[[SAM2], Any]) -> Tally:
    """What one tracked frame of one object with a full memory asks for, once the network is prepared."""
    counter = Tally()

    def counted(stage: str, work: Callable[[], Any]) -> Any:
        with torch.no_grad(), FusedAttention(counter), counter:
            return work()

    walk_through(config, counted, prepare)
    return counter


def of_arithmetic(preset: str) -> dict[str, Any]:
    """What is left in float32, and what that costs beside a network that is bfloat16 throughout."""
    config = PRESETS[preset]
    mixed = tally(config, lambda model: model.narrow(torch.bfloat16))
    whole = tally(config, lambda model: model.to(torch.bfloat16))
    count = sum(mixed.arithmetic.values())
    return {
        "GFLOP": count / 1e9,
        "share_in_bfloat16": mixed.arithmetic[torch.bfloat16] / count,
        "operators": mixed.operators,
        "operators_if_all_were_bfloat16": whole.operators,
        "MB_moved": mixed.moved / 1e6,
        "MB_moved_if_all_were_bfloat16": whole.moved / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="of sequences, besides the example clips")
    folder = parser.parse_args().folder
    exact = load("nano")
    networks = {"as we run it": load("nano", dtype=torch.bfloat16), "all of it": load("nano").to(torch.bfloat16)}
    nano: dict[str, dict[str, dict[str, float]]] = {name: {} for name in networks}
    for job in jobs(folder):
        expected = follow(exact, job)
        for name, network in networks.items():
            nano[name][job.name] = told(overlaps(expected, follow(network, job)))
    result = {
        "what": f"mask IoU with float32: nano at its own size on {FRAMES} frames; {SEEDED} seeded at {SEEDED_SIZE} px",
        "machine": machine(),
        "nano in bfloat16": nano,
        SEEDED: of_seeded_weights(),
        "arithmetic": {preset: of_arithmetic(preset) for preset in (SEEDED, "sam2.1_base_plus")},
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (RESULTS / "half_precision.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
