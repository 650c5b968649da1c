"""Cover: a picture in place of the object, within its shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.effect import Effect, Pixels, Shot, file_setting, setting
from effects.pictures import premultiplied, pyramid, read_pyramid

_PATTERNS = ("stripes", "checks", "dots")
_TILE = 512


@dataclass(frozen=True)
class Cover(Effect):
    """Covers the object with a pattern or a picture of your own, which goes with it as if printed on it."""

    pattern: str = setting("stripes", choices=_PATTERNS)
    file: str = file_setting("picture", label="Own picture")
    size: float = setting(1.0, low=0.1, high=4)
    shading: float = setting(0.5, low=0, high=1, label="Keep the shading")
    smoothing: float = setting(0.5, low=0, high=3, unit="s")

    def apply(self, shot: Shot) -> Pixels:
        """Lay the picture over the smoothed box, and let the object's light and shade through by `shading`."""
        laid = self._laid(shot)
        if self.shading == 0:
            return laid
        grey = cv2.cvtColor(shot.pixels, cv2.COLOR_RGB2GRAY)
        # What is as bright as the object is on average leaves the picture as it is.
        middle = max(cv2.mean(grey, (shot.alpha > 0.5).view(np.uint8))[0], 16.0)
        table = np.clip(1 + (np.arange(256) / middle - 1) * self.shading, 0, 1.6).astype(np.float32)
        return np.asarray(cv2.multiply(laid, cv2.merge([cv2.LUT(grey, table)] * 3), dtype=cv2.CV_8U))

    def _laid(self, shot: Shot) -> Pixels:
        place = shot.place(self.smoothing)
        levels = read_pyramid(self.file) if self.file else _drawn(self.pattern)
        height, width = shot.alpha.shape
        if place is None:
            middle, side = (shot.frame_size[1] / 2, shot.frame_size[0] / 2), float(max(shot.frame_size))
        else:
            middle, side = place.middle, max(place.width, place.height, 1.0)
        # As large as covers the box and a little more, repeated in a mirror beyond: no frame is without a picture.
        scale = 1.1 * self.size * side / min(levels[0].shape[:2])
        level = min(max(int(np.floor(-np.log2(scale))), 0), len(levels) - 1)
        picture = levels[level][..., :3]
        scale *= levels[0].shape[1] / picture.shape[1]
        x = middle[0] - shot.corner[0] - scale * picture.shape[1] / 2
        y = middle[1] - shot.corner[1] - scale * picture.shape[0] / 2
        matrix = np.array([[scale, 0, x], [0, scale, y]])
        return np.asarray(
            cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        )


@lru_cache(maxsize=len(_PATTERNS))
def _drawn(name: str) -> tuple[NDArray[Any], ...]:
    colors = np.array([(255, 92, 122), (255, 236, 214), (54, 62, 110)], np.uint8)
    y, x = np.mgrid[:_TILE, :_TILE]
    if name == "stripes":
        which = (x + y) // (_TILE // 8) % 2
    elif name == "checks":
        which = (x // (_TILE // 8) + y // (_TILE // 8)) % 2
    else:
        cell = _TILE // 8
        inside = (x % cell - cell / 2 + 0.5) ** 2 + (y % cell - cell / 2 + 0.5) ** 2 < (cell * 0.3) ** 2
        which = np.where(inside, 1, 2)
    opaque = np.full((_TILE, _TILE, 1), 255, np.uint8)
    return pyramid(premultiplied(np.dstack([cv2.GaussianBlur(colors[which], (0, 0), 0.8), opaque])))
