"""The page's words: every language has every text, every text that is asked for exists, and none stands elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import app
from app.editor.assets import read_words

APP = Path(app.__file__).parent
SCRIPTS = sorted((APP / "editor").glob("*.js"))
PAGES = sorted((APP / "editor").glob("*.html"))
WORDS = read_words()
ENGLISH = WORDS["en"]
# Keys that are put together from parts: their beginnings.
MADE_UP = (
    *("aim.", "section.", "step.", "group.", "effect.", "look.", "label.", "choice.", "summary.", "keyframe."),
    *("check.", "export.", "undo.", "redo.", "status.nothing_to_", "help."),
    *("refused.", "notice."),  # the server's own sentences: test_sentences.py
)


def places(text: str) -> list[str]:
    """The places for values, in each of the forms."""
    return sorted({place for form in text.split("|") for place in re.findall(r"{(\w+)}", form)})


def without_comments(script: str) -> str:
    return re.sub(r"(?<![\w}])/\*.*?\*/|(?<![:\"'])//[^\n]*", "", script, flags=re.DOTALL)


def used_keys() -> set[str]:
    """Keys written out in scripts, pages and handlers."""
    found = set()
    for path in SCRIPTS:
        script = without_comments(path.read_text(encoding="utf-8"))
        found |= set(re.findall(r"[\"'`]([a-z]+[.][a-z_.0-9]*[a-z0-9])[\"'`]", script))
        found |= set(re.findall(r"\bt\(\"(\w+)\"", script)) | set(re.findall(r"\? \"(\w+)\" : \"\w+\"\)", script))
    for path in PAGES:
        found |= set(re.findall(r"data-t(?:-\w+)?=\"([^\"]+)\"", path.read_text(encoding="utf-8")))
    for path in (APP / "handlers").glob("*.py"):
        found |= set(re.findall(r"\"key\": \"([^\"]+)\"", path.read_text(encoding="utf-8")))
    return {each for each in found if not each.endswith((".js", ".css", ".html"))}


def test_there_are_six_languages() -> None:
    assert list(WORDS) == ["de", "en", "es", "fr", "ja", "zh"]


@pytest.mark.parametrize("language", list(WORDS))
def test_no_language_lacks_a_text_or_a_place_for_a_value(language: str) -> None:
    assert set(WORDS[language]) == set(ENGLISH)
    for key, text in WORDS[language].items():
        assert text.strip(), key
        assert places(text) == places(ENGLISH[key]), key
        assert len(text.split("|")) <= 2, key
        if language in ("zh", "ja"):
            assert "|" not in text, key  # one form for any number


def test_every_text_that_is_asked_for_exists() -> None:
    missing = {each for each in used_keys() if each.split(".")[0] in {key.split(".")[0] for key in ENGLISH}} - set(
        ENGLISH
    )
    assert missing == set()


def test_no_text_is_left_that_nobody_asks_for() -> None:
    unused = set(ENGLISH) - used_keys()
    assert {each for each in unused if not each.startswith(MADE_UP)} == set()


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        spoken = ("aria-label", "title", "placeholder", "alt", "aria-description")
        self.found += [value for name, value in attributes if name in spoken and value]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_holds_a_text(path: Path) -> None:
    reader = _Texts()
    reader.feed(path.read_text(encoding="utf-8"))
    texts = {each.strip() for each in reader.found if re.search(r"[A-Za-z]{2}", each)}
    assert texts - {"Masklet Studio"} == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_holds_a_text(path: Path) -> None:
    script = without_comments(path.read_text(encoding="utf-8"))
    strings = re.findall(r"\"[^\"\n]*\"|`[^`]*`", script)
    sentences = [each for each in strings if re.search(r"[\"`(]\W*[A-Z][a-z]+[ .…?]+(\"|`|[a-z$]{2,} )", each)]
    shown = re.findall(
        r"(?:textContent|title|placeholder|\"aria-label\",) =? ?[\"`][^\"`$]*[A-Za-z]{2}[^\"`]*[\"`]", script
    )
    assert sentences + shown == []
