"""Footage: exact frames, bounded memory, and no seeking back and forth while a clip is rendered."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.projects.mask_folder import MaskFolder
from app.rendering import render
from app.rendering.footage import ArrayCache, ClipFootage, clip_footage
from app.rendering.mattes import Mattes
from effects.effect import Effect, Pixels, Shot, setting
from effects.layer import Layer, parse_layer
from effects.path import sight
from effects.setting import EffectError
from media.frame import Frame
from media.video_clip import VideoClip
from tests.app.made_clips import FPS, NUM_FRAMES, SIZE, make_sound_file, square_mask


@pytest.fixture
def masks(tmp_path: Path) -> MaskFolder:
    folder = MaskFolder(tmp_path / "masks")
    for index in range(NUM_FRAMES - 1):
        folder.write(1, index, square_mask(index))
    folder.write(2, 0, square_mask(3))
    return folder


def test_any_frame_is_the_clip_s_own(clip_path: Path, masks: MaskFolder) -> None:
    with VideoClip.open(clip_path) as clip:
        expected = [frame.pixels for frame in clip.frames()]
        footage = clip_footage(clip, masks)
        assert (footage.num_frames, footage.fps) == (NUM_FRAMES, FPS)
        for index in (5, 0, 11, 4, 5):
            assert np.array_equal(footage.pixels(index), expected[index])
            assert not footage.pixels(index).flags.writeable
    assert set(footage.masks(0)) == {1, 2}
    assert np.array_equal(footage.masks(4)[1], square_mask(4))
    assert footage.masks(NUM_FRAMES - 1) == {}


def test_paths_are_measured_once_for_each_state_of_a_mask(clip_path: Path, masks: MaskFolder) -> None:
    with VideoClip.open(clip_path) as clip:
        path = clip_footage(clip, masks).path((1,))
        assert path.at(4) == sight(square_mask(4))
        assert path.sightings[NUM_FRAMES - 1] is None
        both = clip_footage(clip, masks).path(None)
        assert both.at(0).x1 == sight(square_mask(3)).x1
        masks.write(1, 4, square_mask(9))
        assert clip_footage(clip, masks).path((1,)).at(4) == sight(square_mask(9))


def test_the_cache_keeps_to_its_bytes_and_forgets_the_oldest() -> None:
    made: list[int] = []

    def make(index: int) -> np.ndarray:
        made.append(index)
        return np.zeros(100, np.uint8)

    cache = ArrayCache(350)
    for index in (0, 1, 2, 0, 3, 0, 1):
        cache.find(index, lambda index=index: make(index))
        assert cache.num_bytes <= 350
    assert made == [0, 1, 2, 3, 1]


@dataclass(frozen=True)
class _Back(Effect):
    """Shows the clip some frames ago."""

    frames: int = setting(3, low=1, high=10)

    def apply(self, shot: Shot) -> Pixels:
        return shot.footage.pixels(max(0, shot.index - self.frames))


def test_a_render_that_looks_back_decodes_each_frame_once(
    clip_path: Path, masks: MaskFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    original = VideoClip.frame
    monkeypatch.setattr(VideoClip, "frame", lambda self, index: asked.append(index) or original(self, index))
    with VideoClip.open(clip_path) as clip:
        assert render.render(clip, masks, [Layer(_Back(), "everything")], tmp_path / "out.mp4", colors={})
    assert asked == []


def test_a_render_that_looks_at_no_other_frame_keeps_none(clip_path: Path, masks: MaskFolder) -> None:
    footage = ClipFootage(lambda index: np.zeros((*SIZE, 3), np.uint8), masks, num_frames=9, fps=25, size=SIZE)
    for index in range(9):
        footage.remember(Frame(index, Fraction(index, 25), np.zeros((*SIZE, 3), np.uint8)))
    assert footage._cache.num_bytes == 0


def test_a_render_keeps_no_frame_and_no_matte_that_it_has_passed(
    clip_path: Path, masks: MaskFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    footages: list[ClipFootage] = []
    mattes: list[Mattes] = []

    def footage_of(clip: VideoClip, masks: MaskFolder) -> ClipFootage:
        footages.append(clip_footage(clip, masks))
        return footages[-1]

    class Watched(Mattes):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            mattes.append(self)

    monkeypatch.setattr(render, "clip_footage", footage_of)
    monkeypatch.setattr(render, "Mattes", Watched)
    layers = [parse_layer("1 highlight"), parse_layer("background blur")]
    with VideoClip.open(clip_path) as clip:
        frames = render.render_frames(clip, masks, layers, tmp_path / "out.mp4", colors={})
        kept = [(footages[0]._cache.num_bytes, len(mattes[0]._own._kept)) for _ in frames]
    assert len(kept) > NUM_FRAMES
    assert max(num_bytes for num_bytes, _ in kept) == 0
    assert max(num_mattes for _, num_mattes in kept) <= 2 * len(masks.object_ids())


def test_what_is_cached_lies_in_pages_of_its_own() -> None:
    frame = np.arange(30_000, dtype=np.uint8).reshape(100, 100, 3)
    kept = ArrayCache(10**6).keep(0, frame)
    assert np.array_equal(kept, frame)
    assert not kept.flags.writeable
    assert isinstance(kept.base.base.obj, mmap.mmap)


def test_the_footage_of_smaller_frames_is_of_their_size(masks: MaskFolder) -> None:
    half = SIZE[0] // 2, SIZE[1] // 2
    small = np.zeros((*half, 3), np.uint8)
    footage = ClipFootage(lambda index: small, masks, num_frames=9, fps=25, size=half, full_size=SIZE)
    assert footage.masks(4)[1].shape == half
    whole, halved = sight(square_mask(4)), footage.path((1,)).at(4)
    assert halved.x == whole.x / 2
    assert halved.area == whole.area / 4


def test_another_video_is_shown_or_refused_in_one_sentence(clip_path: Path, masks: MaskFolder, tmp_path: Path) -> None:
    with VideoClip.open(clip_path) as clip:
        footage = clip_footage(clip, masks)
        video = footage.video(str(clip_path))
        assert (video.num_frames, video.fps) == (NUM_FRAMES, FPS)
        assert np.array_equal(video.pixels(3), clip.frame(3).pixels)
        with pytest.raises(EffectError, match=r"there is no video gone\.mp4"):
            footage.video(str(tmp_path / "gone.mp4"))
        with pytest.raises(EffectError, match=r"sound\.wav cannot be shown: "):
            footage.video(str(make_sound_file(tmp_path / "sound.wav")))
