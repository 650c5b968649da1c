"""All effects by name. The files of `effects/library/` are the list: a new file there is in the catalogue."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from inspect import isabstract
from types import MappingProxyType
from typing import Any, TypeGuard

from effects import library
from effects.effect import Effect, EffectError, settings_of


def _discover() -> Mapping[str, type[Effect]]:
    found: dict[str, type[Effect]] = {}
    for module_info in sorted(pkgutil.iter_modules(library.__path__), key=lambda each: each.name):
        module = import_module(f"{library.__name__}.{module_info.name}")
        for value in vars(module).values():
            # Only what the module itself defines: an effect may import another to build on it.
            if isinstance(value, type) and value.__module__ == module.__name__ and _is_effect(value):
                settings_of(value)  # a field that is no setting must fail here, not in a slider
                if value.name in found:
                    raise TypeError(f"{module.__name__} defines two effects; one file holds one effect")
                found[value.name] = value
    return MappingProxyType(found)


def _is_effect(value: type) -> TypeGuard[type[Effect]]:
    return issubclass(value, Effect) and not isabstract(value)


EFFECTS: Mapping[str, type[Effect]] = _discover()
"""Name → class, in the order of the alphabet."""


def find_effect(name: str) -> type[Effect]:
    """The class of the effect called `name`.

    Raises:
        EffectError: there is none.
    """
    if name not in EFFECTS:
        raise EffectError(f'there is no effect "{name}"; the effects are {", ".join(EFFECTS)}')
    return EFFECTS[name]


def effect_from_json(data: object) -> Effect:
    """Build an effect from `{"name": "blur", "strength": 0.7}`; what is left out has its default.

    Raises:
        EffectError: no such effect, no such setting, or a value out of range.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        raise EffectError(f'an effect is written {{"name": …, setting: value, …}}, not {data!r}')
    given = {key: value for key, value in data.items() if key != "name"}
    return find_effect(data["name"]).with_settings(given)


def describe_effects() -> list[dict[str, Any]]:
    """The catalogue as plain JSON, for a page or a script: name, label, summary and settings of each effect."""
    return [
        {
            "name": name,
            "label": name.replace("_", " ").capitalize(),
            "summary": effect.summary(),
            "settings": [each.to_json() for each in settings_of(effect)],
        }
        for name, effect in EFFECTS.items()
    ]
