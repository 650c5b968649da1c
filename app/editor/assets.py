"""The page's own HTML, CSS and JavaScript, which lie beside this file."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache  # gradio builds a component anew for each update
def read_asset(*names: str) -> str:
    """Join files of this folder, in the order given."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def read_script(*names: str) -> str:
    """Join scripts for one part of the page; each part begins by opening the store and the words that all share."""
    return read_asset("studio.js", "words.js", *names)


@cache
def read_words() -> dict[str, dict[str, str]]:
    """All that the page says: language → key → text."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (_FOLDER / "words").glob("*.json")}
    return {language: found[language] for language in sorted(found)}
