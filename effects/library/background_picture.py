"""Background picture: the object in front of another scene."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np

from effects.backdrop import lay_behind
from effects.box import Size
from effects.effect import Drawing, Effect, Pixels, Shot, file_setting, setting
from effects.pictures import FITS, Fit, fit_picture, read_picture
from effects.scenes import SCENES, draw_scene


@dataclass(frozen=True)
class BackgroundPicture(Effect):
    """Puts the object in front of a picture of your own or of one that comes along."""

    draws_around: ClassVar[bool] = True
    spares_target: ClassVar[bool] = True

    scene: str = setting("dusk", choices=SCENES)
    file: str = file_setting("picture", label="Own picture")
    fit: str = setting("cover", choices=FITS)
    blur: float = setting(0.15, low=0, high=1)

    def apply(self, shot: Shot) -> Drawing:
        return lay_behind(shot, self._backdrop(shot.frame_size))

    def _backdrop(self, size: Size) -> Pixels:
        if not self.file:
            return _blurred_scene(self.scene, size, self.blur)
        read_picture(self.file)  # says what is wrong with it
        return _blurred_file(self.file, os.stat(self.file).st_mtime_ns, size, self.fit, self.blur)


@lru_cache(maxsize=2)
def _blurred_scene(name: str, size: Size, blur: float) -> Pixels:
    return _soften(draw_scene(name, size), blur)


@lru_cache(maxsize=2)
def _blurred_file(path: str, modified: int, size: Size, fit: Fit, blur: float) -> Pixels:
    picture = fit_picture(read_picture(path), size, fit)
    colors = cv2.multiply(picture[..., :3], np.repeat(picture[..., 3:], 3, axis=2), scale=1 / 255)  # clear is black
    return _soften(np.asarray(colors), blur)


def _soften(picture: Pixels, blur: float) -> Pixels:
    sigma = blur * min(picture.shape[:2]) / 25
    if sigma < 0.3:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))
