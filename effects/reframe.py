"""Reframing: the picture is cut so that it follows an object, as a camera operator would; the last step of a render."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.box import Size
from effects.path import Path, fit_lines
from effects.setting import EffectError, Setting

ASPECTS = {
    "as it is": None,
    "9:16": 9 / 16,
    "4:5": 4 / 5,
    "1:1": 1.0,
    "4:3": 4 / 3,
    "16:9": 16 / 9,
    "21:9": 21 / 9,
}
"""Width by height."""

REFRAME_SETTINGS: Mapping[str, Setting] = {
    each.name: each
    for each in (
        Setting("aspect", "choice", "9:16", None, None, "", "Aspect", tuple(ASPECTS)),
        Setting("zoom", "number", 1.0, 1, 8, "", "Zoom"),
        Setting("fill", "number", 0.0, 0, 1, "", "Keep the object this large (0: zoom alone)"),
        Setting("steadiness", "number", 1.2, 0, 6, "s", "Steadiness (0: locked on the object)"),
        Setting("start", "integer", 0, 0, 2**31, "", "Zooms in from frame"),
        Setting("ease", "integer", 0, 0, 10_000, "frames", "For so many frames"),
    )
}
"""What reframing takes beside the objects that it follows."""


class View(NamedTuple):
    """What is seen of one frame: the crop's middle (x, y) and size [px of the frame], fractions allowed."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Reframe:
    """Which objects the picture follows, and how.

    With an aspect it is a follow crop; with `zoom` or `fill` it zooms in on the object, from frame `start` on over
    `ease` frames; with `steadiness` 0 it holds the object still in the middle.

    Attributes:
        object_ids: whom it follows; several are taken as one.
        aspect: of the result, one of `ASPECTS`.
        zoom: 1 shows as much as the aspect allows.
        fill: how much of the result's height or width the object takes, whichever is more; 0: only `zoom` counts.
        steadiness: over how long the camera's way is smoothed, without lag [s].
        start, ease: when zooming in begins, and how long it takes [frames].
    """

    object_ids: tuple[int, ...]
    aspect: str = "9:16"
    zoom: float = 1.0
    fill: float = 0.0
    steadiness: float = 1.2
    start: int = 0
    ease: int = 0

    def __post_init__(self) -> None:
        ids = self.object_ids
        if not isinstance(ids, tuple) or not ids or not all(type(each) is int and each >= 0 for each in ids):
            raise EffectError(f"reframing follows object ids such as 1,3, not {ids!r}")
        for name, known in REFRAME_SETTINGS.items():
            object.__setattr__(self, name, known.check(getattr(self, name)))

    def size(self, frame_size: Size) -> Size:
        """The result's (height, width) [px]: as much of the frame as has the aspect, in even numbers."""
        height, width = self._largest(frame_size)
        even = max(2, round(height / 2) * 2), max(2, round(width / 2) * 2)
        return frame_size if self._keeps_aspect(frame_size) else (min(even[0], height), min(even[1], width))

    def views(self, path: Path, frame_size: Size, fps: float) -> list[View]:
        """What is seen of each frame of a clip.

        The camera goes along a smooth line through the object's places, and stays with its whole box where the crop
        has room for it. While the object is away it travels to where it comes back.

        Args:
            path: of the objects, as tracked.
            frame_size: (height, width) [px].
            fps: the clip's rate [frames a second].
        """
        largest = np.array(self._largest(frame_size)[::-1], float)
        centers, boxes = _fill_absences(path, frame_size)
        sizes = boxes[:, 2:] - boxes[:, :2]
        sigma = self.steadiness * fps / 2
        zooms = self._zooms(_smooth(sizes, max(sigma, fps / 4)), largest)
        crops = largest / zooms[:, None]
        # Where the smooth way would lose part of the object, the camera hurries after it.
        first, last = boxes[:, 2:] - crops / 2, boxes[:, :2] + crops / 2
        middles = np.clip(_smooth(centers, sigma), np.minimum(first, last), np.maximum(first, last))
        limit = np.array(frame_size[::-1], float) - crops / 2
        middles = _smooth(np.clip(middles, crops / 2, limit), min(sigma, fps / 5))
        return [View(*row) for row in np.hstack([np.clip(middles, crops / 2, limit), crops]).tolist()]

    def _zooms(self, sizes: NDArray[Any], largest: NDArray[Any]) -> NDArray[Any]:
        """(T,): how much is zoomed in on each frame, for an object of sizes (T, 2) and the largest crop (2,) [px]."""
        zooms = np.full(len(sizes), self.zoom)
        if self.fill > 0:
            room = (largest / np.maximum(sizes, 1)).min(axis=1)
            zooms = np.clip(np.maximum(self.zoom, self.fill * room), 1, 8)
        share = np.clip((np.arange(len(sizes)) - self.start + 1) / (self.ease + 1), 0, 1)
        return np.asarray(zooms ** (share * share * (3 - 2 * share)))

    def cut(self, pixels: NDArray[Any], view: View) -> NDArray[Any]:
        """Show a view of a frame (H, W, C) uint8 at the result's size; a whole frame comes back as it is."""
        height, width = self.size(pixels.shape[:2])
        if (height, width) == pixels.shape[:2] and (view.width, view.height) == (width, height):
            return pixels
        across, down = view.width / width, view.height / height
        # From the result's pixels to the frame's; pixel middles lie at +0.5 there and at 0 for OpenCV.
        x0, y0 = view.x - view.width / 2, view.y - view.height / 2
        matrix = np.array([[across, 0, x0 + across / 2 - 0.5], [0, down, y0 + down / 2 - 0.5]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"objects": list(self.object_ids), **{name: getattr(self, name) for name in REFRAME_SETTINGS}}

    @classmethod
    def from_json(cls, data: object) -> Reframe:
        """Read what `to_json` wrote; what is left out has its default. Raises `EffectError` on anything else."""
        if not isinstance(data, Mapping) or not isinstance(data.get("objects"), list | tuple):
            raise EffectError(f'reframing is written {{"objects": [1], "aspect": "9:16", …}}, not {data!r}')
        unknown = sorted(set(data) - {"objects"} - set(REFRAME_SETTINGS))
        if unknown:
            raise EffectError(f"reframing has no {', '.join(unknown)}; it takes {', '.join(REFRAME_SETTINGS)}")
        return cls(tuple(data["objects"]), **{name: data[name] for name in REFRAME_SETTINGS if name in data})

    def _keeps_aspect(self, frame_size: Size) -> bool:
        return self._largest(frame_size) == frame_size

    def _largest(self, frame_size: Size) -> Size:
        """The largest (height, width) of the aspect inside a frame."""
        height, width = frame_size
        aspect = ASPECTS[self.aspect]
        if aspect is None or abs(width / height - aspect) < 0.01:
            return frame_size
        if width / height > aspect:
            return height, max(1, round(height * aspect))
        return max(1, round(width / aspect)), width


def parse_reframe(text: str) -> Reframe:
    """Read what `--reframe` says: object ids, then settings, such as `1 aspect=9:16 steadiness=2`.

    Raises:
        EffectError: the text says something else.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise EffectError(f"a quote is opened but not closed in {text}") from None
    ids = words[0].split(",") if words else []
    if not ids or not all(each.isascii() and each.isdigit() for each in ids):
        raise EffectError(f'reframing is written "OBJECTS setting=value …", such as "1 aspect=9:16", not "{text}"')
    given: dict[str, Any] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in REFRAME_SETTINGS:
            raise EffectError(f'reframing has no setting "{word}"; it takes {", ".join(REFRAME_SETTINGS)}')
        given[name] = REFRAME_SETTINGS[name].parse(value)
    return Reframe(tuple(int(each) for each in ids), **given)


def _fill_absences(path: Path, frame_size: Size) -> tuple[NDArray[Any], NDArray[Any]]:
    """Centres (T, 2) and boxes (T, 4), in between where the object is absent; the frame's own if it never comes."""
    height, width = frame_size
    seen = [index for index, each in enumerate(path.sightings) if each is not None]
    known = np.array([(each.x, each.y, *each[:4]) for each in path.sightings if each is not None])
    if not seen:
        seen, known = [0], np.array([(width / 2, height / 2, 0, 0, width, height)])
    filled = np.stack([np.interp(np.arange(len(path.sightings)), seen, column) for column in known.T], axis=1)
    return filled[:, :2], filled[:, 2:]


def _smooth(values: NDArray[Any], sigma: float) -> NDArray[Any]:
    if sigma < 0.1 or len(values) < 3:
        return values.astype(float)
    everywhere = np.ones(len(values), bool)
    return fit_lines(values.astype(float), everywhere, np.zeros(len(values), int), sigma)
