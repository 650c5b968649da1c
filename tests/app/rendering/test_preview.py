"""What the page sees before a render: what the render makes, following every change, with little made twice."""

from __future__ import annotations

import gc
import io
import weakref
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from app.projects.changes import add_object, with_reframe
from app.rendering.mattes import Mattes
from app.rendering.preview import (
    CHUNK_FRAMES,
    PlaybackChunk,
    kept_box,
    open_preview,
    playback_chunks,
    preview_jpeg,
    shrink_layer,
    thumbnails,
)
from app.rendering.render import compose_frame
from app.sessions.session import Session
from app.sessions.store import Sessions
from effects.compositor import compose
from effects.keyframes import Keyframe
from effects.layer import parse_layer
from effects.path import Path as ObjectPath
from effects.path import sight
from effects.reframe import parse_reframe
from tests.app.made_clips import NUM_FRAMES, SIZE, picture, square_mask

GREEN = [parse_layer("background cutout color=#00c000 feather=0")]


@pytest.fixture
def tracked(session: Session, sessions: Sessions) -> Session:
    """An object that is known on every frame."""
    sessions.save(session.id, add_object(session.project))
    for index in range(NUM_FRAMES):
        session.masks.write(1, index, square_mask(index))
    return sessions.open(session.id)


def pixels_of(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_frame_looks_as_the_render_will_make_it(tracked: Session) -> None:
    layers = [*GREEN, parse_layer("1 desaturate strength=1")]
    shown = pixels_of(preview_jpeg(tracked, 5, layers))
    wanted = compose(picture(5), {1: square_mask(5)}, layers, frame_index=5)
    assert shown.shape == (*SIZE, 3)
    assert np.abs(shown - wanted).mean() < 6
    assert np.abs(shown - picture(5)).mean() > 30


def test_a_new_mask_is_seen_at_once(tracked: Session) -> None:
    before = pixels_of(preview_jpeg(tracked, 5, GREEN))
    tracked.masks.write(1, 5, np.zeros(SIZE, bool))
    after = pixels_of(preview_jpeg(tracked, 5, GREEN))
    inside = square_mask(5)
    assert before[inside].mean(axis=0)[0] > 150
    assert after[inside].mean(axis=0)[0] < 60


DISC_SIZE = (96, 128)


def disc(index: int) -> np.ndarray:
    """(H, W) float32: how much of each pixel a disc covers whose edge is 6 px soft; it moves by 2 px a frame."""
    rows, columns = np.mgrid[: DISC_SIZE[0], : DISC_SIZE[1]]
    return np.clip((29 - np.hypot(rows - 48, columns - 45 - 2 * index)) / 6, 0, 1).astype(np.float32)


@pytest.fixture
def soft(sessions: Sessions, tmp_path: Path) -> Session:
    """A grey clip of a soft disc, tracked on a coarse grid, with its logits: no chroma that JPEG could lose."""
    with av.open(str(tmp_path / "soft.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "4"})
        stream.height, stream.width, stream.pix_fmt = *DISC_SIZE, "yuv420p"
        for index in range(5):
            pixels = np.repeat((70 + 130 * disc(index)).astype(np.uint8)[..., None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    *_, last = sessions.create(tmp_path / "soft.mp4")
    session = sessions.open(last.session_id)
    sessions.save(session.id, add_object(session.project))
    for index in range(5):
        logits = 10 * cv2.resize(disc(index), (32, 24), interpolation=cv2.INTER_AREA) - 5
        session.masks.write(1, index, cv2.resize(logits, DISC_SIZE[::-1]) > 0)
        session.masks.write_logits(1, index, logits)
    return sessions.open(session.id)


def test_a_paused_frame_has_the_soft_edges_of_the_render(soft: Session) -> None:
    layers = [parse_layer("background cutout color=#101010 feather=4")]
    with soft.open_clip() as clip:
        wanted = compose_frame(clip, soft.masks, layers, 2, colors={}).astype(int)
        hard = compose(clip.frame(2).pixels, soft.masks.read_frame(2), layers, frame_index=2)
    edge = np.abs(wanted - hard).max(axis=2) > 20
    assert edge.sum() > 30, "the render does something to the edge"
    off = np.abs(pixels_of(preview_jpeg(soft, 2, layers)) - wanted)
    assert off.max() < 20
    assert off[edge].mean() < 4


def test_a_paused_frame_follows_the_masks_beside_it_and_its_logits(soft: Session) -> None:
    layers = [parse_layer("background cutout color=#101010")]

    def shown() -> bytes:
        return preview_jpeg(soft, 2, layers)

    first = shown()
    assert shown() == first
    soft.masks.write(1, 3, np.zeros(DISC_SIZE, bool))  # with it frame 2 was steadied
    second = shown()
    assert second != first
    soft.masks.write_logits(1, 2, soft.masks.read_logits(1, 2) / 4)
    assert shown() != second


def test_a_preview_of_older_masks_is_gone_with_the_next(tracked: Session) -> None:
    former = weakref.ref(open_preview(tracked, 64))
    assert open_preview(tracked, 64) is former()
    tracked.masks.write(1, 3, np.zeros(SIZE, bool))
    open_preview(tracked, 64)
    gc.collect()
    assert former() is None


@pytest.mark.parametrize("longest_side", [64, 32])
def test_the_part_that_a_reframed_render_keeps_is_told(tracked: Session, sessions: Sessions, longest_side: int) -> None:
    assert kept_box(tracked, 5) is None
    sessions.save(tracked.id, with_reframe(tracked.project, parse_reframe("1 aspect=1:1 steadiness=0")))
    box = kept_box(sessions.open(tracked.id), 5, longest_side=longest_side)
    assert box == pytest.approx((2, 0, 50, 48), abs=1.1)  # the square's middle is at 26 of 64 px
    sessions.save(tracked.id, with_reframe(tracked.project, parse_reframe("1 aspect='as it is'")))
    assert kept_box(sessions.open(tracked.id), 5) is None


def test_a_smaller_picture_has_smaller_settings_within_their_ranges() -> None:
    layer = parse_layer("1 outline width=8 feather=6 grow=-4 opacity=0.5 width@0=4 width@9=8")
    half = shrink_layer(layer, 0.5)
    assert (half.effect.settings()["width"], half.feather, half.grow, half.opacity) == (4, 3, -2, 0.5)
    assert half.keyframes["width"] == (Keyframe(0, 2), Keyframe(9, 4))
    assert shrink_layer(parse_layer("1 outline holes=100"), 0.5).holes == 25  # an area
    tiny = shrink_layer(parse_layer("background pixelate"), 0.0001)
    assert tiny.effect == tiny.effect.with_settings(tiny.effect.settings())  # still within every range


def test_thumbnails_have_the_look_and_are_small(tracked: Session) -> None:
    found = dict(thumbnails(tracked, 2, [("green", GREEN), ("plain", [])], longest_side=32))
    assert pixels_of(found["green"]).shape == (24, 32, 3)
    assert np.abs(pixels_of(found["green"]) - pixels_of(found["plain"])).mean() > 30


@pytest.mark.parametrize("longest_side", [25, 31, 50])
def test_a_shrunk_mask_stays_within_its_range(tracked: Session, longest_side: int) -> None:
    tracked.masks.write(1, 2, np.ones(SIZE, bool))  # at 25 px its sums of weights come to a hair above 1
    assert pixels_of(preview_jpeg(tracked, 2, GREEN, longest_side=longest_side)).shape[1] == longest_side


def frames_of(chunk: PlaybackChunk) -> dict[int, np.ndarray]:
    content = chunk.path.read_bytes()
    parts = zip(chunk.offsets, chunk.offsets[1:], strict=False)
    return {chunk.first + at: pixels_of(content[start:end]) for at, (start, end) in enumerate(parts)}


def test_playback_begins_where_it_is_asked_to_and_covers_the_clip(tracked: Session) -> None:
    chunks = list(playback_chunks(tracked, GREEN, start=CHUNK_FRAMES + 1))
    assert [each.first for each in chunks] == [CHUNK_FRAMES, 0]
    frames = {index: pixels for each in chunks for index, pixels in frames_of(each).items()}
    assert sorted(frames) == list(range(NUM_FRAMES))
    wanted = compose(picture(9), {1: square_mask(9)}, GREEN, frame_index=9)
    assert np.abs(frames[9] - wanted).mean() < 6


def test_playback_is_made_once_for_a_look_and_anew_for_another_one_or_other_masks(tracked: Session) -> None:
    def written(layers: list) -> dict[Path, int]:
        return {each.path: each.path.stat().st_mtime_ns for each in playback_chunks(tracked, layers)}

    first = written(GREEN)
    assert written(GREEN) == first
    assert not set(written([])) & set(first)
    tracked.masks.write(1, 3, np.zeros(SIZE, bool))
    other = written(GREEN)
    assert not set(other) & set(first)
    for strength in (0.1, 0.2, 0.3):
        written([parse_layer(f"background blur strength={strength}")])
    assert not any(path.exists() for path in first)  # old looks are forgotten


def rough_mask(index: int) -> np.ndarray:
    """The square as a network of few cells would have it: off by a pixel on two sides."""
    mask = square_mask(index)
    return mask | np.roll(mask, 1, axis=0) | np.roll(mask, 1, axis=1)


def test_playback_has_the_edges_of_the_render(tracked: Session) -> None:
    for index in range(NUM_FRAMES):
        tracked.masks.write(1, index, rough_mask(index))
    mattes = Mattes(tracked.masks, picture, NUM_FRAMES).frame(5, (1,))
    wanted, raw = (compose(picture(5), each, GREEN, frame_index=5) for each in (mattes, {1: rough_mask(5)}))
    edge = np.abs(wanted.astype(int) - raw).max(axis=2) > 40
    assert edge.sum() > 10
    shown = next(frames_of(each)[5] for each in playback_chunks(tracked, GREEN))
    assert np.abs(shown - wanted)[edge].mean() < np.abs(shown - raw)[edge].mean() / 2


def test_a_small_playback_has_soft_mattes_too_and_privacy_shows_nobody(tracked: Session) -> None:
    small, mask = (SIZE[0] // 2, SIZE[1] // 2), square_mask(5)

    def halved(index: int) -> np.ndarray:
        return cv2.resize(picture(index), small[::-1], interpolation=cv2.INTER_AREA)

    mattes = Mattes(tracked.masks, halved, NUM_FRAMES, small)
    alpha = mattes.frame(5, (1,))[1]
    assert alpha.shape == small
    assert abs(alpha.sum() * 4 - mask.sum()) < 0.15 * mask.sum()
    touched = cv2.resize(mask.astype(np.float32), small[::-1], interpolation=cv2.INTER_AREA) > 0
    assert (mattes.frame(5, (1,), covers=True)[1][touched] == 1).all()


def test_playback_is_cut_as_the_render_will_be(tracked: Session, sessions: Sessions) -> None:
    plain = {each.path for each in playback_chunks(tracked, GREEN)}
    reframe = parse_reframe("1 aspect=1:1 steadiness=0")
    sessions.save(tracked.id, with_reframe(tracked.project, reframe))
    reframed = sessions.open(tracked.id)
    chunks = list(playback_chunks(reframed, GREEN))
    assert not plain & {each.path for each in chunks}
    shown = {index: pixels for each in chunks for index, pixels in frames_of(each).items()}
    views = reframe.views(ObjectPath([sight(square_mask(index)) for index in range(NUM_FRAMES)]), SIZE, 25)
    side = (SIZE[1] - SIZE[0]) // 2
    for index in (0, NUM_FRAMES - 1):
        wanted = reframe.cut(compose(picture(index), {1: square_mask(index)}, GREEN, frame_index=index), views[index])
        assert shown[index].shape == (*SIZE, 3)
        assert np.abs(shown[index][:, side : side + SIZE[0]] - wanted).mean() < 8
        assert shown[index][:, : side - 4].max(initial=0) < 40
