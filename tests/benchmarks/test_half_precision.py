"""What bfloat16 leaves in float32 is little, and the counting of it is right."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from benchmarks.half_precision import FusedAttention, Tally, tally
from benchmarks.stages import arithmetic
from sam2_model import PRESETS


def test_nearly_all_arithmetic_is_in_bfloat16() -> None:
    tiny = PRESETS["sam2.1_tiny"]
    found = tally(tiny, lambda model: model.narrow(torch.bfloat16)).arithmetic
    assert set(found) == {torch.float32, torch.bfloat16}
    assert found[torch.bfloat16] / sum(found.values()) > 0.95
    assert sum(found.values()) == sum(arithmetic(tiny).values())


def test_a_float32_network_is_narrowed_nowhere() -> None:
    assert set(tally(PRESETS["nano"], lambda model: model.narrow(torch.float32)).arithmetic) == {torch.float32}


def test_products_attention_and_bytes_are_counted() -> None:
    with torch.device("meta"):
        x, weight, q = torch.zeros(6, 4), torch.zeros(4, 5), torch.zeros(1, 1, 8, 2)
    counter = Tally()
    with FusedAttention(counter), counter:
        F.scaled_dot_product_attention(q, q, q)
        (x @ weight).T.unsqueeze(0)  # views cost nothing
    attention, product = 2 * 2 * 8 * 8 * 2, 2 * 6 * 4 * 5
    assert counter.arithmetic == {torch.float32: attention + product}
    assert counter.operators == 2
    assert counter.moved == 4 * (4 * 16 + 24 + 20 + 30)
