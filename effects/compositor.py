"""`compose`: lays the layers over a frame, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from effects.blend import blend, mix
from effects.box import Box, Size
from effects.camera import Motion
from effects.color import Color, object_color
from effects.effect import Alpha, Drawing, EffectError, Pixels, Shot
from effects.footage import ClipFrames, Footage, Pictures, StillClip
from effects.layer import Layer
from effects.matte import Mask, as_alpha, make_alpha
from effects.path import Path

WHITE: Color = (255, 255, 255)

FAINTEST = np.float32(1 / 1024)
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
        masks: object id → mask (H, W), bool, or float32 of 0 to 1 where the edge is soft already. An object without
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
    picture = pixels.copy()
    stack = list(layers)
    frames = clip or StillClip(pixels, masks)
    covers = [layer for layer in stack if layer.effect.covers_wholly]
    covered = CoveredClip(frames, covers) if covers else frames
    for layer in stack:
        shown = layer.at(frame_index, clip.num_frames if clip else None)
        if shown is None:
            continue
        for aim in _aims(shown, masks, colors or {}, names or {}, pixels.shape[:2]):
            footage = Footage(frames if layer.effect.covers_wholly else covered, aim.object_ids, aim.alpha_in)
            alpha = aim.alpha_in(masks)
            whole = Shot(picture, alpha, aim.color, frame_index, time, name=aim.name, footage=footage)
            _paint(picture, shown, whole)
    return picture


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


class _Aim(NamedTuple):
    """One of the things that a layer falls on, each with its own matte, colour and name."""

    object_ids: tuple[int, ...] | None
    alpha_in: Callable[[Mapping[int, Mask]], Alpha]
    color: Color = WHITE
    name: str = ""


def _aims(
    layer: Layer, masks: Mapping[int, Mask], colors: Mapping[int, Color], names: Mapping[int, str], size: Size
) -> Iterator[_Aim]:
    """Give what the layer falls on, in the order of drawing."""
    grow, feather = layer.grow, layer.feather
    if layer.target == "everything":
        yield _Aim(None, lambda _: np.ones(size, np.float32))
    elif layer.target == "background":
        yield _Aim(None, lambda found: 1 - make_alpha(_unite(found.values(), size), grow=-grow, feather=feather))
    elif layer.effect.spares_target:
        ids = layer.target
        yield _Aim(ids, lambda found: 1 - make_alpha(_unite_of(ids, found, size), grow=grow, feather=feather))
    else:
        for object_id in layer.target:
            if object_id in masks or layer.effect.lingers:
                color = colors.get(object_id, object_color(object_id))
                name = names.get(object_id, f"Object {object_id}")
                alpha_in = partial(_alpha_of, object_id, layer, size)
                yield _Aim((object_id,), alpha_in, color, name)


def _alpha_of(object_id: int, layer: Layer, size: Size, masks: Mapping[int, Mask]) -> Alpha:
    if object_id not in masks:
        return np.zeros(size, np.float32)
    return make_alpha(masks[object_id], grow=layer.grow, feather=layer.feather)


def _paint(picture: Pixels, layer: Layer, whole: Shot) -> None:
    """Lay one effect over `picture`, in place; only its window is computed."""
    box = Box.around(whole.alpha)
    lingers = layer.effect.lingers and whole.footage.object_ids is not None
    if not lingers and (box.is_empty or whole.alpha[box.slices].max() < FAINTEST):
        return
    window = layer.effect.window(box, whole.frame_size).clipped(whole.frame_size)
    if window.is_empty:
        return
    below, alpha = picture[window.slices], whole.alpha[window.slices]
    below.flags.writeable = alpha.flags.writeable = False  # an effect that writes to its shot fails at once
    shot = replace(whole, pixels=below, alpha=alpha, corner=(window.x0, window.y0))
    drawn = layer.effect.apply(shot)
    drawing = drawn if isinstance(drawn, Drawing) else Drawing(drawn, alpha)
    place, part = _visible(drawing, below.shape[:2])
    if place.is_empty:
        return
    under, above, weight = below[place.slices], drawing.pixels[part.slices], drawing.alpha[part.slices]
    if layer.blend != "normal":
        above = blend(under, above, layer.blend)
    if layer.opacity < 1:
        weight = weight * np.float32(layer.opacity)
    picture[window.slices][place.slices] = mix(under, above, weight)


def _visible(drawing: Drawing, size: Size) -> tuple[Box, Box]:
    """Where a drawing changes a shot of `size`, as a box of the shot and as the same box of the drawing."""
    x, y = drawing.corner
    place = Box.around(drawing.alpha).moved(x, y).clipped(size)
    return place, place.moved(-x, -y)


def _unite(masks: Iterable[Mask], size: Size) -> Alpha:
    """The union of masks; nothing where there are none."""
    united = np.zeros(size, np.float32)
    for mask in masks:
        np.maximum(united, as_alpha(mask), out=united)
    return united


def _unite_of(object_ids: Iterable[int], masks: Mapping[int, Mask], size: Size) -> Alpha:
    return _unite((masks[each] for each in object_ids if each in masks), size)


def _check_frame(pixels: Pixels, masks: Mapping[int, Mask]) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise EffectError(f"a frame is (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}")
    for object_id, mask in masks.items():
        if mask.shape != pixels.shape[:2]:
            raise EffectError(
                f"the mask of object {object_id} is of size {mask.shape}, the frame of {pixels.shape[:2]}; "
                "give masks of the frame's size"
            )
        # Logits are float32 too, and would come out as a wild picture.
        if mask.dtype == np.float32 and not (mask.min() >= 0 and mask.max() <= 1):
            raise EffectError(f"the soft mask of object {object_id} is not within 0 to 1; logits want `> 0` first")
