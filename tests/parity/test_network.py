"""The network frame by frame: features of the encoder, and everything the image predictor answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from sam2_model import ImagePredictor, Prompt
from sam2_model.prompt_encoder import PromptTensors

from . import oracles
from .clips import make_clip
from .models import EVERY_PRESET, IMAGE_SIZE, QUICK, Twins, twins
from .tolerances import LOGITS, assert_close, assert_masks_equal, is_telling

SIZE = (180, 320)


@pytest.mark.parametrize("preset", EVERY_PRESET)
def test_encoder_features(preset: str) -> None:
    both = twins(preset)
    pixels = torch.randn(2, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        high, mid, low = both.official.forward_image(pixels)["backbone_fpn"]
        features = both.ours.encode_image(pixels)
    assert float(low.std()) > 0.5, "the oracle's features say nothing"
    assert_close(f"encoder {preset}", features.low, low)
    assert_close(f"encoder {preset}", features.mid, mid)
    assert_close(f"encoder {preset}", features.high, high)


@pytest.mark.parametrize(
    "image_size", [320, pytest.param(512, marks=pytest.mark.parity), pytest.param(1024, marks=pytest.mark.parity)]
)
def test_encoder_at_other_input_sizes(image_size: int) -> None:
    both = twins("sam2.1_tiny", image_size)
    pixels = torch.randn(1, 3, image_size, image_size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        _, _, low = both.official.forward_image(pixels)["backbone_fpn"]
        assert_close("encoder at other sizes", both.ours.encode_image(pixels).low, low)


PROMPTS = {
    "one click": Prompt(points=((90.5, 80),), labels=(1,)),
    "clicks of both signs": Prompt(points=((90, 80), (220, 60), (40.25, 150)), labels=(1, 0, 1)),
    "box": Prompt(box=(180, 20, 270, 100.5)),
    "box and clicks": Prompt(box=(180, 20, 270, 100), points=((220, 60), (200, 90)), labels=(1, 0)),
}


@pytest.mark.parametrize("multimask", [True, False])
@pytest.mark.parametrize("preset", EVERY_PRESET)
def test_image_predictor(preset: str, multimask: bool) -> None:
    both = twins(preset)
    image = make_clip(1, SIZE)[0]
    theirs = oracles.official_image_predictor(both.official)
    theirs.set_image(image)
    ours = ImagePredictor(both.ours)
    ours.set_image(image)
    for name, prompt in PROMPTS.items():
        masks, iou, _ = theirs.predict(
            np.array(prompt.points, np.float32) if prompt.points else None,
            np.array(prompt.labels, np.int32) if prompt.points else None,
            None if prompt.box is None else np.array(prompt.box, np.float32),
            multimask_output=multimask,
            return_logits=True,
        )
        found = ours.predict(prompt, multimask=multimask)
        assert is_telling(torch.from_numpy(masks)), name
        assert_masks_equal(f"image predictor {preset}", found.mask_logits[0], torch.from_numpy(masks))
        assert_close(f"image predictor IoU {preset}", found.iou[0], torch.from_numpy(iou))


@pytest.mark.parametrize("preset", EVERY_PRESET)
def test_image_predictor_refines_an_earlier_mask(preset: str) -> None:
    both = twins(preset)
    image = make_clip(1, SIZE)[0]
    theirs, ours = oracles.official_image_predictor(both.official), ImagePredictor(both.ours)
    theirs.set_image(image)
    ours.set_image(image)
    _, _, earlier = theirs.predict(np.array([[90, 80]]), np.array([1]), multimask_output=False)
    mask = torch.from_numpy(earlier)[None]
    points = torch.tensor([[[90.0, 80.0]]]) / torch.tensor((SIZE[1], SIZE[0])) * IMAGE_SIZE

    for what, coordinates, labels in (
        ("click", points, torch.tensor([[1]])),
        ("nothing else", points[:, :0], torch.zeros(1, 0, dtype=torch.int64)),
    ):
        with_points = coordinates.shape[1] > 0
        _, iou, low_res = theirs.predict(
            np.array([[90, 80]]) if with_points else None,
            np.array([1]) if with_points else None,
            mask_input=earlier,
            return_logits=True,
        )
        found = ours.predict_low_res(PromptTensors(coordinates, labels, mask), multimask=True)
        low_res = torch.from_numpy(low_res)[None]
        assert is_telling(low_res)
        assert_masks_equal(f"image predictor, earlier mask and {what}", found.mask_logits.clamp(-32, 32), low_res)
        assert_close(f"image predictor, earlier mask and {what}", found.iou[0], torch.from_numpy(iou))


@pytest.mark.parametrize(("scale", "is_trusted"), [(10, True), (0.01, False)])
@pytest.mark.parametrize("preset", QUICK)
def test_a_single_mask_is_trusted_only_where_it_is_stable(preset: str, scale: float, is_trusted: bool) -> None:
    """Shrunk logits make the single mask unstable, so both sides must answer with the best of the other three."""
    both = twins(preset)
    image = make_clip(1, SIZE)[0]
    theirs, ours = oracles.official_image_predictor(both.official), ImagePredictor(both.ours)
    theirs.set_image(image)
    ours.set_image(image)
    click = Prompt(points=((90, 80),), labels=(1,))
    candidates = ours.predict(click)
    with single_mask_scaled(both, scale):
        masks, iou, _ = theirs.predict(np.array([[90, 80]]), np.array([1]), multimask_output=False, return_logits=True)
        found = ours.predict(click, multimask=False)
    assert_masks_equal(f"single mask × {scale} {preset}", found.mask_logits[0], torch.from_numpy(masks), 10 * LOGITS)
    assert_close(f"single mask × {scale} {preset}, IoU", found.iou[0], torch.from_numpy(iou))
    best = candidates.mask_logits[0, candidates.iou[0].argmax()]
    assert torch.allclose(found.mask_logits[0, 0], best, atol=1e-3) == (not is_trusted)


@contextmanager
def single_mask_scaled(both: Twins, scale: float) -> Iterator[None]:
    """Multiply the logits of candidate 0 on both sides."""
    heads = both.official.sam_mask_decoder.output_hypernetworks_mlps[0], both.ours.mask_decoder.mask_heads[0]
    layers = [head.layers[2] for head in heads]
    before = [copy.deepcopy(layer.state_dict()) for layer in layers]
    try:
        for layer in layers:
            layer.load_state_dict({name: value * scale for name, value in layer.state_dict().items()})
        yield
    finally:
        for layer, values in zip(layers, before, strict=True):
            layer.load_state_dict(values)


def test_many_prompts_at_once_answer_as_one_by_one() -> None:
    both = twins("sam2.1_tiny")
    ours = ImagePredictor(both.ours)
    ours.set_images([make_clip(1, (200, 150), seed=5)[0], make_clip(1, SIZE)[0]])
    prompts = list(PROMPTS.values())
    for group in (prompts, [prompts[0], Prompt(points=((30, 30),), labels=(1,))]):
        together = ours.predict(group, image_index=1)
        assert together.mask_logits.shape == (len(group), 3, *SIZE)
        for row, prompt in enumerate(group):
            alone = ours.predict(prompt, image_index=1)
            torch.testing.assert_close(together.mask_logits[row], alone.mask_logits[0], rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(together.iou[row], alone.iou[0], rtol=1e-4, atol=1e-4)
    with pytest.raises(RuntimeError, match="set_image"):
        ImagePredictor(both.ours).predict(prompts[0])
