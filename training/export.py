"""Turn a run's averaged weights into the checkpoint that ships: `python -m training.export runs/nano/state.pt`."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from sam2_model import checkpoints
from sam2_model.config import PRESETS
from sam2_model.model import SAM2
from training.state import StateError, load, read_compact

SHIPPED = Path(checkpoints.__file__).parent / "weights" / "nano.safetensors"


def averaged_model(path: Path) -> SAM2:
    """The network of a run's `state.pt`, or of a folder with a compact state, with its averaged weights.

    Raises:
        StateError: nothing is there, it is damaged, or it belongs to another architecture.
    """
    weights = read_compact(path) if path.is_dir() else load(path)["average"]
    model = SAM2(PRESETS["nano"])
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise StateError(f"The state at {path} belongs to another architecture than nano: {error}") from error
    return model.requires_grad_(False).eval()


def main() -> None:
    """Write the averaged weights of a run in half precision, with their checksum beside them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("state", type=Path, help="a run's state.pt, or a folder with a compact state")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    wanted = parser.parse_args()
    try:
        model = averaged_model(wanted.state)
    except StateError as error:
        parser.exit(1, f"{error}\n")
    path = checkpoints.save(model, wanted.out, dtype=torch.float16)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{path}: {parameters / 1e6:.2f} M parameters, {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
