"""What the page shows before anything is rendered: one composed frame, thumbnails, the whole clip at a low resolution.

Everything is made from the JPEGs for scrubbing, at the size in which it will be seen. Settings in pixels shrink with
the picture, so that a blur looks as strong as it will be in the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.assets import ASSETS, with_asset_paths
from app.rendering.footage import ClipFootage
from app.rendering.mattes import Mattes
from app.sessions.session import Session
from effects.compositor import compose
from effects.effect import Effect, Pixels, settings_of
from effects.layer import LAYER_SETTINGS, Layer
from effects.reframe import Reframe, View
from effects.setting import Setting
from media.frame_pack import encode_jpeg
from media.whole_file import write_whole

CHUNK_FRAMES = 8
_PLAYBACK_SIDE = 640
_THUMBNAIL_QUALITY = 74
_KEPT_PLAYBACKS = 3
_KEPT_PREVIEWS = 6
_CACHE_BYTES = 48 * 2**20
_SIZES = {"px": 1, "px²": 2}
"""Units that shrink with the picture, and by which power of its factor."""

MaskTimes = tuple[tuple[int, int], ...]
SoftBox = tuple[float, float, float, float]
"""x0 y0 x1 y1 [px of the clip], fractions allowed."""


class Preview:
    """A session's frames at one size, ready to be composed; what was read last stays in memory.

    While a slider moves, one frame is composed again and again; effects that look at other frames find them here.
    """

    def __init__(self, session: Session, longest_side: int) -> None:
        frames, info = session.frames, session.info
        scale = min(1.0, longest_side / max(frames.size))
        self.size = (max(1, round(frames.size[0] * scale)), max(1, round(frames.size[1] * scale)))
        self.factor = max(self.size) / max(info.size)
        self._fps = Fraction(info.fps)
        self._views: dict[Reframe, list[View]] = {}
        self._lock = threading.Lock()  # a footage is not for several threads at once
        self._footage = ClipFootage(
            lambda index: _decode(frames.jpeg(index), frames.size, self.size),
            session.masks,
            num_frames=info.num_frames,
            fps=info.fps,
            size=self.size,
            full_size=info.size,
            cache_bytes=_CACHE_BYTES,
            video_limits=session.limits,
        )
        self._mattes = Mattes(session.masks, self._footage.pixels, info.num_frames, self.size, cache_bytes=_CACHE_BYTES)

    def compose(
        self, session: Session, frame_index: int, layers: Sequence[Layer], factor: float | None = None
    ) -> Pixels:
        """One frame under `layers`, whose settings in px shrink by `factor`, by default as the picture does."""
        factor = self.factor if factor is None else factor
        layers = with_asset_paths(layers, session.folder / ASSETS)
        with self._lock:
            return compose(
                self._footage.pixels(frame_index),
                self._mattes.under(frame_index, layers),
                [shrink_layer(layer, factor) for layer in layers] if factor != 1 else layers,
                frame_index=frame_index,
                time=Fraction(frame_index) / self._fps,
                colors=session.project.rgb_colors,
                names={each.id: each.name for each in session.project.objects},
                clip=self._footage,
            )

    def cut(self, pixels: Pixels, frame_index: int, reframe: Reframe) -> Pixels:
        """What a reframed render shows of a composed frame, in the middle of a black picture of the frame's size."""
        shown = reframe.cut(pixels, self._view(frame_index, reframe))
        below, beside = self.size[0] - shown.shape[0], self.size[1] - shown.shape[1]
        sides = below // 2, below - below // 2, beside // 2, beside - beside // 2
        return np.asarray(cv2.copyMakeBorder(shown, *sides, cv2.BORDER_CONSTANT, value=(0, 0, 0)))

    def kept_box(self, frame_index: int, reframe: Reframe) -> SoftBox:
        """The part of a frame that a reframed render shows."""
        x, y, width, height = (each / self.factor for each in self._view(frame_index, reframe))
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    def _view(self, frame_index: int, reframe: Reframe) -> View:
        with self._lock:
            if reframe not in self._views:
                path = self._footage.path(reframe.object_ids)
                self._views[reframe] = reframe.views(path, self.size, float(self._fps))
            return self._views[reframe][frame_index]


_previews: OrderedDict[tuple[str, int], tuple[MaskTimes, Preview]] = OrderedDict()
_opening = threading.Lock()


def open_preview(session: Session, longest_side: int) -> Preview:
    """The preview of a session at a size; the same one while its masks are the same, and then another in its place."""
    key, times = (session.id, longest_side), _mask_times(session)
    with _opening:
        known = _previews.pop(key, None)
        preview = known[1] if known and known[0] == times else Preview(session, longest_side)
        _previews[key] = times, preview
        if len(_previews) > _KEPT_PREVIEWS:
            _previews.popitem(last=False)
        return preview


def preview_jpeg(session: Session, frame_index: int, layers: Sequence[Layer], *, longest_side: int = 1280) -> bytes:
    """One frame under `layers` as a JPEG, as the render will show it, at most `longest_side` [px] wide or high."""
    return encode_jpeg(open_preview(session, longest_side).compose(session, frame_index, layers))


def kept_box(session: Session, frame_index: int, *, longest_side: int = 1280) -> SoftBox | None:
    """The part of a frame that the project's reframing keeps, for a preview of that size; None where it keeps all."""
    reframe, (height, width) = session.project.reframe, session.info.size
    if reframe is None:
        return None
    x0, y0, x1, y1 = open_preview(session, longest_side).kept_box(frame_index, reframe)
    return None if x1 - x0 > width - 1 and y1 - y0 > height - 1 else (x0, y0, x1, y1)


def thumbnails(
    session: Session, frame_index: int, stacks: Iterable[tuple[str, Sequence[Layer]]], *, longest_side: int = 192
) -> Iterator[tuple[str, bytes]]:
    """One small JPEG of a frame under each stack, by its name.

    At this size a true outline would be invisible: settings in pixels shrink by the root of what they should.
    """
    preview = open_preview(session, longest_side)
    for name, layers in stacks:
        yield name, encode_jpeg(preview.compose(session, frame_index, layers, preview.factor**0.5), _THUMBNAIL_QUALITY)


@dataclass(frozen=True)
class PlaybackChunk:
    """Some composed frames in one file: concatenated JPEGs, `first` and those after it, ending at `offsets` [bytes]."""

    first: int
    path: Path
    offsets: tuple[int, ...]


def playback_chunks(session: Session, layers: Sequence[Layer], start: int = 0) -> Iterator[PlaybackChunk]:
    """The whole clip under `layers` at a low resolution, from the chunk with frame `start` on, then from the beginning.

    It shows what a render writes: the same edges, as fine as this resolution has them, and the project's reframing.
    Chunks are kept beside the session and made only once for the same layers and masks.
    """
    folder = session.folder / "playback" / playback_key(session, layers)
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    _forget_old(folder.parent)
    starts = range(0, session.info.num_frames, CHUNK_FRAMES)
    at = min(max(start, 0), session.info.num_frames - 1) // CHUNK_FRAMES
    for first in [*starts[at:], *starts[:at]]:
        yield _read_chunk(folder, first) or _write_chunk(session, layers, folder, first)


def playback_key(session: Session, layers: Sequence[Layer]) -> str:
    """Changes with whatever the composed clip depends on: the layers, the objects, their masks, the reframing."""
    reframe = session.project.reframe
    facts = {
        "layers": [layer.to_json() for layer in layers],
        "objects": session.project.to_json()["objects"],
        "masks": _mask_times(session),
        "reframe": reframe.to_json() if reframe else None,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def shrink_layer(layer: Layer, factor: float) -> Layer:
    """The layer for a picture of `factor` times the clip's size: settings in px and px² go with it, in their range."""
    own = {each.name: each for each in settings_of(type(layer.effect)) if each.unit in _SIZES}
    every = {name: each for name, each in LAYER_SETTINGS.items() if each.unit in _SIZES}
    changes: dict[str, Any] = {name: _shrunk(each, getattr(layer.effect, name), factor) for name, each in own.items()}
    effect: Effect = replace(layer.effect, **changes)
    placed: dict[str, Any] = {name: _shrunk(each, getattr(layer, name), factor) for name, each in every.items()}
    moves = dict(layer.keyframes)
    for name, known in (own | every).items():
        if name in moves:
            moves[name] = tuple(each._replace(value=_shrunk(known, each.value, factor)) for each in moves[name])
    return replace(layer, effect=effect, keyframes=moves, **placed)


def _shrunk(known: Setting, value: float, factor: float) -> float:
    assert known.low is not None
    assert known.high is not None
    wanted = min(max(value * factor ** _SIZES[known.unit], known.low), known.high)
    return round(wanted) if known.kind == "integer" else wanted


def _mask_times(session: Session) -> MaskTimes:
    """Changes with any mask and its logits: each is put in place by a rename, which changes its folder's time."""
    masks, found = session.masks, []
    for object_id in masks.object_ids():
        for folder in (masks.folder, masks.folder / "logits"):
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile, or there are no logits
                found.append((object_id, (folder / str(object_id)).stat().st_mtime_ns))
    return tuple(found)


def _decode(jpeg: bytes, size: tuple[int, int], wanted: tuple[int, int]) -> Pixels:
    """A JPEG of `size` as RGB of the `wanted` size; the decoder itself halves what is far too large."""
    halved = [(cv2.IMREAD_REDUCED_COLOR_8, 8), (cv2.IMREAD_REDUCED_COLOR_4, 4), (cv2.IMREAD_REDUCED_COLOR_2, 2)]
    flag = next((each for each, divisor in halved if size[0] >= divisor * wanted[0]), cv2.IMREAD_COLOR)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    assert decoded is not None
    pixels = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    return pixels if pixels.shape[:2] == wanted else cv2.resize(pixels, wanted[::-1], interpolation=cv2.INTER_AREA)


def _read_chunk(folder: Path, first: int) -> PlaybackChunk | None:
    try:
        offsets = tuple(json.loads((folder / f"{first}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    return PlaybackChunk(first, folder / f"{first}.pack", offsets)


def _write_chunk(session: Session, layers: Sequence[Layer], folder: Path, first: int) -> PlaybackChunk:
    offsets, jpegs = [0], []
    preview, reframe = open_preview(session, _PLAYBACK_SIDE), session.project.reframe
    for index in range(first, min(first + CHUNK_FRAMES, session.info.num_frames)):
        composed = preview.compose(session, index, layers)
        jpegs.append(encode_jpeg(preview.cut(composed, index, reframe) if reframe else composed))
        offsets.append(offsets[-1] + len(jpegs[-1]))
    folder.mkdir(parents=True, exist_ok=True)
    # The index comes last: a chunk without it is none, and two writers write the same.
    for name, content in ((f"{first}.pack", b"".join(jpegs)), (f"{first}.json", json.dumps(offsets).encode())):
        write_whole(folder / name, content)
    return PlaybackChunk(first, folder / f"{first}.pack", tuple(offsets))


def _forget_old(folder: Path) -> None:
    known = sorted((each for each in folder.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime)
    for each in known[:-_KEPT_PLAYBACKS]:
        shutil.rmtree(each, ignore_errors=True)
