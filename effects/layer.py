"""Layers: which effect falls on what, and `compose`, which lays them over a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from effects.blend import mix
from effects.box import Box, Size
from effects.catalogue import effect_from_json, find_effect
from effects.color import Color, object_color
from effects.effect import Alpha, Effect, EffectError, Pixels, Shot, settings_of
from effects.matte import Mask, as_alpha, make_alpha
from effects.setting import Setting

Target = Literal["background", "everything"] | tuple[int, ...]

WHITE: Color = (255, 255, 255)

LAYER_SETTINGS: Mapping[str, Setting] = {
    each.name: each
    for each in (
        Setting("grow", "number", 0.0, -200, 200, "px", "Grow", ()),
        Setting("feather", "number", 3.0, 0, 200, "px", "Feather", ()),
        Setting("opacity", "number", 1.0, 0, 1, "", "Opacity", ()),
        Setting("start", "integer", 0, 0, 2**31, "", "First frame", ()),
        Setting("stop", "integer", None, 1, 2**31, "", "Frame after the last", ()),
    )
}
"""What every layer takes beside its effect's own settings; no effect may use one of these names."""


@dataclass(frozen=True)
class Layer:
    """One effect, aimed.

    Attributes:
        effect: what is done.
        target: "background" (all that no object covers), "everything", or object ids, each done by itself with its
            own alpha and its own colour, in the order given.
        grow: how far the edge of the target's objects is moved outwards, inwards where negative [px]. For the
            background the edge of the background is meant.
        feather: over how wide a band the effect fades out at the target's edge [px].
        opacity: how much of the effect shows, 0 to 1.
        start: the first frame with the effect.
        stop: the first frame without it again; None: to the end.
    """

    effect: Effect
    target: Target = "background"
    grow: float = 0.0
    feather: float = 3.0
    opacity: float = 1.0
    start: int = 0
    stop: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", _check_target(self.target))
        for name, known in LAYER_SETTINGS.items():
            if name != "stop" or self.stop is not None:
                object.__setattr__(self, name, known.check(getattr(self, name)))
        if self.stop is not None and self.stop <= self.start:
            raise EffectError(f"a layer stops after it starts, but start is {self.start} and stop is {self.stop}")

    def is_active(self, frame_index: int) -> bool:
        """Whether the layer shows on a frame."""
        return self.opacity > 0 and self.start <= frame_index and (self.stop is None or frame_index < self.stop)

    def to_json(self) -> dict[str, Any]:
        """The layer as plain JSON."""
        target = self.target if isinstance(self.target, str) else list(self.target)
        return {
            "target": target,
            "effect": self.effect.to_json(),
            **{name: getattr(self, name) for name in LAYER_SETTINGS},
        }

    @classmethod
    def from_json(cls, data: object) -> Layer:
        """Read what `to_json` wrote; what is left out has its default.

        Raises:
            EffectError: unknown names, or values out of range.
        """
        if not isinstance(data, Mapping) or "effect" not in data or "target" not in data:
            raise EffectError(f'a layer is written {{"target": …, "effect": {{"name": …}}, …}}, not {data!r}')
        unknown = sorted(set(data) - {"effect", "target"} - set(LAYER_SETTINGS))
        if unknown:
            raise EffectError(f"a layer has no {', '.join(unknown)}; it takes {', '.join(LAYER_SETTINGS)}")
        target = tuple(data["target"]) if isinstance(data["target"], list) else data["target"]
        placed = {name: data[name] for name in LAYER_SETTINGS if name in data}
        return cls(effect_from_json(data["effect"]), target, **placed)


def parse_layer(text: str) -> Layer:
    """Read a layer as written on the command line: target, effect, then settings in any order.

    "background blur strength=0.7", "1 outline color=#ff0", "1,3 highlight", "everything pixelate size=24 opacity=0.5".

    Raises:
        EffectError: the text is no layer; the sentence says what is wanted.
    """
    words = text.split()
    if len(words) < 2:
        raise EffectError(f'a layer is written "TARGET EFFECT setting=value …", not "{text}"')
    target, effect = _parse_target(words[0]), find_effect(words[1])
    known = {each.name: each for each in settings_of(effect)}
    given: dict[str, object] = {}
    placed: dict[str, Any] = {}
    for word in words[2:]:
        name, equals, value = word.partition("=")
        if not equals:
            raise EffectError(f'a setting is written name=value, not "{word}"; {effect.usage()}')
        if name in given or name in placed:
            raise EffectError(f'"{name}" is given twice in "{text}"')
        if name in LAYER_SETTINGS:
            placed[name] = LAYER_SETTINGS[name].parse(value)
        elif name in known:
            given[name] = _parse_value(effect, known[name], value)
        else:
            layer_takes = ", ".join(LAYER_SETTINGS)
            raise EffectError(f'{effect.name} has no setting "{name}"; {effect.usage()}, every layer {layer_takes}')
    return Layer(effect.with_settings(given), target, **placed)


def compose(
    pixels: Pixels,
    masks: Mapping[int, Mask],
    layers: Iterable[Layer],
    *,
    frame_index: int = 0,
    time: Fraction | float = 0,
    colors: Mapping[int, Color] | None = None,
) -> Pixels:
    """Lay `layers` over a frame, the first at the bottom: each sees what those before it made.

    For each layer `pixels = pixels·(1 − αo) + effect.apply(shot)·αo` with `αo = alpha·opacity`; where `αo` is 0 the
    pixels stay bit-equal. Objects that overlap are done in the order in which the layer names them.

    Args:
        pixels: (H, W, 3) uint8 RGB, left as they are.
        masks: object id → mask (H, W), bool, or float32 of 0 to 1 where the edge is soft already. An object without
            a mask is absent in this frame.
        layers: bottom first.
        frame_index: the frame's index, counted from 0.
        time: the frame's time [s].
        colors: object id → (r, g, b); the palette's colour for those left out.

    Returns:
        (H, W, 3) uint8, always a new array.

    Raises:
        EffectError: a mask that is not of the frame's size.
    """
    _check_frame(pixels, masks)
    picture = pixels.copy()
    for layer in layers:
        if not layer.is_active(frame_index):
            continue
        for alpha, color in _aim(layer, masks, pixels.shape[:2], colors or {}):
            _paint(picture, layer, alpha, Shot(picture, alpha, color, frame_index, time))
    return picture


def _aim(
    layer: Layer, masks: Mapping[int, Mask], size: Size, colors: Mapping[int, Color]
) -> Iterator[tuple[Alpha, Color]]:
    """Give each alpha matte that the layer falls on, with the colour that goes with it."""
    if layer.target == "everything":
        yield np.ones(size, np.float32), WHITE
    elif layer.target == "background":
        yield 1 - make_alpha(_unite(masks.values(), size), grow=-layer.grow, feather=layer.feather), WHITE
    elif layer.effect.spares_target:
        aimed_at = _unite((masks[each] for each in layer.target if each in masks), size)
        yield 1 - make_alpha(aimed_at, grow=layer.grow, feather=layer.feather), WHITE
    else:
        for object_id in layer.target:
            if object_id in masks:
                alpha = make_alpha(masks[object_id], grow=layer.grow, feather=layer.feather)
                yield alpha, colors.get(object_id, object_color(object_id))


def _paint(picture: Pixels, layer: Layer, alpha: Alpha, whole: Shot) -> None:
    """Lay one effect over `picture`, in place; only its window is computed."""
    frame_size = whole.frame_size
    box = Box.around(alpha)
    if box.is_empty:
        return
    window = layer.effect.window(box, frame_size).clipped(frame_size)
    below, alpha = picture[window.slices], alpha[window.slices]
    below.flags.writeable = alpha.flags.writeable = False  # an effect that writes to its shot fails at once
    shot = Shot(below, alpha, whole.color, whole.index, whole.time, frame_size, (window.x0, window.y0))
    above = layer.effect.apply(shot)
    if not layer.effect.draws_around:
        above = mix(below, above, alpha if layer.opacity == 1 else alpha * np.float32(layer.opacity))
    elif layer.opacity < 1:
        above = mix(below, above, np.full(alpha.shape, layer.opacity, np.float32))
    picture[window.slices] = above


def _unite(masks: Iterable[Mask], size: Size) -> Alpha:
    """The union of masks; nothing where there are none."""
    united = np.zeros(size, np.float32)
    for mask in masks:
        np.maximum(united, as_alpha(mask), out=united)
    return united


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


def _check_target(target: object) -> Target:
    if target == "background" or target == "everything":
        return target
    if isinstance(target, tuple) and target and all(type(each) is int and each >= 0 for each in target):
        if len(set(target)) == len(target):
            return target
        raise EffectError(f"a layer names each object once, not {target}")
    raise EffectError(f"a layer is aimed at background, everything or object ids such as 1,3, not at {target!r}")


def _parse_value(effect: type[Effect], known: Setting, text: str) -> object:
    try:
        return known.parse(text)
    except EffectError as error:
        raise EffectError(f"{effect.name}: {error}") from None


def _parse_target(text: str) -> Target:
    if text in ("background", "everything"):
        return _check_target(text)
    ids = text.split(",")
    if not all(each.isascii() and each.isdigit() for each in ids):
        return _check_target(text)  # says what is wanted
    return _check_target(tuple(int(each) for each in ids))
