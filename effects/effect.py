"""What an effect is, and what it is given: `Effect` and `Shot`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from effects.box import Box, Size
from effects.color import OBJECT, Color, parse_color
from effects.footage import Footage, still_footage
from effects.path import Sighting
from effects.setting import EffectError, Setting, Value, file_setting, setting, settings_of, text_setting

__all__ = [
    "Alpha",
    "Drawing",
    "Effect",
    "EffectError",
    "Pixels",
    "Setting",
    "Shot",
    "file_setting",
    "setting",
    "settings_of",
    "text_setting",
]

Pixels = NDArray[Any]
"""(H, W, 3) uint8 RGB. OpenCV's functions promise no element type, so none is written here."""
Alpha = NDArray[Any]
"""(H, W) float32, 0 to 1: how much of the effect shows."""


class Drawing(NamedTuple):
    """What an effect draws and where: colours, and how much of them each pixel takes.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        alpha: (h, w) float32, 0 to 1, or a mask, uint8 of 0 or 1; where it is 0 the frame stays bit-equal.
        corner: (x, y) [px] of the drawing's first pixel in the shot; it may lie outside, and is cut there.
    """

    pixels: Pixels
    alpha: Alpha
    corner: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Shot:
    """What an effect sees: a frame, or the window of a frame that it asked for.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, read-only.
        alpha: (H, W) float32, 0 to 1: where the layer is aimed, read-only.
        color: the colour that stands for the object; white for the background and for everything.
        index: the frame's index in the clip, counted from 0.
        time: the frame's time [s].
        frame_size: (height, width) [px] of the whole frame, for what is relative to it.
        corner: (x, y) [px] of the window's first pixel in the frame, for what lies on a grid.
        name: the object's name; empty for the background and for everything.
        footage: the clip's other frames; where none is given, this one stands for all.
        full_beyond: a box of the shot outside which alpha is known to be 1; None: nothing is known.
        wanted: the part of the shot that is asked for; all of it, unless the window had to be larger.
        room: of the size of `wanted`, writable: whoever makes the picture of that part there, as OpenCV does in
            `dst=shot.room`, and returns it saves a copy; None, as often: the picture is a new array of the whole shot.
        mask: (H, W) uint8, 0 or 1, read-only: alpha where that is hard, and quicker to work with; None where it is soft
            or nothing is known.
    """

    pixels: Pixels
    alpha: Alpha
    color: Color = (255, 255, 255)
    index: int = 0
    time: Fraction | float = 0
    frame_size: Size = (0, 0)
    corner: tuple[int, int] = (0, 0)
    name: str = ""
    footage: Footage = None  # type: ignore[assignment]  # made in __post_init__
    full_beyond: Box | None = None
    room: Pixels | None = None
    mask: NDArray[Any] | None = None
    wanted: Box = None  # type: ignore[assignment]  # made in __post_init__

    def __post_init__(self) -> None:
        if self.wanted is None:
            object.__setattr__(self, "wanted", Box(0, 0, self.pixels.shape[1], self.pixels.shape[0]))
        if self.alpha is None and self.mask is not None:
            object.__delattr__(self, "alpha")
        if self.frame_size == (0, 0):
            height, width = self.alpha.shape
            object.__setattr__(self, "frame_size", (height, width))
        if self.footage is None:
            still = still_footage(self.pixels, self.alpha, self.corner, self.frame_size)
            object.__setattr__(self, "footage", still)

    def __getattr__(self, name: str) -> Alpha:
        """A hard matte's alpha is made when an effect first asks for it."""
        if name != "alpha" or self.mask is None:
            raise AttributeError(name)
        alpha = self.mask.astype(np.float32)
        alpha.flags.writeable = False
        object.__setattr__(self, name, alpha)
        return alpha

    @property
    def matte(self) -> NDArray[Any]:
        """The mask where alpha is known to be hard, else alpha: as the alpha of a drawing both will do."""
        return self.alpha if self.mask is None else self.mask

    def place(self, smoothing: float = 0.0) -> Sighting | None:
        """Where the target is on this frame, in pixels of the whole frame; None where it is absent.

        Args:
            smoothing: over how long its path is smoothed, without lag [s].
        """
        return self.footage.path(smoothing).at(self.index)

    def paint(self, color: str) -> Color:
        """A colour setting as `(r, g, b)`: "object" becomes the object's own colour."""
        return self.color if color == OBJECT else parse_color(color)


@dataclass(frozen=True)
class Effect(ABC):
    """One way to change a picture: a frozen dataclass whose fields are its settings, declared by `setting(…)`.

    An effect lives in a file of its own, whose name is the effect's name; its docstring's first line is what the page
    says about it. Its fields are checked when it is built.
    """

    name: ClassVar[str]

    draws_around: ClassVar[bool] = False
    """True: the effect draws where it likes and not only within alpha (an outline, a glow, an arrow): `apply` returns
    a `Drawing`, and `window` says how far it reaches."""

    spares_target: ClassVar[bool] = False
    """True: aimed at objects, the effect falls on everything but them (spotlight, cut-out). An object that is absent
    then leaves the whole frame to the effect, so that nothing flashes while it is hidden."""

    looks_around: ClassVar[bool] = False
    """True: what lies around the target is part of what the effect shows (a magnifier, a filled gap)."""

    covers_wholly: ClassVar[bool] = False
    """True: what shows through would defeat it (privacy): a layer refuses to weaken, shrink, blend or fade it."""

    lingers: ClassVar[bool] = False
    """True: the effect is also asked on frames where its object is absent, with alpha 0 (a trail, a frozen copy, a
    label that must not blink where the track is lost for a moment)."""

    sees_all: ClassVar[bool] = False
    """True: the effect must see the whole frame, wherever its target is (an arrow, a trail, a lens in a corner)."""

    sees_place_alone: ClassVar[bool] = False
    """True: of its object the effect asks nothing but its place (`shot.place`): no matte need be made."""

    is_local: ClassVar[bool] = False
    """True: what `apply` makes of a part of the target depends on nothing but what `window` says for that part, and on
    no other frame. A whole frame is then done in bands of rows, on several threads."""

    is_quick: ClassVar[bool] = False
    """True: a local effect of so little work that at 720p handing it to another thread costs more than it saves."""

    def __init_subclass__(cls) -> None:
        cls.name = cls.__module__.rpartition(".")[2]

    def __post_init__(self) -> None:
        for known in settings_of(type(self)):
            try:
                object.__setattr__(self, known.name, known.check(getattr(self, known.name)))
            except EffectError as error:
                raise EffectError(f"{self.name}: {error}") from None

    @abstractmethod
    def apply(self, shot: Shot) -> Pixels | Drawing | list[Drawing]:
        """The picture where alpha is 1, of the size of `shot.pixels`; `compose` mixes it in by alpha.

        An effect that `draws_around` returns a `Drawing`, which is mixed in by its own alpha, or several, none of which
        lies on another. Must not write to `shot` and must depend on nothing but the settings and the shot with its
        footage.
        """

    def window(self, box: Box, frame_size: Size) -> Box:
        """The part of the frame that `apply` must see so that the picture is right wherever it changes.

        Args:
            box: where alpha is not 0; of size 0 where it is 0 everywhere.
            frame_size: (height, width) [px].

        Returns:
            `box` or a larger box; it may reach over the frame's edge, `compose` cuts it there.
        """
        return Box.of_frame(frame_size) if self.sees_all else box

    @classmethod
    def with_settings(cls, given: Mapping[str, object]) -> Effect:
        """Build the effect from names and values.

        Raises:
            EffectError: a name that is no setting, or a value that its setting does not take.
        """
        known = {each.name for each in settings_of(cls)}
        for name in given:
            if name not in known:
                raise EffectError(f'{cls.name} has no setting "{name}"; {cls.usage()}')
        return cls(**given)

    @classmethod
    def usage(cls) -> str:
        """The settings in one sentence: "blur takes strength (0 to 1)"."""
        known = settings_of(cls)
        listed = ", ".join(f"{each.name} ({each.describe()})" for each in known)
        return f"{cls.name} takes {listed or 'no settings'}"

    @classmethod
    def summary(cls) -> str:
        """What the effect does: the first line of its docstring."""
        return (cls.__doc__ or "").strip().partition("\n")[0]

    def settings(self) -> dict[str, Value]:
        """The values of all settings by name."""
        return {each.name: getattr(self, each.name) for each in settings_of(type(self))}

    def to_json(self) -> dict[str, Any]:
        """The effect as plain JSON: its name and every setting."""
        return {"name": self.name, **self.settings()}
