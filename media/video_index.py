"""Where in a file the frames of a clip are, so that each can be found again without counting anew."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from media.clip_facts import Size
from media.picture import Turn, Upright
from media.tone_map import ColorCoding


@dataclass(frozen=True)
class VideoIndex:
    """What one pass over a video found.

    Attributes:
        upright: how its frames become pictures.
        stamps: the presentation time of each frame in the stream's own units, None where it has none.
        keyframes: (index, stamp): frame `index` and those after it can be decoded from `stamp` on; increasing.
        origin: where the clip begins, by the file's own clock [s].
        seek: where reading begins, in microseconds as FFmpeg counts, or None for the file's beginning.
        num_skipped: frames between there and the first frame of the clip.
        is_damaged: whether packets were lost on the way.
        is_interlaced: whether frames hold two moments, line by line.
    """

    upright: Upright
    stamps: tuple[int | None, ...]
    keyframes: tuple[tuple[int, int], ...]
    origin: Fraction
    seek: int | None = None
    num_skipped: int = 0
    is_damaged: bool = False
    is_interlaced: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        upright = self.upright
        return {
            "displayed": list(upright.displayed),
            "size": list(upright.size),
            "turn": list(upright.turn),
            "coding": [upright.coding.transfer, upright.coding.primaries],
            "stamps": list(self.stamps),
            "keyframes": [list(entry) for entry in self.keyframes],
            "origin": [self.origin.numerator, self.origin.denominator],
            "seek": self.seek,
            "num_skipped": self.num_skipped,
            "is_damaged": self.is_damaged,
            "is_interlaced": self.is_interlaced,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> VideoIndex:
        """The index that `to_json` wrote. Only the process that decodes reads it: it may be a stranger's work."""
        upright = Upright(
            Size(*data["displayed"]), Size(*data["size"]), Turn(*data["turn"]), ColorCoding(*data["coding"])
        )
        return cls(
            upright,
            tuple(data["stamps"]),
            tuple((index, stamp) for index, stamp in data["keyframes"]),
            Fraction(*data["origin"]),
            data["seek"],
            data["num_skipped"],
            data["is_damaged"],
            data["is_interlaced"],
        )
