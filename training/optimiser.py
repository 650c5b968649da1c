"""How the weights move: Muon for the network's matrices, AdamW for all else."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from training.state import StateError

SMALLEST_MATRIX = 16
"""Fewer rows or columns are a table of a few vectors, which have no directions to be made equal."""


class Optimiser:
    """Two optimisers that step together.

    Muon (Jordan et al. 2024) makes every direction of a matrix's step equally long. From nothing it took the network
    further in 450 steps than AdamW in 550 (docs/decisions/0004). Its step is scaled to AdamW's usual length (Liu et
    al. 2025, arXiv 2502.16982), so that both go by one learning rate.

    Args:
        model: whose parameters it moves.
        rate: the learning rate, until `set_rate` says otherwise.
        weight_decay: of matrices and kernels.
        has_muon: False: AdamW moves the matrices, too.
    """

    def __init__(self, model: nn.Module, rate: float, weight_decay: float, *, has_muon: bool) -> None:
        matrices, kernels, vectors = [], [], []
        for parameter in model.parameters():
            if has_muon and parameter.ndim == 2 and min(parameter.shape) >= SMALLEST_MATRIX:
                matrices.append(parameter)
            else:
                (kernels if parameter.ndim > 1 else vectors).append(parameter)
        others = [{"params": kernels, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        self._parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98))]
        if has_muon:
            muon = torch.optim.Muon(matrices, lr=rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            self._parts.append(muon)

    def set_rate(self, rate: float) -> None:
        """Go on with another learning rate."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate

    def forget_gradients(self) -> None:
        """Make room for the next step's gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Move the parameters by their gradients."""
        for part in self._parts:
            part.step()

    def state(self) -> list[dict[str, Any]]:
        """All that `restore` needs to go on."""
        return [part.state_dict() for part in self._parts]

    def restore(self, state: object) -> None:
        """Go on from an earlier `state()`.

        Raises:
            StateError: it was written by an earlier version.
        """
        if not isinstance(state, list) or len(state) != len(self._parts):
            raise StateError("The run's optimiser is an earlier version's; go on from its weights with --start-from.")
        for part, kept in zip(self._parts, state, strict=True):
            part.load_state_dict(kept)
