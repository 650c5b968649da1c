"""Several processes of one thread that train together, and what each asks of its system."""

from __future__ import annotations

import ctypes
import os
import signal

import torch
import torch.distributed
from torch import nn


def average_gradients(model: nn.Module) -> None:
    """Let all workers take the same step; alone, do nothing."""
    if not torch.distributed.is_initialized():
        return
    parameters = list(model.parameters())
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for parameter, gradient in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = gradient.view_as(parameter)


def all_agree(goes_on: bool) -> bool:
    """Whether the first worker wants to go on: the clocks of the others do not count."""
    if not torch.distributed.is_initialized():
        return goes_on
    vote = torch.tensor([float(goes_on)])
    torch.distributed.broadcast(vote, 0)
    return bool(vote)


def keep_memory() -> None:
    """Ask glibc to keep freed pages: giving them back and faulting them in again doubles a step's time."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return  # not Linux with glibc: nothing to ask
    for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 2**29)):  # M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD
        libc.mallopt(option, value)


def end_with_parent(parent: int) -> None:
    """Let this process be killed when process `parent`, which started it, ends in whatever way.

    Otherwise workers of a killed run train on unseen, and write over the state of the next one.
    """
    try:
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    except OSError:
        return  # not Linux: its processes have to be ended by hand
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGKILL)
