"""Privacy: whoever is covered is covered on every frame, also where the track is lost, and nothing shows through."""

import numpy as np
import pytest

from effects import EffectError, Layer, compose
from effects.doubts import describe_doubts, find_doubts
from effects.library.privacy import Privacy
from effects.library.trail import Trail
from effects.path import Path, Sighting, sight
from tests.effects.moving_clip import MovingClip

FACE = np.array((230, 60, 40))


class LostClip(MovingClip):
    """The person stays in the picture, but on some frames the mask is empty, in part, or not there at all."""

    def __init__(self, *, empty: tuple[int, ...] = (), untracked: tuple[int, ...] = (), partial: tuple[int, ...] = ()):
        super().__init__((120, 200), 40, step=(3.0, 0.5))
        self.empty, self.untracked, self.partial = empty, untracked, partial

    def masks(self, index: int) -> dict[int, np.ndarray]:
        if index in self.untracked:
            return {}
        disc = self.disc(index)
        if index in self.partial:
            disc[np.flatnonzero(disc.any(axis=1))[4] :] = False
        return {1: disc & (index not in self.empty)}

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        masks = [self.masks(index).get(1) for index in range(self.num_frames)]
        return Path([None if mask is None else sight(mask) for mask in masks], [mask is not None for mask in masks])


def shown(clip: MovingClip, index: int, *layers: Layer) -> np.ndarray:
    """The pixels of the person that are still to be seen: those in the colour that nothing else has."""
    stack = layers or (Layer(Privacy(style="solid"), (1,)),)
    result = compose(clip.pixels(index), clip.masks(index), stack, frame_index=index, time=index / 25, clip=clip)
    return (np.abs(result.astype(int) - FACE).max(axis=2) < 40) & clip.disc(index)


@pytest.mark.parametrize("style", ["solid", "blocks"])
def test_the_whole_person_and_its_edge_are_covered(style):
    clip = LostClip()
    pixels = clip.pixels(10)
    result = compose(pixels, clip.masks(10), [Layer(Privacy(style=style), (1,))], frame_index=10, clip=clip)
    changed = (result != pixels).any(axis=2)
    distance = np.hypot(*(np.argwhere(~changed) - np.argwhere(clip.disc(10)).mean(axis=0)).T)
    assert distance.min() > 120 // 7 + 10


@pytest.mark.parametrize(
    "lost",
    [
        {"empty": tuple(range(12, 22))},
        {"untracked": tuple(range(12, 22))},
        {"untracked": tuple(range(12))},
        {"untracked": tuple(range(30, 40))},
        {"partial": (12, 13)},
        {"empty": (15,), "untracked": (16, 17), "partial": (18,)},
    ],
)
def test_a_frame_in_doubt_is_covered(lost):
    clip = LostClip(**lost)
    for index in range(clip.num_frames):
        seen = shown(clip, index).sum()
        # Before the first and after the last sighting nobody knows where the person went; it is covered near by.
        ends = lost.get("untracked", ()) in (tuple(range(12)), tuple(range(30, 40)))
        allowed = clip.disc(index).sum() * 0.75 if ends and index in lost["untracked"] else 0
        assert seen <= allowed, index


def test_after_the_last_sighting_the_cover_stays_for_a_while():
    clip = LostClip(empty=tuple(range(20, 40)))
    layer = Layer(Privacy(style="solid", hold=0.2), (1,))

    def is_covered(index: int) -> bool:
        pixels = clip.pixels(index)
        result = compose(pixels, clip.masks(index), [layer], frame_index=index, clip=clip)
        return not np.array_equal(result, pixels)

    assert [is_covered(index) for index in (19, 20, 24, 26, 39)] == [True, True, True, False, False]


def test_blocks_are_coarse_and_stand_on_one_grid():
    clip = LostClip()
    layer = Layer(Privacy(block=16), (1,))
    colors = set()
    result = compose(clip.pixels(10), clip.masks(10), [layer], frame_index=10, clip=clip)
    for top in range(0, 112, 16):
        for left in range(0, 192, 16):
            block = result[top : top + 16, left : left + 16].reshape(-1, 3)
            if clip.disc(10)[top : top + 16, left : left + 16].any():
                assert (block == block[0]).all()
                colors.add(tuple(block[0]))
    assert len(colors) <= 36


@pytest.mark.parametrize(
    "placed",
    [
        {"opacity": 0.9},
        {"grow": -1},
        {"blend": "screen"},
        {"fade_in": 3},
        {"fade_out": 3},
        {"keyframes": {"margin": ((0, 9),)}},
    ],
)
def test_a_layer_does_not_weaken_it(placed):
    with pytest.raises(EffectError, match="privacy covers wholly"):
        Layer(Privacy(), (1,), **placed)


def test_an_effect_that_shows_other_frames_does_not_show_whom_it_hides():
    clip = LostClip()
    trail = Layer(Trail(copies=3, spacing=5, strength=1, with_ground=False), (1,))

    def faces(picture: np.ndarray) -> int:
        return int((np.abs(picture.astype(int) - FACE).max(axis=2) < 60).sum())

    unhidden = compose(clip.pixels(20), clip.masks(20), [trail], frame_index=20, clip=clip)
    assert faces(unhidden) > faces(clip.ground) + 1000
    privacy = Layer(Privacy(style="solid"), (1,))
    for stack in ([trail, privacy], [privacy, trail]):
        hidden = compose(clip.pixels(20), clip.masks(20), stack, frame_index=20, clip=clip)
        assert faces(hidden) <= faces(clip.ground)


def test_doubts_name_the_frames_to_check_and_why():
    clip = LostClip(empty=(5, 6), untracked=(9,), partial=(20,))
    doubts = find_doubts(clip.path(None))
    assert [str(each) for each in doubts] == [
        "frames 5–6: out of sight",
        "frame 9: not tracked",
        "frame 20: suddenly small",
    ]
    assert describe_doubts(doubts, "Anna") == (
        "Please check Anna on frames 5–6: out of sight, frame 9: not tracked, frame 20: suddenly small."
    )
    assert describe_doubts((), "Anna").startswith("Anna was found on every frame")


def test_a_jump_to_another_place_is_a_doubt():
    def at(x: float) -> Sighting:
        return Sighting(x - 10, 0, x + 10, 20, x, 10, 300)

    assert [str(each) for each in find_doubts(Path([at(10), at(14), at(90), at(94)]))] == ["frame 2: jumps"]
