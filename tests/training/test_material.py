"""Packing a folder of real pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.material import CUTOUT_SIDE, SCENE_SIDE, Material, pack


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A photo with a large labelled square and one too small to ask for, a texture, and a green emoji."""
    folder = tmp_path_factory.mktemp("material")
    for name in ("masks/park", "textures/walls", "cutouts/emoji"):
        (folder / name).mkdir(parents=True)
    photo = np.full((200, 300, 3), 90, np.uint8)
    photo[50:150, 100:200] = (255, 0, 0)  # blue, in OpenCV's order
    labels = np.zeros((200, 300), np.uint8)
    labels[50:150, 100:200] = 7
    labels[0:5, 150:155] = 9
    cv2.imwrite(str(folder / "masks/park/a.jpg"), photo)
    cv2.imwrite(str(folder / "masks/park/a.png"), labels)
    cv2.imwrite(str(folder / "textures/walls/b.jpg"), np.full((100, 100, 3), 200, np.uint8))
    emoji = np.zeros((40, 20, 4), np.uint8)
    emoji[5:35, 5:15] = (0, 255, 0, 255)
    cv2.imwrite(str(folder / "cutouts/emoji/c.webp"), emoji, [cv2.IMWRITE_WEBP_QUALITY, 101])
    return pack(folder)


def test_what_is_packed(material: Material) -> None:
    assert material.photos.shape == (2, 3, SCENE_SIDE, SCENE_SIDE)
    assert material.counts.tolist() == [1, 0]
    assert material.labels.unique().tolist() == [0, 1]
    assert material.objects.shape == (2, 4, CUTOUT_SIDE, CUTOUT_SIDE)
    assert material.photographed == 1


def test_scenes_carry_the_mask_of_their_object(material: Material) -> None:
    scenes = material.scenes(torch.Generator().manual_seed(0), 16, 64)
    labelled = scenes[:, 3].flatten(1).any(1)
    assert bool(labelled.any())
    blue = scenes[:, 2] - scenes[:, 0]
    inside = scenes[:, 3] > 0.9
    assert float(blue[inside].mean()) > 0.5
    assert float(blue[labelled][scenes[labelled][:, 3] < 0.1].mean()) < 0.05


def test_cutouts_are_premultiplied_and_have_a_margin(material: Material) -> None:
    looks = material.cutouts(torch.Generator().manual_seed(0), 16, 64)
    assert float((looks[:, :3] - looks[:, 3:]).max()) <= 1e-6
    assert float(looks[:, 3, 0].max()) == 0
    assert bool((looks[:, 3].flatten(1).amax(1) > 0.9).all())


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="0 photos and 0 cut-outs"):
        pack(tmp_path)
