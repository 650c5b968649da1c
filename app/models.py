"""Which models can run here, which one is the default, and why: in words for the page and the command line."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import torch

import sam2_model
from sam2_model.checkpoints import find_local

EMBEDDED = "nano"

# Meta's files as published [MB]: what choosing a model costs on a first use.
_DOWNLOAD_MEGABYTES = {"tiny": 156, "small": 184, "base_plus": 324, "large": 898}
# Where several are at hand and the hardware is quick, the most exact one starts.
_BEST_FIRST = ("large", "base_plus", "small", "tiny")


@dataclass(frozen=True)
class ModelChoice:
    """One model that can be asked for.

    Args:
        name: what `--model` takes and a project stores, e.g. `sam2.1_tiny`.
        title: what people read, e.g. "SAM 2.1 tiny".
        is_here: its weights are embedded or on this disk; otherwise choosing it starts a download.
        note: one sentence: where the weights are, and what to expect.
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
    return tuple(_describe(name) for name in sam2_model.PRESETS)


def default_model() -> DefaultModel:
    """Choose by hardware and by what is at hand.

    That is the most exact released model whose weights are on this disk where there is a GPU, and the
    embedded one everywhere else: on a CPU a released model takes seconds for each frame.
    """
    if not torch.cuda.is_available():
        return DefaultModel(
            EMBEDDED, "The embedded model runs, because it is the quick one on a computer without a GPU."
        )
    for size in _BEST_FIRST:
        name = f"sam2.1_{size}"
        if find_local(name) is not None:
            return DefaultModel(name, f"{_title(name)} runs, because there is a GPU and its weights are on this disk.")
    return DefaultModel(
        EMBEDDED,
        "The embedded model runs, because no released weights are on this disk; choose SAM 2.1 to fetch them.",
    )


_loaded: tuple[str, sam2_model.SAM2] | None = None
_loading = threading.Lock()


def load_model(name: str) -> sam2_model.SAM2:
    """Load a model onto the GPU if there is one; the last one loaded stays, because one fills much of the memory.

    Args:
        name: a preset's name or the path of a checkpoint.

    Raises:
        sam2_model.CheckpointError: no such model, no network, or a damaged file.
    """
    global _loaded
    with _loading:
        if _loaded is None or _loaded[0] != name:
            _loaded = None
            device = "cuda" if torch.cuda.is_available() else "cpu"
            _loaded = (name, sam2_model.load(name, device=device))
        return _loaded[1]


def _describe(name: str) -> ModelChoice:
    is_here = find_local(name) is not None
    if name == EMBEDDED:
        note = "Ships with this program and is quick without a GPU; the released models are more exact."
    elif is_here:
        note = "Its weights are on this disk; on a CPU a frame takes seconds."
    else:
        size = _DOWNLOAD_MEGABYTES[name.partition("_")[2]]
        note = f"Its first use fetches {size} MB from the Hugging Face Hub; on a CPU a frame takes seconds."
    return ModelChoice(name, _title(name), is_here, note)


def _title(name: str) -> str:
    if name == EMBEDDED:
        return "nano (embedded)"
    version, size = name.split("_", 1)
    return f"SAM {version.removeprefix('sam')} {size.replace('_', '-')}"
