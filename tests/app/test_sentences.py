"""What the server says is found again in the page's catalogue, so that the page says it in six languages."""

from __future__ import annotations

import ast
import errno
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import app
from app.editor.assets import read_words
from app.handlers.envelope import Handler, Message, answer
from app.handlers.sentences import as_pattern, keyed
from media.clip_facts import Part
from media.errors import MediaError
from media.limits import HOSTED
from media.notices import length_notice, part_notice, part_too_late
from sam2_model import CheckpointError

ROOT = Path(app.__file__).parents[1]
TOLD = {key: text for key, text in read_words()["en"].items() if key.startswith(("refused.", "notice."))}


def _as_sentence(text: str) -> str:
    """As the page's requests say an error: a capital first and a full stop last."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _sentences_of_the_source() -> Iterator[str]:
    """Every text in the code that is a sentence; each of its values is a zero byte."""
    for room in ("app", "media", "effects", "sam2_model"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = (part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
                    yield _as_sentence("".join(str(part) for part in parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield _as_sentence(node.value)


def test_each_sentence_of_the_catalogue_is_one_that_the_code_says() -> None:
    said = {each for each in _sentences_of_the_source() if len(each) > 15 and " " in each}
    # Either side may leave a place where the other has words: "{what} is longer than …".
    patterns = [re.compile(".+?".join(map(re.escape, each.split("\0"))), re.S) for each in said if "\0" in each]
    for text in TOLD.values():
        wanted, filled = as_pattern(text), re.sub(r"{\w+}", "\0", text)
        is_said = any(map(wanted.fullmatch, said)) or any(pattern.fullmatch(filled) for pattern in patterns)
        assert is_said, f"no code says {text!r} any more: take over its new words, in every language"


def test_values_are_found_in_their_places() -> None:
    with pytest.raises(MediaError) as caught:
        HOSTED.check_bytes(200_000_000)
    found = keyed(str(caught.value))
    assert isinstance(found, dict)
    assert (found["key"], found["size"], found["most"]) == ("refused.too_many_bytes", "200", "100")
    late = keyed(str(part_too_late(Fraction(123, 10), Part(Fraction(20), None))))
    assert late == {
        "key": "refused.part_too_late",
        "text": "This clip ends after 12.3 seconds, before the part that was asked for begins (20.0 seconds); please "
        "choose an earlier one.",
        "end": 12.3,
        "start": 20.0,
    }


def test_notices_are_found_too() -> None:
    cut = keyed(length_notice(600, Fraction(20), HOSTED, Part(Fraction(0), None)))
    chosen = keyed(length_notice(600, Fraction(20), HOSTED, Part(Fraction(5), None)))
    part = keyed(part_notice(Fraction(5), Fraction(2)))
    assert [each["key"] for each in (cut, chosen, part) if isinstance(each, dict)] == [
        "notice.clip_cut",
        "notice.part_cut",
        "notice.part",
    ]


def test_what_the_catalogue_does_not_know_stays_as_it_is() -> None:
    assert keyed("The moon is full tonight.") == "The moon is full tonight."


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (MemoryError(), "refused.memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "refused.disk_full"),
        (RuntimeError("inside"), "refused.failed"),
        (KeyError("object"), "refused.not_understood"),
        (MediaError("The video could not be encoded; please try again, and look into the log if it fails again."),
         "refused.encoder"),
        (CheckpointError(
            "The weights of sam2_large are not on this machine and could not be fetched (URLError): download "
            "https://a.b/c.pt into the folder checkpoints/, or use the embedded model nano."
        ), "refused.model_missing"),
    ],
    ids=lambda each: type(each).__name__,
)  # fmt: skip
def test_whatever_fails_has_a_code(error: Exception, key: str) -> None:
    def failing(*_: Any) -> Iterator[Message]:
        raise error
        yield {}

    handler: Handler = failing
    (message,) = answer(handler, None, None, {})  # type: ignore[arg-type]
    assert message["reason"]["key"] == key
    assert message["reason"]["text"] == message["error"]
