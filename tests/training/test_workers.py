"""Several workers take one step together."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing
from torch import nn

from training.train import average_gradients


def work(rank: int, meeting: str) -> None:
    """Average a gradient of 1 with one of 2, and one that only the first worker has."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}/store", rank=rank, world_size=2)
    layers = nn.ModuleList([nn.Linear(2, 1, bias=False), nn.Linear(1, 1, bias=False)])
    layers[0].weight.grad = torch.full((1, 2), rank + 1.0)
    if rank == 0:
        layers[1].weight.grad = torch.tensor([[4.0]])
    average_gradients(layers)
    torch.save([layer.weight.grad for layer in layers], f"{meeting}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_gradients_are_averaged_over_workers(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        first, second = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert first.tolist() == [[1.5, 1.5]]
        assert second.tolist() == [[2.0]]


def test_alone_gradients_stay_as_they_are() -> None:
    layer = nn.Linear(1, 1)
    layer.weight.grad = torch.tensor([[3.0]])
    average_gradients(layer)
    assert layer.weight.grad.item() == 3
    assert layer.bias.grad is None
