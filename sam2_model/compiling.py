"""Compiled methods: torch makes few kernels of many, and on CUDA starts them all by one call.

A recorded run (a CUDA graph) reads its inputs from buffers of its own and leaves its results in others; the next run
of any of them may write over both. So one call is made at a time, from its first input to the copies of its results,
and nothing but these copies is ever handed out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

_one_at_a_time = threading.Lock()


def compile_method(owner: nn.Module, name: str, varying: Sequence[int] = (), **options: Any) -> None:
    """Put the compiled form of a method that gives a tensor, or a NamedTuple of tensors, in its place.

    Args:
        owner: a part of the network.
        name: of the method; compiled when it is first called, and again for what it has not met yet.
        varying: which of its inputs come with any number of tokens, (B, N, C). How many entries a batch has may vary
            for all of them.
        options: of `torch.compile`.
    """
    setattr(owner, name, _CompiledMethod(getattr(owner, name), varying, options))


def options_for(device: torch.device) -> dict[str, Any]:
    """What `torch.compile` is told on a device: to record what it compiled, where there is something to save."""
    # Before 2.13 a recording can be made and run on one thread only; the page tracks on several.
    records = device.type == "cuda" and torch.__version__ >= "2.13"
    return {"mode": "reduce-overhead"} if records else {}


def forget_compiled() -> None:
    """Throw away what was compiled so far, in the whole process; what is still used is compiled again.

    torch counts how often a method was compiled, whichever network it belonged to, and gives up at eight; and a second
    network of another size would be taken for a sign that sizes vary.
    """
    with _one_at_a_time:
        torch.compiler.reset()


class _CompiledMethod:
    """Stands for a method; its results are the caller's to keep."""

    def __init__(self, method: Callable[..., Any], varying: Sequence[int], options: dict[str, Any]) -> None:
        self._run, self._varying = torch.compile(method, **options), varying
        self._records = options.get("mode") == "reduce-overhead"

    def __call__(self, *inputs: Any) -> Any:
        inputs = tuple(_each(_lay_out, given) for given in inputs)
        for index in self._varying:
            torch._dynamo.maybe_mark_dynamic(inputs[index], 1)
        with _one_at_a_time:
            if self._records:
                torch.compiler.cudagraph_mark_step_begin()  # of what an earlier run left nothing is needed any more
            return _each(torch.clone, self._run(*inputs))


def _each(work: Callable[[Tensor], Tensor], found: Any) -> Any:
    """Do it to a tensor, or to all of a tuple; leave the rest as it is."""
    if isinstance(found, tuple):
        return getattr(found, "_make", tuple)(_each(work, part) for part in found)  # a NamedTuple stays one
    return work(found) if isinstance(found, Tensor) else found


def _lay_out(given: Tensor) -> Tensor:
    """A copy in the one layout that is compiled for, because torch compiles again for each that it meets.

    Else it would tell apart a frame encoded by itself and one of several, a weight and what was computed. That the
    next batch may have another length is said beforehand.
    """
    laid_out = given.clone(memory_format=torch.contiguous_format)
    if len(laid_out) > 1:
        torch._dynamo.maybe_mark_dynamic(laid_out, 0)
    return laid_out
