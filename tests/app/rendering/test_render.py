from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from app.exports.catalogue import export
from app.projects.changes import add_object, with_layers
from app.projects.mask_folder import MaskFolder
from app.rendering import render
from app.rendering.preview import preview_jpeg
from app.sessions.session import Session
from app.sessions.store import Sessions
from effects.layer import parse_layer
from effects.reframe import parse_reframe
from media.formats import H264
from media.video_clip import VideoClip
from tests.app.made_clips import FPS, NUM_FRAMES, SIZE, decode, picture, square_mask

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
COLORS = {1: (255, 0, 255)}
HIDDEN_ON = 7
GREEN = np.array((0, 255, 0))


@pytest.fixture
def clip(clip_path: Path) -> Iterator[VideoClip]:
    with VideoClip.open(clip_path) as clip:
        yield clip


@pytest.fixture
def masks(tmp_path: Path) -> MaskFolder:
    """The square's true masks; on one frame it is hidden, and on the last it has no file at all."""
    folder = MaskFolder(tmp_path / "masks")
    for index in range(NUM_FRAMES - 1):
        folder.write(1, index, square_mask(index) & (index != HIDDEN_ON))
    return folder


def inner(mask: np.ndarray) -> np.ndarray:
    """The mask without its edge, where chroma subsampling mixes inside and outside."""
    core = mask.copy()
    for axis in (0, 1):
        for shift in (-3, 3):
            core &= np.roll(mask, shift, axis)
    return core


def test_without_layers_the_content_the_times_and_the_sound_stay(clip: VideoClip, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    assert render.render(clip, MaskFolder(tmp_path / "none"), [], out, colors={})

    pictures, times, seconds_of_sound = decode(out)
    assert len(pictures) == NUM_FRAMES
    assert times == [Fraction(index, FPS) for index in range(NUM_FRAMES)]
    assert seconds_of_sound == pytest.approx(NUM_FRAMES / FPS, abs=0.15)
    for index, decoded in enumerate(pictures):
        assert np.abs(decoded[2:6, 2:6].astype(int) - picture(index)[2:6, 2:6]).mean() < 8  # the right frame
        assert np.abs(decoded.astype(int) - clip.frame(index).pixels).mean() < 4


def test_each_frame_gets_its_own_mask(clip: VideoClip, masks: MaskFolder, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    layers = [parse_layer("1 cutout color=#00ff00 feather=0")]
    render.render(clip, masks, layers, out, colors=COLORS)

    pictures, _, _ = decode(out)
    for index in range(NUM_FRAMES):
        mask = square_mask(index)
        if index in (HIDDEN_ON, NUM_FRAMES - 1):
            mask = np.zeros(SIZE, dtype=bool)
        assert np.abs(pictures[index][inner(~mask)] - GREEN).mean() < 12, index
        if mask.any():
            assert np.abs(pictures[index][inner(mask)] - np.array((230, 80, 40))).mean() < 12, index


def test_frames_that_no_layer_touches_keep_every_bit(clip_path: Path, masks: MaskFolder, tmp_path: Path) -> None:
    """Read by ffmpeg in the planes themselves: the object is hidden on one frame, and absent on the last."""
    out, format = tmp_path / "out.mp4", replace(H264, options=("-qp", "0"))
    layers = [parse_layer("1 solid color=#00ff00 start=3")]
    with VideoClip.open(tagged(clip_path, tmp_path / "tagged.mp4")) as clip:
        for _ in render.render_frames(clip, masks, layers, out, colors={}, format=format):
            pass
        before, after = planes(clip.path), planes(out)
    touched = [index for index in range(NUM_FRAMES) if not np.array_equal(before[index], after[index])]
    assert touched == [index for index in range(3, NUM_FRAMES - 1) if index != HIDDEN_ON]


def tagged(path: Path, out: Path) -> Path:
    """The clip again, saying that its colours are of bt709: without a word a small picture counts as bt601."""
    says = "h264_metadata=matrix_coefficients=1:colour_primaries=1:transfer_characteristics=1"
    command = [FFMPEG, "-loglevel", "error", "-i", path, "-c", "copy", "-bsf:v", says, out]
    subprocess.run(command, check=True, timeout=60)
    return out


def planes(path: Path) -> np.ndarray:
    """(T, 3·H·W/2) uint8."""
    command = [FFMPEG, "-loglevel", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
    raw = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, SIZE[0] * SIZE[1] * 3 // 2)


def test_an_object_wears_the_colour_of_the_project(clip: VideoClip, masks: MaskFolder) -> None:
    layers = [parse_layer("1 highlight strength=1 outline=0 feather=0")]
    pixels = render.compose_frame(clip, masks, layers, 3, colors=COLORS)
    untouched = clip.frame(3).pixels
    beyond = inner(~square_mask(3))  # the edge is soft
    assert np.abs(pixels[beyond].astype(int) - untouched[beyond]).mean() < 1
    other = render.compose_frame(clip, masks, layers, 3, colors={1: (0, 255, 0)})
    assert not np.array_equal(pixels, other)


def test_the_preview_of_one_frame_is_what_the_render_makes(clip: VideoClip, masks: MaskFolder, tmp_path: Path) -> None:
    layers = [parse_layer("background desaturate"), parse_layer("1 pixelate size=8")]
    render.render(clip, masks, layers, tmp_path / "out.mp4", colors=COLORS)
    pictures, _, _ = decode(tmp_path / "out.mp4")
    for index in (0, 6, HIDDEN_ON, NUM_FRAMES - 1):
        composed = render.compose_frame(clip, masks, layers, index, colors=COLORS)
        assert np.abs(pictures[index].astype(int) - composed).mean() < 4
    assert not np.array_equal(composed, clip.frame(NUM_FRAMES - 1).pixels)


def test_every_frame_is_reported(clip: VideoClip, masks: MaskFolder, tmp_path: Path) -> None:
    heard: list[render.RenderProgress] = []
    assert render.render(clip, masks, [], tmp_path / "out.mp4", colors={}, on_frame=heard.append)
    # The last word is said again while the file is made whole.
    assert list(dict.fromkeys(each.done for each in heard)) == list(range(1, NUM_FRAMES + 1))
    assert {each.total for each in heard} == {NUM_FRAMES}


def test_a_cancelled_render_leaves_the_old_file_and_nothing_else(
    clip: VideoClip, masks: MaskFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    out = folder / "out.mp4"
    out.write_bytes(b"an older render")
    calls = iter([False, False, True])
    assert not render.render(clip, masks, [], out, colors={}, cancelled=lambda: next(calls))

    progress = render.render_frames(clip, masks, [], out, colors={})
    for _ in range(4):
        next(progress)
    progress.close()
    assert [each.name for each in folder.iterdir()] == ["out.mp4"]
    assert out.read_bytes() == b"an older render"


def test_a_session_renders_its_own_project(session: Session, sessions: Sessions) -> None:
    layers = [parse_layer("1 cutout color=#00ff00 feather=0")]
    sessions.save(session.id, with_layers(add_object(session.project), layers))
    session = sessions.open(session.id)
    for index in range(NUM_FRAMES):
        session.masks.write(1, index, square_mask(index))
    *_, last = export(session, "video", {})
    assert last.done == NUM_FRAMES
    assert last.path is not None
    pictures, _, _ = decode(last.path)
    assert np.abs(pictures[4][inner(~square_mask(4))] - GREEN).mean() < 12

    with Image.open(io.BytesIO(preview_jpeg(session, 4, layers))) as image:
        assert np.abs(np.asarray(image).astype(int) - pictures[4]).mean() < 8


def test_a_reframed_render_follows_its_object_in_another_size(
    clip: VideoClip, masks: MaskFolder, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    reframe = parse_reframe("1 aspect=1:1 steadiness=0")
    assert render.render(clip, masks, [], out, colors={}, reframe=reframe)
    pictures, times, _ = decode(out)
    assert [each.shape for each in pictures] == [(48, 48, 3)] * NUM_FRAMES
    assert times == [Fraction(index, FPS) for index in range(NUM_FRAMES)]
    # The object's middle is the picture's, once the crop is free of the frame's edge.
    for index in (4, 6, 8):
        assert np.abs(pictures[index][20:28, 20:28] - np.array((230, 80, 40))).mean() < 12
