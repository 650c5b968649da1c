"""Background video: the object in front of a scene that moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from effects.backdrop import lay_behind
from effects.effect import Drawing, Effect, Pixels, Shot, file_setting, setting
from effects.pictures import FITS, fit_picture
from effects.scenes import MOVING_SCENES, draw_moving_scene


@dataclass(frozen=True)
class BackgroundVideo(Effect):
    """Puts the object in front of a video of your own, looped and fitted, or of a moving scene."""

    draws_around: ClassVar[bool] = True
    spares_target: ClassVar[bool] = True

    scene: str = setting("aurora", choices=MOVING_SCENES)
    file: str = file_setting("video", label="Own video")
    fit: str = setting("cover", choices=FITS)
    loop: str = setting("repeat", choices=("repeat", "to and fro"))
    speed: float = setting(1.0, low=0, high=4)

    def apply(self, shot: Shot) -> Drawing:
        return lay_behind(shot, self._backdrop(shot))

    def _backdrop(self, shot: Shot) -> Pixels:
        moment = float(shot.time) * self.speed
        if not self.file:
            return draw_moving_scene(self.scene, shot.frame_size, moment)
        video = shot.footage.video(self.file)
        at, last = int(moment * video.fps + 1e-6), video.num_frames - 1
        if self.loop == "repeat":
            at %= last + 1
        elif last > 0:  # 0 1 2 1 0 1 2: the ends are shown once
            at = last - abs(last - at % (2 * last))
        else:
            at = 0
        return fit_picture(video.pixels(at), shot.frame_size, self.fit)  # type: ignore[arg-type]  # one of FITS
