"""Freeze: copies of the object that stay where it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from effects.echo import cut_echo, draw_echoes
from effects.effect import Drawing, Effect, Shot, setting


@dataclass(frozen=True)
class Freeze(Effect):
    """Leaves frozen copies of the object behind, one every so many frames."""

    draws_around: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    sees_all: ClassVar[bool] = True

    first: int = setting(0, low=0, high=100_000, unit="frames", label="First copy at frame")
    spacing: int = setting(12, low=1, high=1000, unit="frames", label="Then one every")
    copies: int = setting(5, low=1, high=20)
    strength: float = setting(1.0, low=0, high=1)
    with_ground: bool = setting(True, label="Stay on the ground when the camera moves")

    def apply(self, shot: Shot) -> Drawing:
        echoes = []
        for copy in range(self.copies):
            index = self.first + copy * self.spacing
            if index >= min(shot.index, shot.footage.num_frames):
                break
            echoes.append(cut_echo(shot, index, strength=self.strength, with_camera=self.with_ground))
        return draw_echoes(shot, [each for each in echoes if each is not None])
