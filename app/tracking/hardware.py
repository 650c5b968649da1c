"""What this computer has, and what follows: device, number type, input, look-ahead, compiling; or set by hand."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import torch

Device = Literal["cuda", "mps", "cpu"]
NUMBER_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_ROOMY_GIB = 7.0  # a card sold as 8 GB
_CPU_FLAGS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Hardware:
    """What there is to compute with.

    Args:
        device: the best device that torch can use here.
        name: what people call it.
        memory: of the GPU [GiB]; None where there is none, or it shares the computer's own.
        has_quick_bfloat16: its products are at least twice as quick in bfloat16 as in float32.
        forgets: the GPU is lent for single calls (ZeroGPU), so compiling would be paid for each time.
    """

    device: Device
    name: str
    memory: float | None
    has_quick_bfloat16: bool
    forgets: bool


@dataclass(frozen=True)
class Wishes:
    """What was set by hand; None leaves the choice to the hardware."""

    device: Device | None = None
    dtype: Literal["float32", "bfloat16"] | None = None
    image_size: int | None = None
    look_ahead: int | None = None
    compiles: bool | None = None


@dataclass(frozen=True)
class Setup:
    """How the network runs here.

    Args:
        device: where.
        dtype: number type of the large products (see `SAM2.narrow`).
        image_size: side of the square input [px]; None: the model's own, whatever the hardware, because what a smaller
            one costs in accuracy is not measured.
        look_ahead: frames that are encoded in one batch ahead of the tracker.
        compiles: the network is compiled first, which costs a minute.
        reason: one or two sentences for the person: what was chosen and why.
    """

    device: Device
    dtype: torch.dtype
    image_size: int | None
    look_ahead: int
    compiles: bool
    reason: str


def look_at_hardware() -> Hardware:
    """Find out what this computer has; quick, and nothing is allocated on a GPU."""
    forgets = "SPACES_ZERO_GPU" in os.environ
    if torch.cuda.is_available():
        facts = torch.cuda.get_device_properties(0)
        quick = torch.cuda.is_bf16_supported(including_emulation=False)
        return Hardware("cuda", facts.name, facts.total_memory / 2**30, quick, forgets)
    if torch.backends.mps.is_available():
        return Hardware("mps", "Apple GPU", None, False, forgets)
    flags = _CPU_FLAGS.read_text() if _CPU_FLAGS.exists() else ""
    quick = any(flag in flags for flag in ("avx512_bf16", "amx_bf16"))
    return Hardware("cpu", f"CPU of {os.cpu_count() or 1} cores", None, quick, forgets)


def choose_setup(hardware: Hardware, wishes: Wishes | None = None, *, is_embedded: bool = False) -> Setup:
    """Choose how the network runs here.

    Args:
        hardware: from `look_at_hardware`.
        wishes: what was set by hand.
        is_embedded: it is the embedded model, whose masks need not be those of a released one.

    Returns:
        The choice, and in words why.
    """
    wishes = wishes or Wishes()
    device = wishes.device or hardware.device
    # A released model's masks come first on a CPU, and bfloat16 moves edges a little. The embedded one learned in it,
    # finds as much in it, and is there to be quick.
    is_quick = device == hardware.device and hardware.has_quick_bfloat16
    is_short = is_quick and (device == "cuda" or is_embedded)
    dtype = NUMBER_TYPES[wishes.dtype] if wishes.dtype else torch.bfloat16 if is_short else torch.float32
    roomy = hardware.memory is not None and hardware.memory >= _ROOMY_GIB
    fitting = (4 if roomy else 2) if device == "cuda" else 1
    look_ahead = wishes.look_ahead or fitting
    compiles = bool(wishes.compiles)
    forgets = compiles and hardware.forgets
    why_not = "because this GPU forgets between two calls" if forgets else "which would take a minute"
    compiled = "compiled first" if compiles and not forgets else f"not compiled, {why_not}"
    size = f"{wishes.image_size} px" if wishes.image_size else "the model's own size"
    by_hand = [each.name for each in fields(wishes) if getattr(wishes, each.name) is not None]
    said = f" Set by hand: {', '.join(by_hand).replace('_', '-')}." if by_hand else ""
    where = _where(hardware, device, dtype, look_ahead)
    reason = f"{where} Frames are seen at {size}; the network is {compiled}.{said}"
    return Setup(device, dtype, wishes.image_size, look_ahead, compiles and not forgets, reason)


def _where(hardware: Hardware, device: Device, dtype: torch.dtype, look_ahead: int) -> str:
    number_type = str(dtype).removeprefix("torch.")
    if device == "cuda":
        frames = f"{look_ahead} frames at a time" if look_ahead > 1 else "frame by frame"
        why = "which is quick there" if hardware.has_quick_bfloat16 else "because its bfloat16 is slow"
        numbers = "" if (dtype == torch.bfloat16) != hardware.has_quick_bfloat16 else f", {why}"
        return f"Runs on {hardware.name} in {number_type}{numbers}, {frames}."
    if device == "mps":
        return f"Runs on the Apple GPU in {number_type}; this is untested, and --device cpu is the way back."
    text = f"Runs on the {hardware.name if hardware.device == 'cpu' else 'CPU'} in {number_type}"
    quicker = dtype == torch.float32 and hardware.device == "cpu" and hardware.has_quick_bfloat16
    return text + ("; bfloat16 would be quicker and move edges a little." if quicker else ".")
