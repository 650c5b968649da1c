"""Keyframes: a number that changes over the frames, told by its values at a few of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from effects.setting import EffectError, Setting

Easing = Literal["linear", "ease"]

MOST_KEYFRAMES = 10_000
"""Of one setting: one a frame of the longest clip that is taken, and a bound to what a stranger's project costs."""


class Keyframe(NamedTuple):
    """A value at a frame, and how it goes on from there to the next one.

    Attributes:
        frame: counted from 0.
        value: what the number is on that frame.
        easing: "linear": at one speed; "ease": it starts and arrives softly.
    """

    frame: int
    value: float
    easing: Easing = "linear"


def value_at(keyframes: Sequence[Keyframe], frame_index: int) -> float:
    """The number on a frame; before the first keyframe and after the last it stands still.

    Args:
        keyframes: at least one, in ascending order.
        frame_index: counted from 0.
    """
    place = bisect_right(keyframes, frame_index, key=lambda each: each.frame)
    if place == 0:
        return keyframes[0].value
    before = keyframes[place - 1]
    if place == len(keyframes):
        return before.value
    after = keyframes[place]
    share = (frame_index - before.frame) / (after.frame - before.frame)
    if before.easing == "ease":
        share = share * share * (3 - 2 * share)
    return before.value + (after.value - before.value) * share


def check_keyframes(known: Setting, given: object) -> tuple[Keyframe, ...]:
    """Bring keyframes into order, each value as its setting keeps it.

    Args:
        known: the setting that moves.
        given: `(frame, value)` or `(frame, value, easing)`, any number of them, in any order.

    Raises:
        EffectError: not a number, a frame twice, a value out of range or another easing.
    """
    if not known.is_number:
        raise EffectError(f"{known.name} takes no keyframes: only numbers do")
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise _refuse(known, given)
    given = tuple(given)
    if len(given) > MOST_KEYFRAMES:
        raise EffectError(f"{known.name} takes at most {MOST_KEYFRAMES} keyframes, not {len(given)}")
    checked = sorted((_check_one(known, each) for each in given), key=lambda each: each.frame)
    if not checked or len({each.frame for each in checked}) < len(checked):
        raise EffectError(f"the keyframes of {known.name} name each frame once, and at least one")
    return tuple(checked)


def parse_keyframe(known: Setting, frame: str, text: str) -> Keyframe:
    """Read what `name@frame=value` or `name@frame=value:ease` says on a command line.

    Raises:
        EffectError: the frame is no whole number, or the value is none of this setting.
    """
    value, colon, easing = text.partition(":")
    if not (frame.isascii() and frame.isdigit()) or (colon and easing not in ("linear", "ease")):
        raise EffectError(f"a keyframe is written {known.name}@FRAME=VALUE or {known.name}@FRAME=VALUE:ease")
    if not known.is_number:
        raise EffectError(f"{known.name} takes no keyframes: only numbers do")
    return _check_one(known, (int(frame), known.parse(value), easing or "linear"))


def _check_one(known: Setting, given: Any) -> Keyframe:
    if not isinstance(given, tuple | list) or not 2 <= len(given) <= 3:
        raise _refuse(known, given)
    frame, value, easing = (*given, "linear")[:3]
    if type(frame) is not int or frame < 0 or easing not in ("linear", "ease"):
        raise _refuse(known, given)
    return Keyframe(frame, float(known.check(value)), easing)


def _refuse(known: Setting, given: object) -> EffectError:
    return EffectError(f'a keyframe of {known.name} is written [frame, value, "linear" or "ease"], not {given!r}')
