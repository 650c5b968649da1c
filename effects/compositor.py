"""`compose`: lays the layers over a frame, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from effects.bands import bands_of, work_on
from effects.blend import blend, lay_below, mix_into
from effects.box import Box, Size
from effects.camera import Motion
from effects.color import Color, object_color
from effects.effect import Alpha, Drawing, EffectError, Pixels, Shot
from effects.footage import ClipFrames, Footage, Pictures, StillClip
from effects.layer import Layer
from effects.matte import Mask, Matte, clean_matte, matte_of, shape_edge, unite
from effects.path import Path

WHITE: Color = (255, 255, 255)

FAINTEST = 1 / 1024
"""An alpha that nowhere reaches this is the rounding of a feather, and not something to draw on."""


def compose(
    pixels: Pixels,
    masks: Mapping[int, Mask],
    layers: Iterable[Layer],
    *,
    frame_index: int = 0,
    time: Fraction | float = 0,
    colors: Mapping[int, Color] | None = None,
    names: Mapping[int, str] | None = None,
    clip: ClipFrames | None = None,
) -> Pixels:
    """Lay `layers` over a frame, the first at the bottom: each sees what those before it made.

    For each layer `pixels = pixels·(1 − αo) + blend(pixels, effect.apply(shot))·αo` with `αo = alpha·opacity`; where
    `αo` is 0 the pixels stay bit-equal. Objects that overlap are done in the order in which the layer names them, so
    that the one named last lies on top.

    Args:
        pixels: (H, W, 3) uint8 RGB, left as they are.
        masks: object id → mask (H, W), bool, or floats of 0 to 1 where the edge is soft already. An object without
            a mask is absent in this frame.
        layers: bottom first.
        frame_index: the frame's index, counted from 0.
        time: the frame's time [s].
        colors: object id → (r, g, b); the palette's colour for those left out.
        names: object id → its name; "Object 1" and so on for those left out.
        clip: the clip that the frame is of, for effects that look at other frames; without it the frame stands for
            the whole clip.

    Returns:
        (H, W, 3) uint8, always a new array.

    Raises:
        EffectError: a mask that is not of the frame's size.
    """
    _check_frame(pixels, masks)
    picture = _Picture(pixels)
    stack = list(layers)
    frames = clip or StillClip(pixels, masks)
    covers = [layer for layer in stack if layer.effect.covers_wholly]
    covered = CoveredClip(frames, covers) if covers else frames
    for layer in stack:
        shown = layer.at(frame_index, clip.num_frames if clip else None)
        if shown is None:
            continue
        for aim in _aims(shown, masks, colors or {}, names or {}, pixels.shape[:2]):
            seen = frames if layer.effect.covers_wholly else covered
            _paint(picture, shown, aim, masks, Footage(seen, aim.object_ids, aim.alpha_in), (frame_index, time))
    return picture.own()


@dataclass(frozen=True, eq=False)
class CoveredClip:
    """A clip whose frames are covered already: an effect that shows another frame must not show whom privacy hides."""

    clip: ClipFrames
    covers: Sequence[Layer]

    @property
    def num_frames(self) -> int:
        return self.clip.num_frames

    @property
    def fps(self) -> float:
        return self.clip.fps

    def pixels(self, index: int) -> Pixels:
        return compose(self.clip.pixels(index), self.clip.masks(index), self.covers, frame_index=index, clip=self.clip)

    def masks(self, index: int) -> Mapping[int, Mask]:
        return self.clip.masks(index)

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        return self.clip.path(object_ids)

    def camera_step(self, index: int) -> Motion:
        return self.clip.camera_step(index)

    def video(self, path: str) -> Pictures:
        return self.clip.video(path)


class _Picture:
    """The frame as far as the layers have got; until one paints these are the caller's own pixels, never written to."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = np.ascontiguousarray(pixels)
        self._is_ours = False

    def own(self) -> Pixels:
        """The pixels for writing."""
        if not self._is_ours:
            self.become(self.pixels.copy())
        return self.pixels

    def become(self, pixels: Pixels) -> None:
        """Go on with another picture, which is ours from now on."""
        self.pixels, self._is_ours = pixels, True


class _Aim(NamedTuple):
    """One of the things that a layer falls on, each with its own matte, colour and name."""

    object_ids: tuple[int, ...] | None
    matte_in: Callable[[Mapping[int, Mask]], Matte]
    color: Color = WHITE
    name: str = ""

    def alpha_in(self, masks: Mapping[int, Mask]) -> Alpha:
        """The matte as alpha of a whole frame."""
        return self.matte_in(masks).whole()


def _aims(
    layer: Layer, masks: Mapping[int, Mask], colors: Mapping[int, Color], names: Mapping[int, str], size: Size
) -> Iterator[_Aim]:
    """Give what the layer falls on, in the order of drawing."""
    if layer.target == "everything":
        yield _Aim(None, lambda _: unite([], size).inverted())
    elif layer.target == "background":
        yield _Aim(None, lambda found: _rest(found.values(), layer, -layer.grow, size))
    elif layer.effect.spares_target:
        ids = layer.target
        yield _Aim(ids, lambda found: _rest((found[each] for each in ids if each in found), layer, layer.grow, size))
    else:
        for object_id in layer.target:
            if object_id in masks or layer.effect.lingers:
                color = colors.get(object_id, object_color(object_id))
                name = names.get(object_id, f"Object {object_id}")
                yield _Aim((object_id,), partial(_matte_of_one, object_id, layer, size), color, name)


def _rest(masks: Iterable[Mask], layer: Layer, grow: float, size: Size) -> Matte:
    """All that these masks leave out, their edges moved by `grow` [px] and softened."""
    return shape_edge(
        unite([_cleaned(each, layer) for each in masks], size), grow=grow, feather=layer.feather
    ).inverted()


def _cleaned(mask: Mask, layer: Layer) -> Matte:
    return clean_matte(matte_of(mask), holes=layer.holes, specks=layer.specks)


def _matte_of_one(object_id: int, layer: Layer, size: Size, masks: Mapping[int, Mask]) -> Matte:
    if object_id not in masks:
        return unite([], size)
    return shape_edge(_cleaned(masks[object_id], layer), grow=layer.grow, feather=layer.feather)


def _paint(
    picture: _Picture,
    layer: Layer,
    aim: _Aim,
    masks: Mapping[int, Mask],
    footage: Footage,
    now: tuple[int, Fraction | float],
) -> None:
    """Lay one effect over `picture`; only its window is computed."""
    size = picture.pixels.shape[0], picture.pixels.shape[1]
    is_placed = layer.effect.sees_place_alone and aim.object_ids is not None
    matte = unite([], size) if is_placed else aim.matte_in(masks)
    if matte.is_fainter(FAINTEST) and not (layer.effect.lingers and aim.object_ids is not None):
        return
    window = layer.effect.window(matte.extent(), size).clipped(size)
    if window.is_empty:
        return
    look = partial(_look, picture.pixels, matte, aim, footage, now)
    if layer.effect.is_local and window.size == size:
        picture.become(_draw_in_bands(layer, look, size))
        return
    shot = look(window)
    drawings = _draw(layer, shot)
    if window.size == size and _is_plain(layer, shot, drawings[0]):
        picture.become(_replace(shot, drawings[0].pixels))
        return
    for drawing in drawings:
        place, part = _visible(drawing, shot, layer.effect.sees_all and len(drawings) == 1)
        if not place.is_empty:
            _mix_into(picture.own()[window.slices][place.slices], layer, drawing, part)


def _look(
    pixels: Pixels,
    matte: Matte,
    aim: _Aim,
    footage: Footage,
    now: tuple[int, Fraction | float],
    window: Box,
    wanted: Box | None = None,
    room: Pixels | None = None,
) -> Shot:
    """What an effect sees of a frame through a window, and which part of that is wanted, in which room."""
    size = pixels.shape[0], pixels.shape[1]
    below, mask = pixels[window.slices], matte.cut_hard(window)
    alpha: Any = matte.cut(window) if mask is None else None
    below.flags.writeable = False  # an effect that writes to its shot fails at once
    (alpha if mask is None else mask).flags.writeable = False
    inner = matte.box.clipped(size).moved(-window.x0, -window.y0) if matte.beyond else None
    seen = aim.color, *now, size, window.corner, aim.name, footage
    return Shot(below, alpha, *seen, inner, room, mask, wanted or Box.of_frame(window.size))


def _draw(layer: Layer, shot: Shot) -> list[Drawing]:
    drawn = layer.effect.apply(shot)
    if isinstance(drawn, list):
        return drawn
    return [drawn if isinstance(drawn, Drawing) else Drawing(drawn, shot.matte)]


def _is_plain(layer: Layer, shot: Shot, drawing: Drawing) -> bool:
    """Whether what was drawn takes the frame's place beyond the box where alpha is not 1."""
    is_usual = layer.opacity == 1 and layer.blend == "normal"
    return is_usual and drawing.alpha is shot.matte and shot.full_beyond is not None


def _draw_in_bands(layer: Layer, look: Callable[..., Shot], size: Size) -> Pixels:
    """The whole frame with a local effect laid over it."""
    made = np.empty((*size, 3), np.uint8)

    def work(band: Box) -> None:
        window = layer.effect.window(band, size).clipped(size)
        here, part = made[band.slices], band.moved(-window.x0, -window.y0)
        shot = look(window, part, here)
        [drawing] = _draw(layer, shot)
        above = here if drawing.pixels is here else drawing.pixels[part.slices]
        if not _is_plain(layer, shot, drawing):
            mixed = shot.pixels[part.slices].copy()
            _mix_into(mixed, layer, Drawing(above, drawing.alpha[part.slices]), Box.of_frame(part.size))
            here[...] = mixed
            return
        if above is not here:
            here[...] = above
        soft = part.intersected(shot.full_beyond or part)
        if not soft.is_empty:
            made_there = made[soft.moved(window.x0, window.y0).slices]
            lay_below(made_there, shot.pixels[soft.slices], shot.matte[soft.slices])

    work_on(bands_of(size, is_quick=layer.effect.is_quick), work)
    return made


def _mix_into(made: Pixels, layer: Layer, drawing: Drawing, part: Box) -> None:
    """Mix a part of a drawing into what lies below it, as strongly and in the way that the layer says."""
    above, weight = drawing.pixels[part.slices], drawing.alpha[part.slices]
    if layer.blend != "normal":
        above = blend(made, above, layer.blend)
    if layer.opacity < 1:
        weight = weight * np.float32(layer.opacity)
    mix_into(made, above, weight)


def _replace(shot: Shot, drawn: Pixels) -> Pixels:
    """What was drawn over the whole frame, mixed with what was there only in the box where alpha is not 1.

    What an effect may not write to (the shot itself, a picture that it keeps) is none that it gives away.
    """
    made = drawn if drawn.flags.writeable and drawn.flags.c_contiguous else np.array(drawn, order="C")
    if shot.full_beyond is not None and not shot.full_beyond.is_empty:
        here = shot.full_beyond.slices
        lay_below(made[here], shot.pixels[here], shot.matte[here])
    return made


def _visible(drawing: Drawing, shot: Shot, is_loose: bool) -> tuple[Box, Box]:
    """Where a drawing changes a shot, as a box of the shot and as the same box of the drawing."""
    x, y = drawing.corner
    # The window of most effects is near enough to what they draw, and so are several small drawings.
    drawn = Box.around(drawing.alpha) if is_loose else Box.of_frame(drawing.alpha.shape)
    place = drawn.moved(x, y).clipped((shot.pixels.shape[0], shot.pixels.shape[1]))
    return place, place.moved(-x, -y)


def _check_frame(pixels: Pixels, masks: Mapping[int, Mask]) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise EffectError(f"a frame is (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}")
    for object_id, mask in masks.items():
        if mask.shape != pixels.shape[:2]:
            raise EffectError(
                f"the mask of object {object_id} is of size {mask.shape}, the frame of {pixels.shape[:2]}; "
                "give masks of the frame's size"
            )
        # Logits are floats too, and would come out as a wild picture.
        if mask.dtype.kind == "f" and not (mask.min() >= 0 and mask.max() <= 1):
            raise EffectError(f"the soft mask of object {object_id} is not within 0 to 1; logits want `> 0` first")
