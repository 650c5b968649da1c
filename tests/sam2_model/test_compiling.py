"""Compiled parts: the same masks, few compilations for whole clips, and nothing kept where the next run writes."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sam2_model import SAM2, Budget, Prompt, VideoPredictor
from sam2_model.compiling import compile_method, options_for

from .conftest import NUM_FRAMES, SIZE, SMALL, make_model

CLICK = Prompt(points=((40, 48),), labels=(1,))
CORRECTION = Prompt(points=((48, 48), (100, 80)), labels=(1, 0))
BOX = Prompt(box=(100, 10, 150, 60))
LEAST = replace(SMALL, embed_dim=8, blocks_per_stage=(1, 1, 1, 1), global_attention_blocks=(2,), memory_layers=1)


class Recordings:
    """A compiler whose code behaves as CUDA graphs do: the results of one run are gone when the next one begins.

    Attributes:
        made: how many graphs were compiled.
        open: how many of them leave a size open.
        runs: how many runs of them there were.
    """

    def __init__(self) -> None:
        self.made, self.open, self.runs = 0, 0, 0
        self._results: list[Tensor] = []
        self._is_running = threading.Lock()

    def __call__(self, graph: torch.fx.GraphModule, examples: Sequence[Any]) -> Callable[..., Any]:
        self.made += 1
        self.open += not all(isinstance(each, Tensor) for each in examples)

        def run(*inputs: Any) -> Any:
            assert self._is_running.acquire(blocking=False), "two runs at once would share their buffers"
            for result in self._results:
                result.fill_(torch.nan)
            found = graph(*inputs)
            time.sleep(0.001)  # another thread's chance
            self._results, self.runs = list(found), self.runs + 1
            self._is_running.release()
            return found

        return run


def tracked(model: SAM2, clip: NDArray[np.uint8], prompts: Sequence[Prompt], budget: Budget) -> Tensor:
    """Logits of a clip that is tracked until the memory is full, corrected, and tracked both ways (T, N, H, W)."""
    tracker, found = VideoPredictor(model, SIZE, NUM_FRAMES, budget=budget), []
    for object_id, prompt in enumerate(prompts):
        tracker.add_prompt(object_id, 2, clip[2], prompt)
    found += tracker.propagate((t, clip[t]) for t in range(2, 23))
    found.append(tracker.add_prompt(0, 12, clip[12], CORRECTION))
    found += tracker.propagate((t, clip[t]) for t in range(12, 15))
    found += tracker.propagate(((t, clip[t]) for t in range(1, -1, -1)), -1)
    return torch.stack([each.mask_logits for each in found])


def test_no_result_is_kept_where_the_next_run_writes(clip: NDArray[np.uint8]) -> None:
    """And sizes that change, of the memory, of batches and of prompts, cost few compilations."""
    model, recordings = make_model(LEAST), Recordings()
    compiled = deepcopy(model).requires_grad_(False).compile_parts(backend=recordings, fullgraph=True)
    found, expected = (tracked(network, clip, [CLICK, BOX], Budget(4, 16)) for network in (compiled, model))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    # The beginning once; encoder, decoder and memory encoder for one and for several; attention once more, because a
    # first frame does not say that the number of pointers varies.
    assert recordings.made <= 10
    assert recordings.runs > 100


def test_another_network_is_compiled_afresh(clip: NDArray[np.uint8]) -> None:
    """Not with open sizes, and not counted as the same one again, of which torch gives up after a few."""
    made = []
    for image_size in (256, 288):
        recordings = Recordings()
        model = make_model(replace(LEAST, image_size=image_size)).requires_grad_(False)
        model.compile_parts(backend=recordings, fullgraph=True)
        VideoPredictor(model, SIZE).prepare(0, clip[0])
        made.append((recordings.made, recordings.open))
    assert made == [(1, 0), (1, 0)]


class Doubled(nn.Module):
    """As small as a part can be."""

    def forward(self, x: Tensor) -> Tensor:
        """Twice `x`."""
        return 2 * x


def test_threads_wait_for_each_other() -> None:
    """The page tracks each session on a thread of its own; they share the network, hence its buffers."""
    part = Doubled()
    compile_method(part, "forward", backend=Recordings())
    part(torch.zeros(4))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda number: part(torch.full((4,), float(number))), range(40)))
    assert [each.unique().item() for each in found] == [2.0 * number for number in range(40)]


def test_runs_are_recorded_on_cuda_only() -> None:
    assert options_for(torch.device("cpu")) == options_for(torch.device("mps")) == {}
    records = torch.__version__ >= "2.13"
    assert options_for(torch.device("cuda")) == ({"mode": "reduce-overhead"} if records else {})


@pytest.mark.slow
@pytest.mark.timeout(1500)  # g++ runs 59 times
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")  # the compiler's own, when it is imported
def test_the_real_compiler_gives_the_same_masks(clip: NDArray[np.uint8]) -> None:
    """By C++, since there need not be a GPU: what it makes of five parts, one object and a memory that grows."""
    if not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        pytest.skip("there is no C++ compiler here")
    torch._dynamo.utils.counters.clear()
    model = make_model(LEAST)
    compiled = deepcopy(model).requires_grad_(False).compile_parts(mode="reduce-overhead")
    found = [tracked(network, clip, [CLICK], Budget(1, 1)) for network in (compiled, model)]
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)
    counters = torch._dynamo.utils.counters
    assert not counters["graph_break"]
    assert counters["stats"]["unique_graphs"] == 6
