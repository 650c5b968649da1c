"""What is noted in a mask's own file beside its pixels: how sure the model was, where the object is, and from which
prompts the mask comes.

In the file, because masks are linked, copied and put back by undo, and their notes must go with them.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from app.projects.project import Project

KEY = "masklet"


@dataclass(frozen=True)
class MaskNote:
    """One mask in numbers.

    Args:
        score: how sure the model is that the object is visible, 0-1.
        sure: how sure it is of the mask, 0-1.
        area: the number of mask pixels [px²].
        x: the mask's centre [px]; 0 where it is empty.
        y: likewise.
        basis: `Basis.of` the frame when the mask was made.
        box: where the mask is, x0 y0 x1 y1 [px]; None where it is empty, or an older version has noted it. The page
            paints no more of the picture than that (`mask_overlay.js`).
    """

    score: float
    sure: float
    area: int
    x: float
    y: float
    basis: str
    box: tuple[int, int, int, int] | None = None

    def to_text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def measure(mask: np.ndarray, score: float, basis: str, *, sure: float | None = None) -> MaskNote:
    """The note of a mask (H, W) bool; where nothing else is said the model is as sure of the mask as of the object."""
    rows, columns = mask.sum(axis=1), mask.sum(axis=0)
    area = int(rows.sum())
    y = float(rows @ np.arange(len(rows))) / max(area, 1)
    x = float(columns @ np.arange(len(columns))) / max(area, 1)
    sureness = score if sure is None else sure
    (x0, x1), (y0, y1) = _ends(columns), _ends(rows)
    box = (x0, y0, x1, y1) if area else None
    return MaskNote(round(score, 4), round(sureness, 3), area, round(x, 1), round(y, 1), basis, box)


def _ends(counts: np.ndarray) -> tuple[int, int]:
    """The first place that is not 0, and the one after the last."""
    places = np.flatnonzero(counts)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def read_note(path: Path) -> MaskNote | None:
    """The note of a mask file; None where there is no file, or one that somebody else wrote."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    at = 8
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        if kind == b"IDAT":
            return None
        if kind == b"tEXt" and content[at + 8 :].startswith(KEY.encode() + b"\0"):
            text = content[at + 9 + len(KEY) : at + 8 + length]
            try:
                known = json.loads(text)
                box = known.pop("box", None)
                return MaskNote(**known, box=box and tuple(box))
            except (ValueError, TypeError, AttributeError):
                return None
        at += 12 + length
    return None


class Basis:
    """From which prompts an object's mask on a frame comes, as one word a frame.

    Tracked forwards, a frame knows the prompts up to itself; before its first prompted frame an object is followed
    back from there. So a correction leaves the frames before it as they are, and only masks whose word is no longer
    the right one have to be tracked again.
    """

    def __init__(self, project: Project, object_id: int) -> None:
        said = sorted((each for each in project.prompts if each.object_id == object_id), key=lambda p: p.frame_index)
        self._words: list[tuple[int, str]] = []
        digest = hashlib.sha1(project.model.encode(), usedforsecurity=False)
        for each in said:
            digest.update(repr(each).encode())
            self._words.append((each.frame_index, digest.hexdigest()[:10]))

    def of(self, frame_index: int) -> str:
        """The word of a frame; empty where the object has no prompt."""
        word = self._words[0][1] if self._words else ""
        for first, each in self._words:
            if first > frame_index:
                break
            word = each
        return word
