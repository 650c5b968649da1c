"""What must hold on a real GPU: the same masks as on the CPU, however the work is cut up. Skipped without CUDA."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sam2_model import SAM2, Budget, FrameMasks, Prompt, VideoPredictor, load
from sam2_model.preprocessing import to_model_input
from sam2_model.uploads import Uploads

from .conftest import NUM_FRAMES, SIZE

pytestmark = pytest.mark.gpu

PROMPTS = {
    7: Prompt(points=((40, 48),), labels=(1,)),
    3: Prompt(box=(100, 10, 150, 60)),
    5: Prompt(points=((120, 80), (10, 10)), labels=(1, 0)),
}


@pytest.fixture
def exact_products() -> Iterator[None]:
    """Without TF32, whose products keep ten bits."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def on_gpu(model: SAM2, dtype: torch.dtype = torch.float32) -> SAM2:
    return deepcopy(model).to("cuda").narrow(dtype)


def tracked(model: SAM2, clip: NDArray[np.uint8], budget: Budget | None = None) -> list[FrameMasks]:
    tracker = VideoPredictor(model, SIZE, NUM_FRAMES, budget=budget)
    for object_id, prompt in PROMPTS.items():
        tracker.add_prompt(object_id, 0, clip[0], prompt)
    return list(tracker.propagate((t, clip[t]) for t in range(20)))


def lowest_iou(found: list[FrameMasks], expected: list[FrameMasks]) -> float:
    pairs = [(one.mask_logits.cpu() > 0, two.mask_logits.cpu() > 0) for one, two in zip(found, expected, strict=True)]
    return min(float((a & b).sum() / (a | b).sum().clamp(min=1)) for a, b in pairs)


def test_the_gpu_gives_the_masks_of_the_cpu(model: SAM2, clip: NDArray[np.uint8], exact_products: None) -> None:
    found, expected = tracked(on_gpu(model), clip), tracked(model, clip)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one.mask_logits.cpu(), two.mask_logits, rtol=1e-3, atol=1e-3)


def test_bfloat16_moves_edges_only(clip: NDArray[np.uint8]) -> None:
    """Of trained weights: where random ones answer, almost every pixel lies near an edge."""
    nano = load("nano", image_size=256)
    assert lowest_iou(tracked(on_gpu(nano, torch.bfloat16), clip), tracked(nano, clip)) >= 0.99


@pytest.mark.parametrize("budget", [Budget(1, 1), Budget(4, 1), Budget(1, 16), Budget(4, 16), Budget(4, 16, True)])
def test_the_budget_changes_no_mask(model: SAM2, clip: NDArray[np.uint8], budget: Budget, exact_products: None) -> None:
    network = on_gpu(model)
    for one, two in zip(tracked(network, clip, budget), tracked(network, clip), strict=True):
        torch.testing.assert_close(one.mask_logits, two.mask_logits, rtol=1e-3, atol=1e-3)


@pytest.mark.timeout(900)  # compiling takes minutes
def test_compiled_and_recorded_parts_change_no_mask(model: SAM2, clip: NDArray[np.uint8], exact_products: None) -> None:
    """First compiled, then recorded, then run from the recordings, at last on another thread, as the page's are."""
    skipped = torch._dynamo.utils.counters["inductor"]["cudagraph_skips"]
    plain, compiled = on_gpu(model), on_gpu(model).requires_grad_(False).compile_parts()
    expected = tracked(plain, clip)
    found = [tracked(compiled, clip) for _ in range(3)]
    with ThreadPoolExecutor(1) as other:
        found.append(other.submit(tracked, compiled, clip).result())
    for one, *others in zip(expected, *found, strict=True):
        for two in others:
            torch.testing.assert_close(two.mask_logits, one.mask_logits, rtol=1e-3, atol=1e-3)
    assert torch._dynamo.utils.counters["inductor"]["cudagraph_skips"] == skipped, "some parts were not recorded"


def test_frames_that_travel_on_their_own_stream_arrive_whole(clip: NDArray[np.uint8]) -> None:
    device = torch.device("cuda", 0)
    coming = Uploads(1024, device, torch.float32)
    for start in range(0, 20, 4):
        group = [(index, clip[index]) for index in range(start, start + 4)]
        coming.announce(group)
        for index, pixels in group:
            expected = to_model_input(pixels, 1024, device=device, dtype=torch.float32)
            assert torch.equal(coming.take(index, pixels), expected)


def test_a_full_gpu_shrinks_the_budget_and_not_the_masks(model: SAM2, clip: NDArray[np.uint8]) -> None:
    network = on_gpu(model)
    expected = tracked(network, clip, Budget(1, 1))
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    tracked(network, clip, Budget(1, 1))
    enough = torch.cuda.max_memory_reserved() / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(enough)
    try:
        found = tracked(network, clip, Budget(16, 16))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one.mask_logits, two.mask_logits, rtol=1e-3, atol=1e-3)


def test_memory_on_the_gpu_does_not_grow_with_the_clip(model: SAM2, clip: NDArray[np.uint8]) -> None:
    network = on_gpu(model)
    tracker = VideoPredictor(network, SIZE, num_frames=None)
    for object_id, prompt in PROMPTS.items():
        tracker.add_prompt(object_id, 0, clip[0], prompt)
    peaks = {}
    for index, _ in enumerate(tracker.propagate((t, clip[t % NUM_FRAMES]) for t in range(400)), start=1):
        if index in (50, 400):
            peaks[index] = torch.cuda.max_memory_allocated()
    assert peaks[400] <= 1.1 * peaks[50]
