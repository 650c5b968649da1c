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
from app.exports.kind import ExportError
from app.handlers.envelope import _FOR_THE_PERSON, Handler, Message, answer
from app.handlers.sentences import as_pattern, keyed
from app.sessions.session import SessionGoneError
from app.tracking.pool import TrackerBusyError
from media import notices
from media.clip_facts import Part
from media.errors import MediaError
from media.limits import HOSTED
from media.notices import length_notice, part_notice, part_too_late
from sam2_model import CheckpointError, PromptError

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


# What only the command line says, or what tells a programmer of a wrong call: the page never asks for it.
ONLY_ON_THE_COMMAND_LINE = {
    *("app/command_line/commands.py", "app/command_line/job.py", "app/command_line/object_argument.py"),
    *("media/formats.py", "media/part_file.py", "media/video_writer.py"),
}
ONLY_FOR_PROGRAMMERS = {
    *("effects/compositor.py", "effects/keyframes.py", "effects/reframe.py", "sam2_model/prompts.py"),
    "sam2_model/video_predictor.py",
}
NEVER_ON_THE_PAGE = (  # of files that say other things there
    *("This folder holds no numbered", "There is no file or folder named", "The part of a clip must begin"),
    *("There is no project file", "There are no masks in", "The masks of object", "Weights cannot be saved as"),
    *("A mask is (height, width) of bool", "The app has not said where", "A step is 1", "There are no frames to track"),
    *(
        "Object number",
        "Labels are 1",
        "Frames are counted from 0",
        "There are three answers",
        "One frame takes at most",
    ),
    *("Object \0 on frame \0 has", "A project has at most \0 \0", "There is no export", "\0 are \0, but must be"),
    *("\0 has no option", "\0 is \0, but must be", "A layer", "A quote is opened", "A setting is written"),
    *("An effect is written", "\0 has no setting", "\0: \0", "Keyframes cannot move", '"\0" is given twice'),
    "A video can be shown only where a clip is rendered",
)


def _texts_of(node: ast.AST, constants: dict[str, str]) -> list[str]:
    """What an expression may say; each of its values is a zero byte."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.Name):
        return [constants[node.id]] if node.id in constants else []
    if isinstance(node, ast.IfExp):
        return [text for branch in (node.body, node.orelse) for text in _texts_of(branch, constants)]
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return ["".join((_texts_of(part, constants) or ["\0"])[0] for part in parts)]
    return []


def _refusals() -> Iterator[tuple[str, str]]:
    """(file, sentence) of every error for the person that the code makes."""
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for room in ("app", "media", "effects", "sam2_model")
        for path in (ROOT / room).rglob("*.py")
    }
    constants = {
        target.id: node.value.value
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names = {each.__name__ for each in (*_FOR_THE_PERSON, ExportError, SessionGoneError, TrackerBusyError, PromptError)}
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                yield from ((file, _as_sentence(text)) for text in _texts_of(node.args[0], constants))


def test_whatever_is_refused_on_the_page_is_in_the_catalogue() -> None:
    refusals = {each for each in _refusals() if each[0] not in ONLY_ON_THE_COMMAND_LINE | ONLY_FOR_PROGRAMMERS}
    unknown = {text for _, text in refusals if isinstance(keyed(text), str)}
    assert len(refusals) > 100
    untold = sorted(text for text in unknown if not text.startswith(NEVER_ON_THE_PAGE))
    assert untold == [], "the page says these in English only: give each a key in app/editor/words, in every language"
    assert all(any(text.startswith(known) for text in unknown) for known in NEVER_ON_THE_PAGE)


def test_whatever_is_noticed_of_a_clip_is_in_the_catalogue() -> None:
    constants = [text for name, text in vars(notices).items() if name.isupper() and isinstance(text, str)]
    assert len(constants) > 5
    for text in constants:
        assert isinstance(keyed(re.sub(r"{.*?}", "7", text)), dict), text


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
