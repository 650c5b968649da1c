"""Generated clips: reproducible, well-formed, honest about what is visible, and really moving."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.clips import ClipGenerator, Clips
from training.material import CUTOUT_SIDE, SCENE_SIDE, Material

SIDE = 64


@pytest.fixture(scope="module")
def clips() -> Clips:
    return ClipGenerator(side=SIDE, objects=3).make(seed=5, clips=6, frames=6)


def flat_material() -> Material:
    """One grey photo whose left half is a labelled object, and one red disk."""
    photos = torch.full((1, 3, SCENE_SIDE, SCENE_SIDE), 128, dtype=torch.uint8)
    labels = torch.zeros(1, SCENE_SIDE, SCENE_SIDE, dtype=torch.uint8)
    labels[:, :, : SCENE_SIDE // 2] = 1
    disk = np.zeros((CUTOUT_SIDE, CUTOUT_SIDE, 4), np.uint8)
    y, x = np.mgrid[:CUTOUT_SIDE, :CUTOUT_SIDE] - CUTOUT_SIDE / 2
    disk[x**2 + y**2 < (CUTOUT_SIDE * 0.4) ** 2] = (255, 0, 0, 255)
    objects = torch.from_numpy(disk).permute(2, 0, 1)[None]
    return Material(photos, labels, torch.tensor([1]), torch.ones(1), objects, torch.ones(0), photographed=0)


def test_shapes_and_types(clips: Clips) -> None:
    assert clips.frames.shape == (6, 6, 3, SIDE, SIDE)
    assert clips.frames.dtype == torch.uint8
    assert clips.masks.shape == (6, 6, 4, SIDE, SIDE)
    assert clips.masks.dtype == torch.bool


def test_equal_seeds_give_equal_clips_and_others_do_not(clips: Clips) -> None:
    again = ClipGenerator(side=SIDE, objects=3).make(seed=5, clips=6, frames=6)
    assert torch.equal(clips.frames, again.frames)
    assert torch.equal(clips.masks, again.masks)
    other = ClipGenerator(side=SIDE, objects=3).make(seed=6, clips=6, frames=6)
    assert not torch.equal(clips.frames, other.frames)


def test_a_pixel_belongs_to_one_object_at_most(clips: Clips) -> None:
    assert int(clips.masks.sum(2).max()) == 1


def test_objects_are_there_and_move(clips: Clips) -> None:
    first, last = clips.masks[:, 0, :3], clips.masks[:, -1, :3]
    seen = first.flatten(2).any(-1)
    assert seen.float().mean() > 0.5
    overlap = (first & last).flatten(2).sum(-1) / (first | last).flatten(2).sum(-1).clamp(min=1)
    assert (overlap[seen] < 0.98).float().mean() > 0.8
    # …but not so fast that nothing could be followed from one frame to the next.
    second = clips.masks[:, 1, :3]
    steps = (first & second).flatten(2).sum(-1) / (first | second).flatten(2).sum(-1).clamp(min=1)
    assert float(steps[seen].median()) > 0.5


def test_the_background_moves_too(clips: Clips) -> None:
    free = ~clips.masks.any(2)
    both = free[:, 0] & free[:, -1]
    change = (clips.frames[:, 0].float() - clips.frames[:, -1].float()).abs().mean(1)
    assert float(change[both].mean()) > 4


def test_masks_are_where_the_object_is_visible() -> None:
    generator = ClipGenerator(side=SIDE, objects=2, material=flat_material())
    clips = generator.make(seed=0, clips=24, frames=2)
    red = clips.frames[:, 0, 0].float() - clips.frames[:, 0, 1].float()
    objects = clips.masks[:, 0, :2].any(1)
    labelled = clips.masks[:, 0, 2]
    # Wherever grey photo and red disks are mixed in, what is red is masked and the grey photo is not.
    grey_photo = labelled.flatten(1).any(1)
    assert bool(grey_photo.any())
    reddish = (red > 120) & grey_photo[:, None, None]
    assert int(reddish.sum()) > 50
    assert float(objects[reddish].float().mean()) > 0.97
    assert not bool((labelled & objects).any())


def test_one_frame_is_enough() -> None:
    clips = ClipGenerator(side=SIDE, objects=1).make(seed=1, clips=1, frames=1)
    assert clips.frames.shape == (1, 1, 3, SIDE, SIDE)


def test_long_clips_stay_whole() -> None:
    """Objects that left and came back once turned whole frames black."""
    clips = ClipGenerator(side=32, objects=3).make(seed=2, clips=4, frames=32)
    assert float(clips.frames.float().mean((2, 3, 4)).min()) > 10
