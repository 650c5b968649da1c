"""Parts whose mathematics can be told in a second way."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sam2_model import SAM2, Masklet
from sam2_model.attention import RotaryAttention, attend
from sam2_model.hiera import from_windows, to_windows
from sam2_model.image_encoder import ImageEncoder
from sam2_model.layers import MLP
from sam2_model.mask_ops import fill_holes, stability, without_overlap
from sam2_model.memory_bank import FrameMemory, Recall
from sam2_model.positions import rotary_turns, rotate, sine_grid
from sam2_model.preprocessing import to_model_input
from sam2_model.products import Activation, linear
from sam2_model.prompt_encoder import draw_clicks

from .conftest import SMALL


def test_rotary_products_depend_on_the_distance_alone() -> None:
    """Also on a grid that is not square."""
    grid, channels = (3, 7), 16
    turns = rotary_turns(channels, grid)
    torch.manual_seed(0)
    q, k = torch.randn(2, channels)
    turned_q = rotate(q.expand(1, 21, channels), turns).reshape(*grid, channels)
    turned_k = rotate(k.expand(1, 21, channels), turns).reshape(*grid, channels)
    near = (turned_q[0, 1] * turned_k[1, 4]).sum()
    far = (turned_q[1, 3] * turned_k[2, 6]).sum()
    torch.testing.assert_close(near, far, rtol=1e-4, atol=1e-5)
    assert not torch.isclose(near, (turned_q[0, 1] * turned_k[2, 4]).sum(), rtol=1e-3)


def test_rotary_codes_repeat_for_every_memory() -> None:
    turns = rotary_turns(8, (2, 3))
    x = torch.randn(1, 6, 8)
    torch.testing.assert_close(rotate(x.repeat(1, 4, 1), turns), rotate(x, turns).repeat(1, 4, 1))


@pytest.mark.parametrize("pointers", [0, 5])
def test_reading_raw_memories_equals_projecting_them_first(pointers: int) -> None:
    torch.manual_seed(1)
    attention, grid = RotaryAttention(32, 8), (4, 5)
    queries, keys = torch.randn(2, 20, 32), torch.randn(2, 3 * 20 + pointers, 8)
    values = torch.randn(keys.shape)
    turns = rotary_turns(32, grid)
    k = attention.k_proj(keys)
    k = torch.cat((rotate(k[:, :60], turns), k[:, 60:]), dim=1)
    scores = rotate(attention.q_proj(queries), turns) @ k.transpose(1, 2) / 32**0.5
    expected = attention.out_proj(scores.softmax(-1) @ attention.v_proj(values))
    torch.testing.assert_close(attention(queries, keys, values, grid, pointers), expected, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(attention(queries, keys, values, grid, pointers), expected, rtol=1e-5, atol=1e-5)


def test_peaked_attention_is_read_right() -> None:
    attention = RotaryAttention(16)
    with torch.no_grad():
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight.mul_(60)
        x = torch.randn(1, 12, 16)
        fast = attention(x, x, x, (3, 4))
    with torch.enable_grad():
        plain = attention(x, x, x, (3, 4))
    torch.testing.assert_close(fast, plain.detach(), rtol=1e-4, atol=1e-5)


def test_the_sine_grid_tells_every_cell_apart() -> None:
    codes = sine_grid(16, (5, 9)).flatten(1).T
    distance = torch.cdist(codes, codes) + torch.eye(45) * 9
    assert distance.min() > 0.05


def test_stability_is_the_share_that_survives_a_shift() -> None:
    logits = torch.tensor([[[1.0, 0.04, -0.04, -1.0]], [[-1.0, -1.0, -1.0, -1.0]]])
    assert stability(logits, 0.05).tolist() == pytest.approx([1 / 3, 1.0])


def test_small_holes_are_filled_and_large_ones_left() -> None:
    logits = torch.ones(1, 1, 12, 12)
    logits[0, 0, 2, 2] = logits[0, 0, 3, 3] = -5  # one hole of two pixels that touch at a corner
    logits[0, 0, 6:10, 6:10] = -5
    filled = fill_holes(logits, max_area=2)
    assert (filled[0, 0, 2:4, 2:4] > 0).all()
    assert (filled[0, 0, 6:10, 6:10] < 0).all()
    assert torch.equal(fill_holes(logits, max_area=0), logits)


def test_the_surest_object_owns_a_pixel() -> None:
    logits = torch.tensor([[[3.0, 1.0, -2.0]], [[2.0, 4.0, -1.0]]])
    assert (without_overlap(logits) > 0).tolist() == [[[True, False, False]], [[False, True, False]]]
    assert without_overlap(logits)[0, 0, 1] == -10


def test_a_drawn_click_rises_where_it_was_made() -> None:
    points = torch.tensor([[[64.0, 192.0], [192.0, 64.0]]])
    drawn = draw_clicks(points, torch.tensor([[1, 0]]), (16, 16))[0, 0]
    assert drawn.shape == (64, 64)
    assert divmod(int(drawn.argmax()), 64) in {(48, 16), (47, 15), (48, 15), (47, 16)}
    assert drawn[48, 16] > 5
    assert drawn[16, 48] < -10
    assert drawn[0, 0] == pytest.approx(-4, abs=0.5)


def test_a_drawn_box_raises_its_inside() -> None:
    drawn = draw_clicks(torch.tensor([[[64.0, 64.0], [128.0, 192.0]]]), torch.tensor([[2, 3]]), (16, 16))[0, 0]
    assert (drawn[17:47, 17:31] == 0).all()
    assert drawn[10, 20] == drawn[30, 40] == -4


def test_the_model_input_is_normalised() -> None:
    grey = np.full((20, 30, 3), 128, np.uint8)
    made = to_model_input(grey, 64, device=torch.device("cpu"), dtype=torch.float32)
    expected = (128 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    assert made.shape == (1, 3, 64, 64)
    torch.testing.assert_close(made[0, :, 10, 10], expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="uint8"):
        to_model_input(grey.astype(np.float32), 64, device=torch.device("cpu"), dtype=torch.float32)


def test_a_masklet_gives_back_what_it_was_given() -> None:
    rng = np.random.default_rng(0)
    masklet = Masklet(3, (13, 21))
    mask = rng.random((13, 21)) > 0.5
    masklet[4] = mask
    assert (masklet[4] == mask).all()
    assert not masklet[5].any()
    assert masklet.frame_indices == (4,)
    with pytest.raises(ValueError, match="holds"):
        masklet[0] = mask[:5]


@pytest.mark.parametrize("heads", [(2,), (2, 3)])
def test_attention_in_tiles_is_the_librarys(heads: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    q, k, v = torch.randn(*heads, 700, 8), torch.randn(*heads, 2900, 8), torch.randn(*heads, 2900, 4)
    with torch.no_grad():
        torch.testing.assert_close(attend(q, k, v), F.scaled_dot_product_attention(q, k, v), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
@pytest.mark.parametrize("shape", [(3, 50, 40), (1, 40), (0, 40)])
def test_the_quick_product_is_the_plain_one(activation: Activation, shape: tuple[int, ...]) -> None:
    torch.manual_seed(4)
    x, weight, bias = torch.randn(shape), torch.randn(24, 80)[:, ::2], torch.randn(24)
    plain = linear(x.clone().requires_grad_(), weight, bias, activation)
    assert plain.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(linear(x, weight, bias, activation), plain.detach(), rtol=1e-5, atol=1e-5)


def test_a_feed_forward_in_parts_is_the_whole() -> None:
    torch.manual_seed(5)
    mlp, x = MLP((8, 32, 6), "gelu"), torch.randn(2, 41, 61, 8)
    with torch.no_grad():
        parts = mlp(x)
    torch.testing.assert_close(parts, mlp(x).detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("image_size", [256, 288])
def test_the_trunk_without_gradients_is_the_trunk_with_them(image_size: int) -> None:
    """Without them windows are worked on in parts; 288 leaves windows that do not tile the grid."""
    torch.manual_seed(6)
    config = replace(SMALL, image_size=image_size, blocks_per_stage=(2, 2, 3, 2), global_attention_blocks=(5,))
    encoder, pixels = ImageEncoder(config), torch.randn(1, 3, image_size, image_size)
    with torch.no_grad():
        quick = encoder(pixels)
    for fast, plain in zip(quick, encoder(pixels), strict=True):
        torch.testing.assert_close(fast, plain.detach(), rtol=1e-4, atol=1e-4)


def test_windows_put_together_are_the_picture() -> None:
    x = torch.arange(2 * 6 * 9 * 4).reshape(2, 6, 9, 4)
    cut = to_windows(x, 3)
    assert cut.shape == (2 * 2 * 3, 3, 3, 4)
    assert torch.equal(cut[1], x[0, :3, 3:6])
    assert torch.equal(from_windows(cut, 2, 3), x)


def test_a_gpu_can_take_its_fused_kernels(model: SAM2, monkeypatch: pytest.MonkeyPatch) -> None:
    """They want an axis for heads; without it all scores would be written out, half a gigabyte an object."""
    plain, seen = F.scaled_dot_product_attention, []

    def noting(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        seen.append({each.dim() for each in (q, k, v)})
        return plain(q, k, v)

    monkeypatch.setattr(F, "scaled_dot_product_attention", noting)
    features = model.encode_image(torch.randn(1, 3, 256, 256))  # with gradients, hence in the plain forms
    memory = FrameMemory(0, torch.randn(1, 32, 16, 16), torch.randn(1, 64), torch.zeros(1), torch.zeros(1))
    model.decode(features, model.condition(features.low, [Recall([(memory, 0)], [(memory, 1)])]), None)
    assert len(seen) > 10
    assert all(each == {4} for each in seen)


def test_a_gpu_can_take_its_fused_kernels_of_narrow_products(model: SAM2, monkeypatch: pytest.MonkeyPatch) -> None:
    """They want one number type: bfloat16 where products are, and float32 in the decoder, whose edges it would move."""
    plain, seen = F.scaled_dot_product_attention, []

    def noting(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        seen.append({each.dtype for each in (q, k, v)})
        return plain(q, k, v)

    monkeypatch.setattr(F, "scaled_dot_product_attention", noting)
    narrow = deepcopy(model).narrow(torch.bfloat16)
    features = narrow.encode_image(torch.randn(1, 3, 256, 256))
    assert {level.dtype for level in features} == {torch.float32}
    memory = FrameMemory(0, torch.randn(1, 32, 16, 16), torch.randn(1, 64), torch.zeros(1), torch.zeros(1))
    conditioned = narrow.condition(features.low, [Recall([(memory, 0)], [(memory, 1)])])
    assert len(seen) > 8
    assert all(each == {torch.bfloat16} for each in seen)
    seen.clear()
    decoded = narrow.decode(features, conditioned, None)
    assert all(each == {torch.float32} for each in seen)
    assert {conditioned.dtype, *(each.dtype for each in decoded)} == {torch.float32}
    remembered = narrow.encode_memory(features.low, decoded.mask_logits[:, :1], torch.zeros(1, 1), binarize=False)
    assert remembered.dtype == torch.float32


def test_positions_that_are_made_once_follow_the_weights() -> None:
    trunk = ImageEncoder(SMALL).trunk.requires_grad_(False)
    grid = (64, 64)
    for _ in range(2):
        torch.nn.init.normal_(trunk.pos_embed)
        torch.nn.init.normal_(trunk.pos_embed_window)
        made = trunk._positions(grid)
        assert trunk._positions(grid) is made
        assert torch.equal(trunk.requires_grad_()._positions(grid), made)
        trunk.requires_grad_(False)
    assert trunk.to(torch.bfloat16)._positions(grid).dtype == torch.bfloat16
    assert trunk._positions((72, 72)).shape == (1, 72, 72, 16)
