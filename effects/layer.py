"""Layers: which effect falls on what, when and how strongly; as JSON, and as the words of a command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from effects.blend import BLENDS
from effects.catalogue import effect_from_json, find_effect
from effects.effect import Effect, EffectError, settings_of
from effects.keyframes import Keyframe, check_keyframes, parse_keyframe, value_at
from effects.matte import Mask
from effects.setting import Setting

Target = Literal["background", "everything"] | tuple[int, ...]

LAYER_SETTINGS: Mapping[str, Setting] = {
    each.name: each
    for each in (
        Setting("grow", "number", 0.0, -200, 200, "px", "Grow"),
        Setting("feather", "number", 3.0, 0, 200, "px", "Feather"),
        Setting("holes", "number", 0.0, 0, 100_000, "px²", "Fill holes up to"),
        Setting("specks", "number", 0.0, 0, 100_000, "px²", "Remove specks up to"),
        Setting("opacity", "number", 1.0, 0, 1, "", "Opacity"),
        Setting("blend", "choice", "normal", None, None, "", "Blend", BLENDS),
        Setting("start", "integer", 0, 0, 2**31, "", "First frame"),
        Setting("stop", "integer", None, 1, 2**31, "", "Frame after the last"),
        Setting("fade_in", "integer", 0, 0, 100_000, "frames", "Fade in"),
        Setting("fade_out", "integer", 0, 0, 100_000, "frames", "Fade out"),
    )
}
"""What every layer takes beside its effect's own settings; no effect may use one of these names."""

MOVING = ("grow", "feather", "opacity")
"""The layer's own settings that keyframes may move, beside every number of its effect."""


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
        holes, specks: the largest hole in the target's objects that is filled, and the largest part of them beside the
            main one that is left out [px²].
        opacity: how much of the effect shows, 0 to 1.
        blend: how the effect's colours meet those below: "normal" takes their place.
        start: the first frame with the effect.
        stop: the first frame without it again; None: to the end.
        fade_in, fade_out: over how many frames it comes after `start` and goes before `stop`, or before the clip's end.
        keyframes: setting name → values at some frames, for any number of the effect and for those in `MOVING`; where
            there are any they stand in place of the setting.
    """

    effect: Effect
    target: Target = "background"
    grow: float = 0.0
    feather: float = 3.0
    holes: float = 0.0
    specks: float = 0.0
    opacity: float = 1.0
    blend: str = "normal"
    start: int = 0
    stop: int | None = None
    fade_in: int = 0
    fade_out: int = 0
    keyframes: Mapping[str, tuple[Keyframe, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", _check_target(self.target))
        for name, known in LAYER_SETTINGS.items():
            if name != "stop" or self.stop is not None:
                object.__setattr__(self, name, known.check(getattr(self, name)))
        if self.stop is not None and self.stop <= self.start:
            raise EffectError(f"a layer stops after it starts, but start is {self.start} and stop is {self.stop}")
        if self.effect.covers_wholly:
            self._check_whole()
        moving = _moving_settings(type(self.effect))
        for name in self.keyframes:
            if name not in moving:
                raise EffectError(
                    f'keyframes cannot move "{name}" of {self.effect.name}; they move {", ".join(moving)}'
                )
        checked = {name: check_keyframes(moving[name], given) for name, given in self.keyframes.items()}
        object.__setattr__(self, "keyframes", checked)

    def _check_whole(self) -> None:
        """Refuse whatever would let something show through a cover; opacity 0 is a layer that is switched off."""
        is_whole = self.opacity in (0, 1) and self.grow >= 0 and self.blend == "normal" and not self.keyframes
        is_whole &= self.specks == 0
        if not is_whole or self.fade_in or self.fade_out:
            raise EffectError(
                f"{self.effect.name} covers wholly: its layer takes no opacity below 1, no negative grow, "
                "no specks, no other blend than normal, no fade and no keyframes"
            )

    def at(self, frame_index: int, num_frames: int | None = None) -> Layer | None:
        """The layer as it is on one frame: keyframes and fades turned into plain settings; None where it does not show.

        Args:
            frame_index: counted from 0.
            num_frames: the clip's length, before whose end a layer without `stop` fades out; None: it does not.
        """
        if frame_index < self.start or (self.stop is not None and frame_index >= self.stop):
            return None
        layer = self._with_values_of(frame_index)
        opacity = layer.opacity * self._fade(frame_index, num_frames)
        if opacity <= 0:
            return None
        return layer if opacity == layer.opacity else replace(layer, opacity=opacity)

    def falls_on(self, masks: Mapping[int, Mask]) -> bool:
        """Whether the layer may change a frame on which these masks are; where none may, it can go on as it is.

        Args:
            masks: object id → mask (H, W), as `compose` takes them.
        """
        if isinstance(self.target, str) or self.effect.spares_target or self.effect.lingers:
            return True
        return any(each in masks and bool(masks[each].any()) for each in self.target)

    def _with_values_of(self, frame_index: int) -> Layer:
        if not self.keyframes:
            return self
        values = {name: value_at(each, frame_index) for name, each in self.keyframes.items()}
        placed: dict[str, Any] = {name: value for name, value in values.items() if name in MOVING}
        given: dict[str, Any] = {name: value for name, value in values.items() if name not in MOVING}
        for known in settings_of(type(self.effect)):
            if known.kind == "integer" and known.name in given:
                given[known.name] = round(given[known.name])
        return replace(self, effect=replace(self.effect, **given), keyframes={}, **placed)

    def _fade(self, frame_index: int, num_frames: int | None) -> float:
        share = (frame_index - self.start + 1) / (self.fade_in + 1)
        stop = num_frames if self.stop is None else self.stop
        if stop is not None and self.fade_out:
            share = min(share, (stop - frame_index) / (self.fade_out + 1))
        return max(0.0, min(1.0, share))

    def to_json(self) -> dict[str, Any]:
        """The layer as plain JSON."""
        target = self.target if isinstance(self.target, str) else list(self.target)
        return {
            "target": target,
            "effect": self.effect.to_json(),
            **{name: getattr(self, name) for name in LAYER_SETTINGS},
            "keyframes": {name: [list(each) for each in moves] for name, moves in self.keyframes.items()},
        }

    @classmethod
    def from_json(cls, data: object) -> Layer:
        """Read what `to_json` wrote; what is left out has its default.

        Raises:
            EffectError: unknown names, or values out of range.
        """
        if not isinstance(data, Mapping) or "effect" not in data or "target" not in data:
            raise EffectError(f'a layer is written {{"target": …, "effect": {{"name": …}}, …}}, not {data!r}')
        unknown = sorted(set(data) - {"effect", "target", "keyframes"} - set(LAYER_SETTINGS))
        if unknown:
            raise EffectError(f"a layer has no {', '.join(unknown)}; it takes {', '.join(LAYER_SETTINGS)}, keyframes")
        target = tuple(data["target"]) if isinstance(data["target"], list) else data["target"]
        placed = {name: data[name] for name in LAYER_SETTINGS if name in data}
        moves = data.get("keyframes", {})
        if not isinstance(moves, Mapping):
            raise EffectError(
                f"a layer's keyframes are written {{setting: [[frame, value, easing], …]}}, not {moves!r}"
            )
        return cls(effect_from_json(data["effect"]), target, **placed, keyframes=moves)


def parse_layer(text: str) -> Layer:
    """Read a layer as written on the command line: target, effect, then settings in any order.

    "background blur strength=0.7", "1 outline color=#ff0", "1,3 highlight", "everything pixelate size=24 opacity=0.5".
    Words with spaces stand in quotes, `1 label text="Our dog"`. A number moves by keyframes, `strength@0=0.1:ease
    strength@30=0.9`.

    Raises:
        EffectError: the text is no layer; the sentence says what is wanted.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise EffectError(f"a quote is opened but not closed in {text}") from None
    if len(words) < 2:
        raise EffectError(f'a layer is written "TARGET EFFECT setting=value …", not "{text}"')
    target, effect = _parse_target(words[0]), find_effect(words[1])
    own = {each.name: each for each in settings_of(effect)}
    given: dict[str, object] = {}
    moves: dict[str, list[Keyframe]] = {}
    for word in words[2:]:
        spelled, equals, value = word.partition("=")
        name, at, frame = spelled.partition("@")
        if not equals:
            raise EffectError(f'a setting is written name=value, not "{word}"; {effect.usage()}')
        known = own.get(name) or LAYER_SETTINGS.get(name)
        if known is None:
            layer_takes = ", ".join(LAYER_SETTINGS)
            raise EffectError(f'{effect.name} has no setting "{name}"; {effect.usage()}, every layer {layer_takes}')
        if at:
            moves.setdefault(name, []).append(parse_keyframe(known, frame, value))
        elif name in given:
            raise EffectError(f'"{name}" is given twice in "{text}"')
        else:
            given[name] = _parse_value(effect, known, value) if name in own else known.parse(value)
    placed: dict[str, Any] = {name: value for name, value in given.items() if name in LAYER_SETTINGS}
    settings = {name: value for name, value in given.items() if name in own}
    return Layer(effect.with_settings(settings), target, **placed, keyframes={k: tuple(v) for k, v in moves.items()})


def _moving_settings(effect: type[Effect]) -> dict[str, Setting]:
    own = {each.name: each for each in settings_of(effect) if each.is_number}
    return own | {name: LAYER_SETTINGS[name] for name in MOVING}


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
