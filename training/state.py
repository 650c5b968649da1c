"""What a training run is at one moment, and how it is kept on disk.

The running state is one torch file, replaced atomically. The compact state, for the repository, holds
the averaged weights in half precision, in pieces of at most 16 MB.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

PIECE_BYTES = 15 * 2**20


class StateError(ValueError):
    """A state that cannot be read or written; the message is one sentence."""


@dataclass(eq=False)
class Average:
    """An exponential moving average of a network's weights, which is what gets shipped.

    Attributes:
        decay: how much of the old average stays at each step, once warmed up.
        weights: by parameter name, float32.
    """

    decay: float
    weights: dict[str, Tensor]

    @classmethod
    def of(cls, model: nn.Module, decay: float) -> Average:
        """Start from the network's present weights."""
        return cls(decay, {name: value.detach().clone() for name, value in model.state_dict().items()})

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after step `step` (counted from 0); early steps are forgotten faster."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            self.weights[name].lerp_(value, 1 - decay)


def save_atomically(content: Any, path: Path) -> None:
    """Write a torch file so that a reader sees the old one or the new one, never half of one.

    Raises:
        StateError: the disk does not take it; the old file is still there.
    """
    partial = path.with_suffix(path.suffix + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        partial.unlink(missing_ok=True)
        raise StateError(f"The state could not be written to {path} ({error}); free some space and resume.") from error


def load(path: Path, device: str = "cpu") -> Any:
    """Read a file written by `save_atomically`.

    Raises:
        StateError: there is none, or it is damaged.
    """
    if not path.exists():
        raise StateError(f"There is no state at {path}; start without --resume.")
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # a damaged file can raise nearly anything
        raise StateError(f"The state at {path} cannot be read ({error}); remove it and start again.") from error


def write_compact(weights: dict[str, Tensor], folder: Path) -> list[Path]:
    """Write weights in half precision as numbered pieces of at most 16 MB.

    Returns:
        The files written.
    """
    pieces: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in weights.items():
        half = value.detach().to("cpu", torch.float16)
        if size + half.nbytes > PIECE_BYTES:
            pieces.append({})
            size = 0
        pieces[-1][name] = half
        size += half.nbytes
    for old in folder.glob("state-*.pt"):
        old.unlink()
    paths = [folder / f"state-{index}.pt" for index in range(len(pieces))]
    for path, piece in zip(paths, pieces, strict=True):
        save_atomically(piece, path)
    return paths


def read_compact(folder: Path) -> dict[str, Tensor]:
    """Read what `write_compact` wrote, as float32.

    Raises:
        StateError: the folder holds no piece, or one is damaged.
    """
    paths = sorted(folder.glob("state-*.pt"))
    if not paths:
        raise StateError(f"There is no compact state in {folder}; start without --start-from.")
    return {name: value.float() for path in paths for name, value in load(path).items()}
