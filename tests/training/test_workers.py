"""Several workers take one step together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.distributed
import torch.multiprocessing
from torch import nn

from training.workers import average_gradients, end_with_parent


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


def lead(path: str) -> None:
    """Start a worker that would run for ever, and be killed."""
    worker = multiprocessing.get_context("fork").Process(target=toil, args=(path, os.getpid()))
    worker.start()
    while not Path(path).exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def toil(path: str, parent: int) -> None:
    end_with_parent(parent)
    Path(path + ".part").write_text(str(os.getpid()))
    Path(path + ".part").rename(path)
    time.sleep(60)


@pytest.mark.skipif(sys.platform != "linux", reason="asked of Linux alone")
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Orphans once trained on for half an hour and wrote over the next run's state."""
    path = tmp_path / "worker"
    leader = multiprocessing.get_context("spawn").Process(target=lead, args=(str(path),))
    leader.start()
    leader.join(60)
    assert leader.exitcode == -signal.SIGKILL
    worker = int(path.read_text())
    assert ends(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="asked of Linux alone")
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_ends_with_all_its_workers(tmp_path: Path) -> None:
    """It once waited for the others, who went on."""
    command = [sys.executable, "-m", "training.train", str(tmp_path), "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as leader:
        try:
            while not (tmp_path / "recipe.json").exists() and leader.poll() is None:
                time.sleep(0.05)
            workers = Path(f"/proc/{leader.pid}/task/{leader.pid}/children").read_text().split()
            leader.send_signal(signal.SIGINT)  # to it alone: Ctrl+C would reach all
            _, said = leader.communicate(timeout=60)
        finally:
            leader.kill()
    assert leader.returncode == 130
    assert "--resume" in said
    assert "Traceback" not in said
    assert len(workers) >= 2
    assert all(ends(int(worker)) for worker in workers)


def ends(process: int) -> bool:
    """Whether a process is gone within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until and is_running(process):
        time.sleep(0.02)
    return not is_running(process)


def is_running(process: int) -> bool:
    """Whether a process lives; one that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
