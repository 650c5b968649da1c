"""Transformers' implementation and its file layout, which is what the Hub's safetensors files hold."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from sam2_model import ImagePredictor, Prompt, VideoPredictor, load
from sam2_model.preprocessing import to_model_input

from . import oracles
from .clips import make_clip
from .models import EVERY_PRESET, IMAGE_SIZE, QUICK, twins
from .scripted import OFFICIAL_OPTIONS
from .tolerances import ROUNDED_LOGITS, assert_close, assert_masks_equal, is_telling

SIZE = (180, 320)


def transformers_twin(preset: str) -> Any:
    """Transformers' model with the weights of `twins(preset)`."""
    model = oracles.transformers_model(preset, IMAGE_SIZE)
    model.load_state_dict(oracles.in_hub_layout(model, twins(preset).official.state_dict()), strict=True)
    return model


@pytest.mark.parametrize("preset", EVERY_PRESET)
def test_a_hub_file_loads_to_the_same_weights(preset: str, tmp_path: Path) -> None:
    model = transformers_twin(preset)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(tmp_path)
    loaded = load(tmp_path / "model.safetensors", image_size=IMAGE_SIZE)
    assert loaded.config.name == preset
    expected = twins(preset).ours.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("preset", EVERY_PRESET)
def test_stills_agree_with_transformers(preset: str) -> None:
    """Two tensors of one shape whose names were swapped would load well, and show here."""
    model, ours = transformers_twin(preset), ImagePredictor(twins(preset).ours)
    image = make_clip(1, (IMAGE_SIZE, IMAGE_SIZE))[0]
    ours.set_image(image)
    pixels = to_model_input(image, IMAGE_SIZE, device=torch.device("cpu"), dtype=torch.float32, filter="bilinear")
    points, labels = torch.tensor([[[[70.0, 110.0], [180.0, 90.0]]]]), torch.tensor([[[1, 0]]])
    with torch.inference_mode():
        theirs = model._single_frame_forward(pixel_values=pixels, input_points=points, input_labels=labels)
    found = ours.predict(Prompt(points=((70, 110), (180, 90)), labels=(1, 0)))
    best = theirs.high_res_masks.reshape(1, 1, IMAGE_SIZE, IMAGE_SIZE)
    assert is_telling(best)
    assert_masks_equal(f"transformers, still {preset}", found.best(), best)
    assert_close(f"transformers, still {preset}, IoU", found.iou, theirs.iou_scores.reshape(1, 3))
    assert_close(f"transformers, still {preset}, pointer", found.object_pointer, theirs.object_pointer.reshape(1, -1))


@pytest.mark.parametrize("preset", QUICK[:1])
def test_a_clip_agrees_with_transformers(preset: str) -> None:
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

    model = transformers_twin(preset)
    frames = make_clip(4, (IMAGE_SIZE, IMAGE_SIZE))
    cpu = torch.device("cpu")
    pixels = [to_model_input(frame, IMAGE_SIZE, device=cpu, dtype=torch.float32) for frame in frames]
    session = Sam2VideoInferenceSession(torch.cat(pixels), IMAGE_SIZE, IMAGE_SIZE, dtype=torch.float32)
    index = session.obj_id_to_idx(1)
    click = {"point_coords": torch.tensor([[[[70.0, 110.0]]]]), "point_labels": torch.tensor([[[1]]])}
    session.add_point_inputs(index, 0, click)
    session.obj_with_new_inputs = [1]

    ours = VideoPredictor(twins(preset).ours, (IMAGE_SIZE, IMAGE_SIZE), len(frames), OFFICIAL_OPTIONS)
    ours.add_prompt(1, 0, frames[0], Prompt(points=((70, 110),), labels=(1,)))
    with torch.inference_mode():
        model(inference_session=session, frame_idx=0)
        for output in model.propagate_in_video_iterator(session):
            found = ours.track(output.frame_idx, frames[output.frame_idx])
            theirs = torch.nn.functional.interpolate(output.pred_masks, (IMAGE_SIZE, IMAGE_SIZE), mode="bilinear")
            assert is_telling(theirs)
            assert_masks_equal(f"transformers, clip {preset}", found.mask_logits, theirs[:, 0], ROUNDED_LOGITS)
