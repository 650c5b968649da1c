"""Assets: a name becomes a path of the session's own folder, and nothing else ever does."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import assets
from app.assets import find_asset, keep_asset, with_asset_paths
from effects.effect import Effect, EffectError, Pixels, Shot, file_setting
from effects.layer import Layer
from effects.pictures import read_picture
from media.video_clip import VideoClip
from tests.app.made_clips import NUM_FRAMES


@dataclass(frozen=True)
class _Show(Effect):
    """Shows a picture."""

    file: str = file_setting("picture")

    def apply(self, shot: Shot) -> Pixels:
        return shot.pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "cat.png").write_bytes(b"cat")
    (tmp_path / "secret.png").write_bytes(b"secret")
    os.symlink(tmp_path / "secret.png", folder / "link.png")
    return folder


def test_a_name_becomes_the_asset_s_path(folder: Path) -> None:
    layers = with_asset_paths([Layer(_Show(file="cat.png")), Layer(_Show())], folder)
    assert [each.effect.file for each in layers] == [str(folder / "cat.png"), ""]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../secret.png", "..", ".", "dog.png", "assets/cat.png", "..\\secret.png", "link.png", "./cat.png"],
)
def test_whatever_is_no_asset_s_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(EffectError, match="in this session; choose it again") as caught:
        with_asset_paths([Layer(_Show(file=name))], folder)
    assert str(folder) not in str(caught.value)
    with pytest.raises(EffectError):
        find_asset(name, folder)


def png(size: tuple[int, int] = (20, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((*size, 4), 120, np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def test_a_picture_is_kept_as_pixels_alone_under_a_harmless_name(tmp_path: Path) -> None:
    name = keep_asset("../../My <cat>.svg", png() + b"<script>", tmp_path / "assets")
    assert name.startswith("My cat ")
    assert name.endswith(".png")
    kept = find_asset(name, tmp_path / "assets")
    assert b"script" not in kept.read_bytes()
    assert read_picture(str(kept)).shape == (20, 30, 4)
    assert [each.name for each in (tmp_path / "assets").iterdir()] == [name]


def test_a_video_is_kept_if_it_can_be_decoded(tmp_path: Path, clip_path: Path) -> None:
    name = keep_asset("wave.mov", clip_path.read_bytes(), tmp_path / "assets")
    with VideoClip.open(find_asset(name, tmp_path / "assets")) as clip:
        assert clip.num_frames == NUM_FRAMES


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"#EXTM3U\nfile:///etc/passwd\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_anything_else_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(EffectError, match="neither a picture nor a video"):
        keep_asset("x.png", content, tmp_path / "assets")
    assert list((tmp_path / "assets").iterdir()) == []


def test_too_large_is_refused_and_the_oldest_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "MOST_BYTES", 10_000)
    with pytest.raises(EffectError, match="larger than"):
        keep_asset("x.png", bytes(10_001), tmp_path / "assets")
    names = [keep_asset("p.png", png((4, 4 + at)), tmp_path / "assets") for at in range(assets.MOST_ASSETS + 3)]
    left = {each.name for each in (tmp_path / "assets").iterdir()}
    assert len(left) == assets.MOST_ASSETS
    assert names[-1] in left
