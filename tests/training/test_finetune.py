"""Fine-tuning on a folder of annotated clips: reading it, cutting clips out of it, learning from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from sam2_model import checkpoints, weight_files
from sam2_model.config import PRESETS
from sam2_model.model import SAM2
from training.annotated import AnnotatedClips, read_annotated
from training.clips import ClipGenerator
from training.episodes import EpisodePlan, clip_episode
from training.finetune import begin, following, recipe_for, tuned
from training.losses import LossWeights
from training.targets import shows_objects


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generated clips of eight frames in DAVIS' layout, one with palette masks and one with grey ones.

    Wanted is only the left half of each object, which the embedded weights cannot know.
    """
    root = tmp_path_factory.mktemp("davis")
    clips = ClipGenerator(side=128, objects=1).make(seed=8, clips=2, frames=8)
    for name, frames, masks in zip(("palette", "grey"), clips.frames, clips.masks[:, :, 0], strict=True):
        pictures, annotations = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name
        pictures.mkdir(parents=True)
        annotations.mkdir(parents=True)
        for index, (frame, whole) in enumerate(zip(frames, masks, strict=True)):
            mask = whole & (whole.cumsum(1).float() < 0.5 * whole.sum(1, keepdim=True))
            cv2.imwrite(str(pictures / f"{index:05}.jpg"), frame.permute(1, 2, 0).flip(-1).contiguous().numpy())
            label = Image.fromarray(mask.numpy().astype(np.uint8) * (2 if name == "palette" else 255))
            if name == "palette":
                label.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
            label.save(annotations / f"{index:05}.png")
    return root


def test_a_folder_is_read(folder: Path) -> None:
    clips = {clip.name: clip for clip in read_annotated(folder)}
    assert clips.keys() == {"palette", "grey"}
    assert clips["palette"].numbers == (2,)
    assert clips["grey"].numbers == (255,)
    assert clips["grey"].frames.shape == (8, 3, 128, 128)


def test_cuts_keep_masks_on_their_objects(folder: Path) -> None:
    source = AnnotatedClips(read_annotated(folder)).of_side(64)
    first, again = source.make(3, 2, 12), source.make(3, 2, 12)
    assert first.frames.shape == (2, 12, 3, 64, 64)
    assert first.masks.shape == (2, 12, 1, 64, 64)
    assert torch.equal(first.frames, again.frames)
    assert torch.equal(first.masks, again.masks)
    assert not torch.equal(first.frames, source.make(4, 2, 12).frames)


def test_what_is_wrong_with_a_folder_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="JPEGImages"):
        read_annotated(tmp_path)
    for name in ("JPEGImages/a", "Annotations/a"):
        (tmp_path / name).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "JPEGImages/a/0.jpg"), np.zeros((20, 30, 3), np.uint8))
    mask = tmp_path / "Annotations/a/0.png"
    cv2.imwrite(str(mask), np.ones((20, 20), np.uint8))
    with pytest.raises(ValueError, match="equal sizes are wanted"):
        read_annotated(tmp_path)
    cv2.imwrite(str(mask), np.ones((20, 30, 3), np.uint8))
    with pytest.raises(ValueError, match="palette"):
        read_annotated(tmp_path)
    mask.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="cannot be read"):
        read_annotated(tmp_path)


def loss_of(model: SAM2, clips: AnnotatedClips, plan: EpisodePlan) -> float:
    """The loss on a few cuts, always the same."""
    cuts = [cut for seed in range(12) if shows_objects(cut := clips.make(seed, 1, 3))]
    with torch.no_grad():
        losses = [
            clip_episode(model, cut, plan, LossWeights(), torch.Generator().manual_seed(seed)).loss
            for seed, cut in enumerate(cuts[:6])
        ]
    return float(torch.stack(losses).mean())


def test_the_loss_falls_and_the_figure_rises(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    config = replace(PRESETS["nano"], image_size=256)
    clips = AnnotatedClips(read_annotated(folder), side=192)
    recipe = recipe_for(config, steps=16, learning_rate=None, seed=1)
    recipe = replace(recipe, average_decay=0.8, curriculum=(replace(recipe.curriculum[0], side=192, frames=3),))
    training = begin(weight_files.find("nano"), config, clips, recipe)
    model = tuned(training)
    loss_before, figure_before = loss_of(model, clips, recipe.clip_plan), following(model, clips)
    for _ in range(recipe.steps):
        training.advance()
    path = checkpoints.save(tuned(training), tmp_path / "nano.safetensors")
    model = checkpoints.load(path, image_size=256)
    assert loss_of(model, clips, recipe.clip_plan) < 0.9 * loss_before
    assert following(model, clips) > figure_before
