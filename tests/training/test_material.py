"""Packing a folder of real pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.material import CUTOUT_SIDE, HELD_OUT, MISLABELLED, SCENE_SIDE, Material, pack
from training.pack import load_material, write_packed
from training.state import StateError


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


def test_stills_show_the_objects_that_are_asked_for(material: Material) -> None:
    photos, masks = material.stills(torch.Generator().manual_seed(0), 8, 64, objects=2)
    assert photos.shape == (8, 3, 64, 64)
    assert bool(masks[:, 0].flatten(1).any(1).all())
    assert not bool(masks[:, 1].any())  # the photo has one object
    blue = photos[:, 2] - photos[:, 0]
    assert float(blue[masks[:, 0]].mean()) > 0.5
    assert float(blue[~masks[:, 0]].mean()) < 0.05


@pytest.mark.parametrize(("seed", "across", "part"), [(0, 2, 32), (1, 3, 22)])
def test_a_collage_shows_an_object_of_each_photo(material: Material, seed: int, across: int, part: int) -> None:
    pictures, masks = material.collages(torch.Generator().manual_seed(seed), 3, 64)
    assert pictures.shape == (3, 3, 64, 64)
    assert masks.shape == (3, across**2, 64, 64)
    for index in range(across**2):
        top, left = part * (index // across), part * (index % across)
        place = torch.zeros(64, 64, dtype=torch.bool)
        place[top : top + part, left : left + part] = True
        assert bool(masks[:, index].flatten(1).any(1).all())
        assert not bool((masks[:, index] & ~place).any())
    blue = pictures[:, 2] - pictures[:, 0]
    assert float(blue[masks.any(1)].mean()) > 0.5
    assert float(blue[~masks.any(1)].mean()) < 0.05


def test_photos_known_to_be_mislabelled_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "masks/coco_cc").mkdir(parents=True)
    (tmp_path / "masks/own").mkdir()
    mislabelled = min(MISLABELLED)
    for name in ("coco_cc/000000000001", mislabelled, mislabelled.replace("coco_cc", "own")):
        labels = np.zeros((64, 64), np.uint8)
        labels[5:60, 5:60] = 1
        cv2.imwrite(str(tmp_path / f"masks/{name}.jpg"), np.full((64, 64, 3), 90, np.uint8))
        cv2.imwrite(str(tmp_path / f"masks/{name}.png"), labels)
    assert len(pack(tmp_path).photos) == 2  # another's photo of that name may be labelled well


def test_photos_are_kept_back_for_evaluation(tmp_path: Path) -> None:
    (tmp_path / "masks/park").mkdir(parents=True)
    for index in range(HELD_OUT):
        photo = np.full((64, 64, 3), index, np.uint8)
        labels = np.zeros((64, 64), np.uint8)
        labels[5:60, 5:60] = 1
        cv2.imwrite(str(tmp_path / f"masks/park/{index:02}.jpg"), photo)
        cv2.imwrite(str(tmp_path / f"masks/park/{index:02}.png"), labels)
    assert len(pack(tmp_path).photos) == HELD_OUT - 1
    kept_back = pack(tmp_path, held_out=True)
    assert len(kept_back.photos) == 1
    assert abs(float(kept_back.photos.float().mean()) - (HELD_OUT - 1)) < 2


def test_packed_material_is_the_same_but_for_compression(material: Material, tmp_path: Path) -> None:
    write_packed(material, tmp_path / "material.pack")
    again = load_material(tmp_path / "material.pack")
    assert torch.equal(again.labels, material.labels)
    assert torch.equal(again.counts, material.counts)
    assert torch.equal(again.weights, material.weights)
    assert again.photographed == material.photographed
    assert float((again.photos.float() - material.photos.float()).abs().mean()) < 3
    assert float((again.objects[:, 3].float() - material.objects[:, 3].float()).abs().mean()) < 2
    looks = [one.cutouts(torch.Generator().manual_seed(0), 8, 64) for one in (again, material)]
    assert float((looks[0] - looks[1]).abs().mean()) < 0.02


def test_a_file_that_is_no_packed_material_is_named(tmp_path: Path) -> None:
    torch.save({"step": 1}, tmp_path / "state.pt")
    with pytest.raises(ValueError, match="is not packed material"):
        load_material(tmp_path / "state.pt")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(StateError, match="cannot be read"):
        load_material(tmp_path / "notes.txt")


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="0 photos and 0 cut-outs"):
        pack(tmp_path)
