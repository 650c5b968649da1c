"""Settings: the typed fields of an effect, from which sliders, JSON and the command line all come."""

from __future__ import annotations

import math
from dataclasses import Field, dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal

from effects.color import OBJECT, format_color, parse_color

Value = float | int | bool | str
Kind = Literal["number", "integer", "color", "choice", "switch", "text", "file"]
FileKind = Literal["picture", "video"]

LONGEST_TEXT = 200
"""Characters of a text setting."""
LONGEST_PATH = 1000
"""Characters of a file setting."""


class EffectError(ValueError):
    """An effect, a setting or a layer that cannot be: one sentence that names what is known."""


@dataclass(frozen=True)
class Setting:
    """One parameter of an effect: what it may be and how to show it.

    The kind follows from the default: a bool is a switch, a text is a choice where `choices` are given and a colour
    otherwise, an int is an integer, a float a number. A colour is `#rrggbb` or "object", the object's own colour.
    `text_setting` declares words to write, `file_setting` a picture or a video to show.
    """

    name: str
    kind: Kind
    default: Value | None
    low: float | None
    high: float | None
    unit: str
    label: str
    choices: tuple[str, ...] = ()
    accepts: tuple[FileKind, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the setting takes numbers, which is what keyframes move."""
        return self.kind in ("number", "integer")

    def check(self, value: object) -> Value:
        """Return `value` as this setting keeps it, colours written out as `#rrggbb`.

        Raises:
            EffectError: `value` is of another kind, out of range or no choice.
        """
        if self.kind == "switch" and isinstance(value, bool):
            return value
        if self.kind == "choice" and value in self.choices:
            return str(value)
        if self.kind == "color" and isinstance(value, str):
            return self._check_color(value)
        if self.is_number and isinstance(value, int | float) and not isinstance(value, bool):
            return self._check_number(value)
        if self.kind in ("text", "file") and isinstance(value, str):
            return self._check_text(value)
        raise self._refuse(value)

    def parse(self, text: str) -> Value:
        """Read the value that `name=text` gives on a command line.

        Raises:
            EffectError: the text is no value of this setting.
        """
        if self.kind == "switch":
            known = {"true": True, "yes": True, "on": True, "1": True}
            known |= {"false": False, "no": False, "off": False, "0": False}
            return self.check(known.get(text.lower(), text))
        if self.is_number:
            try:
                number = float(text)
            except ValueError:
                raise self._refuse(text) from None
            return self.check(number)
        return self.check(text)

    def describe(self) -> str:
        """What the setting may be, in a few words: "0 to 1", "#rrggbb or object", "yes or no"."""
        if self.kind == "switch":
            return "yes or no"
        if self.kind == "choice":
            return ", ".join(self.choices)
        if self.kind == "color":
            return "#rrggbb or object"
        if self.kind == "text":
            return f"up to {LONGEST_TEXT} characters"
        if self.kind == "file":
            return f"the path of a {' or '.join(self.accepts)}"
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.low:g} to {self.high:g}{unit}"

    def to_json(self) -> dict[str, Any]:
        """Everything a page needs to show a slider, a colour field, a list or a switch."""
        described: dict[str, Any] = {"name": self.name, "kind": self.kind, "label": self.label, "default": self.default}
        if self.is_number:
            described |= {"low": self.low, "high": self.high, "unit": self.unit}
        if self.kind == "choice":
            described["choices"] = list(self.choices)
        if self.kind == "file":
            described["accepts"] = list(self.accepts)
        return described

    def _check_number(self, value: float) -> float | int:
        assert self.low is not None
        assert self.high is not None
        if not math.isfinite(value) or not self.low <= value <= self.high:
            raise self._refuse(value)
        if self.kind == "integer":
            if value != int(value):
                raise self._refuse(value)
            return int(value)
        return float(value)

    def _check_color(self, value: str) -> str:
        if value == OBJECT:
            return value
        try:
            return format_color(parse_color(value))
        except ValueError:
            raise self._refuse(value) from None

    def _check_text(self, value: str) -> str:
        longest = LONGEST_TEXT if self.kind == "text" else LONGEST_PATH
        if len(value) > longest or not all(each.isprintable() for each in value):
            raise self._refuse(value[:40])
        return value

    def _refuse(self, value: object) -> EffectError:
        shown = f"{value:g}" if isinstance(value, float) else repr(value)
        wanted = f"a whole number, {self.describe()}" if self.kind == "integer" else self.describe()
        return EffectError(f"{self.name} cannot be {shown}: it takes {wanted}")


def setting(
    default: Value,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    label: str = "",
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a field of an effect. See `Setting` for how its kind is found.

    Args:
        default: the value that already looks good at 720p.
        low, high: the range of a number, both ends allowed; wanted for numbers, refused for others.
        unit: "px", "°", "s" or nothing.
        label: what the page writes beside the slider; the field's name otherwise.
        choices: the texts to choose from.
    """
    kind: Kind
    if isinstance(default, bool):
        kind = "switch"
    elif isinstance(default, str):
        kind = "choice" if choices else "color"
    else:
        kind = "integer" if isinstance(default, int) else "number"
    declared = Setting("", kind, default, low, high, unit, label, tuple(choices))
    if declared.is_number != (low is not None and high is not None):
        raise TypeError(f"a {kind} setting takes {'low and high' if declared.is_number else 'no range'}")
    return _declare(declared)


def text_setting(default: str, *, label: str = "") -> Any:
    """Declare a field of an effect that takes words to write on the picture."""
    return _declare(Setting("", "text", default, None, None, "", label))


def file_setting(*accepts: FileKind, label: str = "") -> Any:
    """Declare a field of an effect that takes a file's path; empty where none was chosen.

    Whoever builds the effect answers for the path: a browser never gives one (see `app/assets.py`).
    """
    return _declare(Setting("", "file", "", None, None, "", label, accepts=accepts))


def _declare(declared: Setting) -> Any:
    assert declared.default is not None
    return field(default=declared.check(declared.default), metadata={"setting": declared})


@cache
def settings_of(effect_class: type) -> tuple[Setting, ...]:
    """The settings of an effect's class, in the order of its fields."""
    return tuple(_named(declared) for declared in fields(effect_class))


def _named(declared: Field[Any]) -> Setting:
    if "setting" not in declared.metadata:
        raise TypeError(f"the field {declared.name} of an effect must be declared by setting(…)")
    found: Setting = declared.metadata["setting"]
    label = found.label or declared.name.replace("_", " ").capitalize()
    return replace(found, name=declared.name, label=label)
