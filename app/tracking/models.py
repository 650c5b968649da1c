"""Which models can run here, which one is the default, and why: in words for the page and the command line."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import torch

import sam2_model
from app.freed_memory import keep_freed_memory
from app.tracking.hardware import Setup, Wishes, choose_setup, look_at_hardware
from sam2_model.weight_files import find_local

EMBEDDED = "nano"
FAST_SIZE = 512
"""Side of the square input of the fast choices [px]: a quarter of the released one's pixels."""

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
    """All models by name, the embedded one first. Looks at the disk only; nothing is fetched.

    A name such as `sam2.1_tiny@512` is the same weights on a smaller square input.
    """
    newest = [name for name in sam2_model.PRESETS if name.startswith("sam2.1")]
    return tuple(_describe(name) for name in [*sam2_model.PRESETS, *(f"{name}@{FAST_SIZE}" for name in newest)])


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


_wishes = Wishes()
_loaded: tuple[str, Wishes, sam2_model.SAM2] | None = None
_loading = threading.Lock()


def set_by_hand(wishes: Wishes) -> None:
    """Say what the hardware shall not choose by itself; models loaded from here on follow it."""
    global _wishes
    _wishes = wishes


def current_setup(name: str = "") -> Setup:
    """How a model runs here, and why; `name` as for `load_model`."""
    weights, image_size = split_name(name)
    wishes = replace(_wishes, image_size=image_size or _wishes.image_size)
    return choose_setup(look_at_hardware(), wishes, is_embedded=weights == EMBEDDED)


def current_budget(model: sam2_model.SAM2) -> sam2_model.Budget:
    """How much a tracker does at once here with a model."""
    suiting = sam2_model.Budget.suiting(model.device, model.config.image_size)
    return replace(suiting, look_ahead=current_setup().look_ahead)


def load_model(name: str) -> sam2_model.SAM2:
    """Load a model as `current_setup` has it; the last one loaded stays, because one fills much of the memory.

    Args:
        name: a preset's name or the path of a checkpoint; `@` and a number after it set the side of the square input.

    Raises:
        sam2_model.CheckpointError: no such model, no network, or a damaged file.
    """
    global _loaded
    with _loading:
        if _loaded is None or _loaded[:2] != (name, _wishes):
            _loaded = None
            setup = current_setup(name)
            if setup.device == "cpu":
                keep_freed_memory()
            weights, _ = split_name(name)
            try:
                model = sam2_model.load(weights, device=setup.device, dtype=setup.dtype, image_size=setup.image_size)
            except ValueError as error:  # an impossible size
                raise sam2_model.CheckpointError(f"{name}: {error}") from error
            if setup.compiles:
                model.compile_parts()
            _loaded = (name, _wishes, model)
        return _loaded[2]


def split_name(name: str) -> tuple[str, int | None]:
    """`sam2.1_tiny@512` → the weights' name or path, and the side of the square input [px], None for the preset's."""
    weights, at, size = name.rpartition("@")
    return (weights, int(size)) if at and size.isdecimal() else (name, None)


def is_at_hand(name: str) -> bool:
    """Whether a model can be loaded without a download; `name` as for `load_model`."""
    weights, _ = split_name(name)
    return find_local(weights) is not None or Path(weights).is_file()


def _describe(name: str) -> ModelChoice:
    weights, image_size = split_name(name)
    is_here = find_local(weights) is not None
    if name == EMBEDDED:
        note = "Ships with this program and is quick without a GPU; the released models are more exact."
    elif is_here:
        note = "Its weights are on this disk; on a CPU a frame takes seconds."
    else:
        size = _DOWNLOAD_MEGABYTES[weights.partition("_")[2]]
        note = f"Its first use fetches {size} MB from the Hugging Face Hub; on a CPU a frame takes seconds."
    if image_size is not None:
        note = f"Sees the frame at {image_size} px: quicker, at a cost in accuracy not measured yet. {note}"
    return ModelChoice(name, _title(name), is_here, note)


def _title(name: str) -> str:
    if name == EMBEDDED:
        return "nano (embedded)"
    weights, image_size = split_name(name)
    version, size = weights.split("_", 1)
    return f"SAM {version.removeprefix('sam')} {size.replace('_', '-')}{', fast' if image_size else ''}"
