"""Finds in the page's catalogue what the libraries say, so that the page can say it in its reader's language.

A refusal or a notice travels as one English sentence: out of a child process, through a pickle, inside another error.
The libraries know one language and no catalogue. The catalogue has the same sentences, each under a code of its own
(`refused.…`, `notice.…`) and with places for the values; a test holds the two together.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from app.editor.assets import read_words

_SAID_BY_THE_SERVER = ("refused.", "notice.")


def keyed(sentence: str) -> dict[str, Any] | str:
    """A sentence as the page takes it: `{"key", "text", …values}`, or as it is where the catalogue has no such one.

    Args:
        sentence: in English, whole: a capital first and a full stop last.
    """
    for key, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return {**{name: _value(text) for name, text in found.groupdict().items()}, "key": key, "text": sentence}
    return sentence


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Code and pattern of each sentence, the one with most words of its own first."""
    texts = {key: text for key, text in read_words()["en"].items() if key.startswith(_SAID_BY_THE_SERVER)}
    own_letters = {key: len(re.sub(r"{\w+}", "", text)) for key, text in texts.items()}
    return tuple((key, as_pattern(texts[key])) for key in sorted(texts, key=lambda key: -own_letters[key]))


def as_pattern(text: str) -> re.Pattern[str]:
    """What a text of the catalogue looks like once its places are filled."""
    parts = re.split(r"{(\w+)}", text)
    return re.compile("".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.S)


def _value(text: str) -> str | float:
    """Decimals become numbers, which each language writes in its own way; sizes such as 1280 stay as they are."""
    return float(text) if re.fullmatch(r"\d+[.]\d+", text) else text
