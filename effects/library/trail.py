"""Trail: where the object has just been, fading away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from effects.echo import cut_echo, draw_echoes
from effects.effect import Drawing, Effect, Shot, setting


@dataclass(frozen=True)
class Trail(Effect):
    """Leaves echoes of the object behind it, as pictures or as silhouettes, the older the fainter."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    copies: int = setting(6, low=1, high=24)
    spacing: int = setting(4, low=1, high=60, unit="frames")
    strength: float = setting(0.7, low=0, high=1)
    style: str = setting("picture", choices=("picture", "silhouette"))
    color: str = setting("object")
    with_ground: bool = setting(True, label="Stay on the ground when the camera moves")

    def apply(self, shot: Shot) -> Drawing:
        """Lay the oldest first; the object as it is now stays in front of all."""
        color = shot.paint(self.color) if self.style == "silhouette" else None
        echoes = []
        for copy in range(self.copies, 0, -1):
            index = shot.index - copy * self.spacing
            if 0 <= index < shot.footage.num_frames:
                strength = self.strength * (1 - copy / (self.copies + 1))
                echoes.append(cut_echo(shot, index, strength=strength, with_camera=self.with_ground, color=color))
        return draw_echoes(shot, [each for each in echoes if each is not None])
