"""Which models can run here, which one is the default, and why: in words for the page and the command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelChoice:
    """One model that can be asked for.

    Args:
        name: what `--model` takes and a project stores, e.g. `sam2.1_tiny`.
        title: what people read, e.g. "SAM 2.1 tiny".
        is_here: its weights are embedded or on this disk; otherwise choosing it starts a download.
        note: one sentence: size, speed, where the weights are.
    """

    name: str
    title: str
    is_here: bool
    note: str


@dataclass(frozen=True)
class DefaultModel:
    """The model that starts here, and one sentence that says why."""

    name: str
    reason: str


def available_models() -> tuple[ModelChoice, ...]:
    """All models by name, the embedded one first. Looks at the disk only; nothing is fetched."""
    raise NotImplementedError


def default_model() -> DefaultModel:
    """Choose by hardware and by what is at hand: the best released model already on this disk where there is
    a GPU, the embedded one everywhere else."""
    raise NotImplementedError
