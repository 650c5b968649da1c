"""Scene cuts and the filmstrip of the timeline, both from the JPEGs that were made for scrubbing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.sessions.session import Session
from media.frame_pack import FramePack
from media.whole_file import write_whole

_STRIP_HEIGHT = 48  # [px]
_STRIP_PICTURES = 40
# A cut: the picture changes more than by motion, and much more than from the frames around it.
_LEAST_CHANGE, _ABOVE_NEIGHBOURS = 22.0, 3.0
_AROUND = 4


def read_timeline(session: Session) -> dict[str, Any] | None:
    """What `make_timeline` found, if it has run: {"cuts": frames, "strip": {…}}."""
    path = _path(session)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def cuts_of(session: Session) -> tuple[int, ...]:
    """The first frame of each scene but the first; none where nobody has looked yet."""
    found = read_timeline(session)
    return tuple(found["cuts"]) if found else ()


def make_timeline(session: Session) -> Iterator[float]:
    """Look at every frame once, small, and store what the timeline shows; yields the share that is done."""
    pack = session.frames
    count = pack.num_frames
    wanted = sorted({round(at) for at in np.linspace(0, count - 1, min(count, _STRIP_PICTURES))})
    changes, pictures, before = [0.0], [], None
    for index in range(count):
        small = _small(pack, index)
        signature = cv2.resize(small, (32, 18), interpolation=cv2.INTER_AREA).astype(np.int16)
        if before is not None:
            changes.append(float(np.abs(signature - before).mean()))
        before = signature
        if index in wanted:
            pictures.append(_strip_picture(small))
        if index % 20 == 0:
            yield index / count
    _, jpeg = cv2.imencode(".jpg", np.hstack(pictures), (cv2.IMWRITE_JPEG_QUALITY, 75))
    strip = {"picture": base64.b64encode(jpeg.tobytes()).decode("ascii"), "frames": wanted}
    write_whole(_path(session), json.dumps({"cuts": find_cuts(changes), "strip": strip}).encode())
    yield 1.0


def find_cuts(changes: list[float]) -> list[int]:
    """The frames at which a new scene begins.

    Args:
        changes: how much each frame differs from the one before it [grey levels]; the first is 0.
    """
    cuts = []
    for index, change in enumerate(changes):
        around = changes[max(1, index - _AROUND) : index] + changes[index + 1 : index + 1 + _AROUND]
        if change > _LEAST_CHANGE and change > _ABOVE_NEIGHBOURS * float(np.median(around or [0.0])):
            cuts.append(index)
    return cuts


def _small(pack: FramePack, index: int) -> np.ndarray:
    # Decoding at an eighth of the size costs a fraction of a whole JPEG.
    reduced = cv2.imdecode(np.frombuffer(pack.jpeg(index), np.uint8), cv2.IMREAD_REDUCED_COLOR_8)
    assert reduced is not None
    return reduced


def _strip_picture(small: np.ndarray) -> np.ndarray:
    width = max(1, round(small.shape[1] * _STRIP_HEIGHT / small.shape[0]))
    return np.asarray(cv2.resize(small, (width, _STRIP_HEIGHT), interpolation=cv2.INTER_AREA))


def _path(session: Session) -> Path:
    return session.folder / "timeline.json"
