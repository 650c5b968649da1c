"""Assets: a name becomes a path of the session's own folder, and nothing else ever does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.assets import find_asset, with_asset_paths
from effects.effect import Effect, EffectError, Pixels, Shot, file_setting
from effects.layer import Layer


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
