"""Weights: verify a file, rename its tensors, load them strictly into a network; and save back."""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .config import PRESETS, SAM2Config
from .model import SAM2
from .weight_files import CheckpointError, find, preset_of_name
from .weight_names import from_hub_layout, from_meta, is_hub_layout, to_meta

logger = logging.getLogger(__name__)

_EXAMPLES = 2  # how many tensors an error message names of each kind


def load(
    name_or_path: str | Path,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    image_size: int | None = None,
) -> SAM2:
    """Build a network with the weights of a preset or of a file.

    A name is looked for in a folder `checkpoints/` (where you are, or beside the package), then in the Hub's
    cache, then on the Hub; `nano` ships with the package.

    Args:
        name_or_path: a preset ("sam2.1_tiny"), Meta's file name ("sam2.1_hiera_tiny.pt"), a Hub repository
            ("facebook/sam2.1-hiera-tiny"), or the path of a `.pt` or `.safetensors` file.
        device: where the network is wanted; the CPU by default.
        dtype: number type of the large products (see `SAM2.narrow`); float32 by default, whatever the file holds.
        image_size: side of the square input [px], a multiple of 32 from 256 to 1024; the preset's by default.

    Returns:
        The network, ready for inference.

    Raises:
        CheckpointError: no such preset or file, no network, a damaged or dangerous file, another architecture.
        ValueError: `image_size` is impossible.
    """
    path = find(name_or_path)
    state = read_state(path)
    preset = preset_of_name(name_or_path) or preset_of_name(path.name) or guess_preset(state)
    if preset is None:
        examples = ", ".join(f"{name} {tuple(value.shape)}" for name, value in list(state.items())[:_EXAMPLES])
        raise CheckpointError(
            f"{path} holds none of {', '.join(PRESETS)}: it has {len(state)} tensors such as {examples}, "
            "where SAM 2 has image_encoder.trunk.patch_embed.proj.weight (96, 3, 7, 7) or wider."
        )
    config = PRESETS[preset]
    if image_size is not None:
        config = replace(config, image_size=image_size)
    logger.info("%s: weights from %s", preset, path)
    return build(config, state, source=str(path), device=device, dtype=dtype)


def build(
    config: SAM2Config,
    state: Mapping[str, Tensor],
    *,
    source: str,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> SAM2:
    """A network of the given sizes with the given weights, loaded strictly.

    Args:
        config: the sizes.
        state: the weights under Meta's names.
        source: what an error message calls them.
        device: as in `load`.
        dtype: as in `load`.

    Raises:
        CheckpointError: the weights belong to another architecture.
    """
    with torch.device("meta"):
        model = SAM2(config)
    _check_architecture(config, model, state, source)
    model = model.to(torch.float32).to_empty(device=device or "cpu").narrow(dtype or torch.float32)
    model.load_state_dict({from_meta(name): value for name, value in state.items()}, strict=True)
    return model.requires_grad_(False).eval()


def save(model: SAM2, path: str | Path, *, dtype: torch.dtype | None = None) -> Path:
    """Write a network's weights under Meta's names.

    Args:
        model: the network.
        path: ending in `.pt` (Meta's form) or `.safetensors`, beside which a `.sha256` file is written too: `load`
            checks it.
        dtype: number type in the file, if another than the network's is wanted.

    Returns:
        The path.
    """
    path = Path(path)
    state = {to_meta(name): value.detach().to("cpu", dtype).contiguous() for name, value in model.state_dict().items()}
    part = path.with_name(path.name + ".part")
    if path.suffix == ".safetensors":
        save_file(state, part)
        _digest_file(path).write_text(f"{_sha256(part)}  {path.name}\n")
    elif path.suffix == ".pt":
        torch.save({"model": state}, part)
    else:
        raise CheckpointError(
            f"Weights cannot be saved as {path.name}; a name ending in .pt or .safetensors is wanted."
        )
    return part.replace(path)


# --- reading --------------------------------------------------------------------------------------------------------


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a weights file, safely, into tensors under Meta's names.

    Raises:
        CheckpointError: the file is damaged, may run code, or holds no weights.
    """
    _verify(path)
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
        if path.suffix != ".safetensors" and isinstance(state, dict) and isinstance(state.get("model"), dict):
            state = state["model"]
        if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
            raise CheckpointError(f"{path} holds no weights; a file of named tensors is wanted.")
        return from_hub_layout(state) if is_hub_layout(state) else state
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is damaged, or holds more than weights and might run code, so it was not loaded; "
            "use Meta's .pt file or a .safetensors file."
        ) from error
    except (SafetensorError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no weights file ({error}); fetch it again.") from error


def _verify(path: Path) -> None:
    """Compare a file with its SHA-256 where that is known: a flipped byte would otherwise load in silence."""
    digest_file = _digest_file(path)
    blob = path.resolve()
    if digest_file.is_file():
        wanted = digest_file.read_text().split()[0]
    elif blob.parent.name == "blobs" and len(blob.name) == 64:
        wanted = blob.name  # the Hub's cache names large files by their SHA-256
    else:
        return
    came = _sha256(path)
    if came != wanted:
        raise CheckpointError(
            f"{path} is damaged: its SHA-256 is {came}, {wanted} is wanted; delete it and fetch it again."
        )


def _digest_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# --- judging --------------------------------------------------------------------------------------------------------


def guess_preset(state: Mapping[str, Tensor]) -> str | None:
    """The preset whose trunk and version the weights (under Meta's names) have, or None."""
    patches = state.get("image_encoder.trunk.patch_embed.proj.weight")
    if patches is None:
        return None
    blocks = {name.split(".")[3] for name in state if name.startswith("image_encoder.trunk.blocks.")}
    version = "2.1" if "obj_ptr_tpos_proj.weight" in state else "2.0"
    for name, config in PRESETS.items():
        if (config.embed_dim, sum(config.blocks_per_stage), config.version) == (len(patches), len(blocks), version):
            return name
    return None


def _check_architecture(config: SAM2Config, model: SAM2, state: Mapping[str, Tensor], source: str) -> None:
    wanted = dict(sorted((to_meta(name), tuple(value.shape)) for name, value in model.state_dict().items()))
    missing = [f"{name} {shape}" for name, shape in wanted.items() if name not in state]
    unknown = [f"{name} {tuple(value.shape)}" for name, value in state.items() if name not in wanted]
    misfits = [
        f"{name} came {tuple(state[name].shape)}, wanted {shape}"
        for name, shape in wanted.items()
        if name in state and tuple(state[name].shape) != shape
    ]
    if not (missing or unknown or misfits):
        return
    kinds = (("missing", missing), ("not known", unknown), ("of another shape", misfits))
    details = "; ".join(
        f"{len(found)} {kind}, such as {' and '.join(found[:_EXAMPLES])}" for kind, found in kinds if found
    )
    guess = guess_preset(state)
    advice = "" if guess in (None, config.name) else f" It looks like {guess}; name the file after that preset."
    raise CheckpointError(f"{source} does not fit {config.name}: of {len(wanted)} tensors, {details}.{advice}")
