"""Losses against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from training.losses import LossWeights, cross_entropy, dice, intersection_over_union, mask_losses

HALF = torch.tensor([[[1.0, 1.0, 0.0, 0.0]]])  # (1, 1, 4): the left half


def test_cross_entropy_of_a_coin_toss_is_ln_2() -> None:
    value = cross_entropy(torch.zeros(1, 1, 1, 4), HALF, object_share=0.3)
    assert value.item() == pytest.approx(math.log(2))


def test_a_small_object_is_weighted_up() -> None:
    coverage = torch.zeros(1, 1, 10)
    coverage[..., 0] = 1
    logits = torch.full((1, 1, 1, 10), -2.0)  # misses the object, right about the rest
    missed, right = math.log(1 + math.exp(2)), math.log(1 + math.exp(-2))
    # One cell in ten must carry half the weight: it counts nine times.
    assert cross_entropy(logits, coverage, 0.5).item() == pytest.approx((9 * missed + 9 * right) / 18, rel=1e-4)


def test_dice() -> None:
    sure = torch.tensor([[[[50.0, 50.0, -50.0, -50.0]]]])
    assert dice(sure, HALF).item() == pytest.approx(0, abs=1e-6)
    assert dice(-sure, HALF).item() == pytest.approx(1 - 1 / 5)
    assert dice(torch.zeros(1, 1, 1, 4), HALF).item() == pytest.approx(1 - 3 / 5)


def test_iou_of_bool_masks() -> None:
    left = torch.tensor([[True, True, False, False]])
    middle = torch.tensor([[False, True, True, False]])
    nothing = torch.zeros_like(left)
    assert intersection_over_union(left, middle).item() == pytest.approx(1 / 3)
    assert intersection_over_union(nothing, nothing).item() == 1
    assert intersection_over_union(left, nothing).item() == 0


def test_only_the_best_candidate_is_taught() -> None:
    logits = torch.stack([torch.full((1, 4), -3.0), 6 * HALF[0] - 3, torch.zeros(1, 4)])[None].requires_grad_()
    weights = LossWeights(others=0.0, iou=0.0, score=0.0)
    losses, best = mask_losses(logits, torch.zeros(1, 3), torch.zeros(1, 1), HALF, weights)
    losses.total.backward()
    assert best.tolist() == [1]
    assert logits.grad is not None
    touched = logits.grad.abs().sum((0, 2, 3)) > 0
    assert touched.tolist() == [False, True, False]


def test_the_predicted_iou_is_compared_with_the_true_one() -> None:
    logits = torch.tensor([[[[5.0, 5.0, 5.0, 5.0]]]])  # true IoU 1/2
    weights = LossWeights(cross_entropy=0, dice=0, iou=1, score=0)
    losses, _ = mask_losses(logits, torch.tensor([[0.9]]), torch.zeros(1, 1), HALF, weights)
    assert losses.total.item() == pytest.approx(0.4)


def test_a_hidden_object_teaches_its_score_alone() -> None:
    logits = torch.randn(1, 3, 1, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    losses, _ = mask_losses(
        logits, torch.zeros(1, 3), torch.tensor([[2.0]]), torch.zeros(1, 1, 4), LossWeights(score=1)
    )
    losses.total.backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() == 0
    assert losses.score.item() == pytest.approx(math.log(1 + math.exp(2)))
