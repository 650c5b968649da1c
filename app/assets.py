"""Assets: pictures and videos that effects show. A browser names them; only this server knows where they lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from effects.layer import Layer
from effects.setting import EffectError, settings_of

ASSETS = "assets"
"""The folder in a session where its assets lie."""


def with_asset_paths(layers: Iterable[Layer], folder: Path) -> tuple[Layer, ...]:
    """The layers with the name in each `file` setting turned into the path of that asset.

    A project from a page or from a stranger holds names alone. Anything else, a path above all, is refused, so that
    nobody sees a file of this computer by naming it.

    Args:
        layers: as the project holds them.
        folder: the session's own folder of assets.

    Raises:
        EffectError: a name that is none, or of which there is no asset.
    """
    return tuple(_with_paths(layer, folder) for layer in layers)


def find_asset(name: str, folder: Path) -> Path:
    """Where the asset of that name lies; raises `EffectError` where there is none."""
    is_name = name == Path(name).name and name not in (".", "..") and "\\" not in name
    path = folder / name
    if not is_name or path.is_symlink() or not path.is_file():
        raise EffectError(f'there is no file "{Path(name).name[:60]}" in this session; choose it again')
    return path


def _with_paths(layer: Layer, folder: Path) -> Layer:
    effect = layer.effect
    named = {each.name: getattr(effect, each.name) for each in settings_of(type(effect)) if each.kind == "file"}
    paths = {setting: str(find_asset(name, folder)) for setting, name in named.items() if name}
    return replace(layer, effect=replace(effect, **paths)) if paths else layer
