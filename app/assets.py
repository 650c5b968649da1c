"""Assets: pictures and videos that effects show. A browser names them; only this server knows where they lie."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from effects.layer import Layer
from effects.pictures import read_picture
from effects.setting import EffectError, settings_of
from media.errors import MediaError
from media.limits import LOCAL, Limits
from media.video_clip import VideoClip

ASSETS = "assets"
"""The folder in a session where its assets lie."""


MOST_BYTES = 32 * 2**20
"""Of one asset."""
MOST_ASSETS = 12
"""In one session; the one used longest ago goes first."""

_NAME = re.compile(r"[^A-Za-z0-9._ -]+")


def keep_asset(name: str, content: bytes, folder: Path, limits: Limits = LOCAL) -> str:
    """Put a picture or a video that came from a browser into the session's folder; gives the name to show it by.

    Pictures are read and written anew, so that nothing but pixels is kept; of videos only what this program can decode.

    Args:
        name: what the file is called over there; only its letters are used.
        content: the file's bytes.
        folder: the session's own folder of assets.
        limits: what reading a video may cost.

    Raises:
        EffectError: it is neither, or too large.
    """
    if len(content) > MOST_BYTES:
        raise EffectError(f"{name[:60]} is larger than {MOST_BYTES // 2**20} MB; choose a smaller file")
    folder.mkdir(parents=True, exist_ok=True)
    stem = _NAME.sub("", Path(name.replace("\\", "/")).stem).strip(" .")[:40] or "file"
    marked = f"{stem} {hashlib.sha256(content).hexdigest()[:8]}"
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as file:
        part = Path(file.name)
        file.write(content)
    try:
        kept = _keep_picture(part, folder / f"{marked}.png") or _keep_video(part, folder / f"{marked}.mp4", limits)
    finally:
        part.unlink(missing_ok=True)
    if kept is None:
        raise EffectError(f"{name[:60]} is neither a picture nor a video that can be read; choose PNG, JPEG or MP4")
    for oldest in sorted(folder.glob("[!.]*"), key=lambda each: each.stat().st_mtime)[:-MOST_ASSETS]:
        oldest.unlink(missing_ok=True)
    return kept.name


def _keep_picture(part: Path, target: Path) -> Path | None:
    try:
        pixels = read_picture(str(part))
    except EffectError:
        return None
    written = part.with_suffix(".png")
    Image.fromarray(pixels).save(written, format="PNG")
    written.replace(target)
    return target


def _keep_video(part: Path, target: Path, limits: Limits) -> Path | None:
    try:
        VideoClip.open(part, limits=limits).close()
    except MediaError:
        return None
    part.replace(target)
    return target


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
