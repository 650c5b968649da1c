"""Writes the README's tree of files from their own first sentences: `python -m docs.readme_tree`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ROOMS = {
    "app": "the application: the only place where all rooms meet",
    "app/projects": "what the user said about a clip, and its masks, as they lie on disk",
    "app/sessions": "who is editing what: a clip, its project and what is made of it, in one folder",
    "app/tracking": "runs the model: clicks, propagation, which model on which hardware",
    "app/rendering": "clip, masks and layers become pictures: of one frame, of a preview, of the written file",
    "app/handlers": "what the page can ask for, as plain functions: a request in, messages out",
    "app/exports": "everything that can leave, one kind a file",
    "app/editor": "the page's own scripts and styles; each .html is the markup of the script of its name",
    "app/panels": "the parts of the page",
    "app/command_line": "what the words of a call mean, and what is done for them",
    "sam2_model": "SAM 2 and 2.1",
    "sam2_model/compat": "Meta's own names and signatures",
    "media": "video files, in and out",
    "effects": "what happens to pixels: layers, mattes, footage",
    "effects/library": "the effects, one a file",
    "training": "how the embedded model is made",
    "benchmarks": "speed, memory and quality; results as JSON",
    "examples": "clips that may be shipped, and scripts",
    "docs": "how it works, glossary, effects, exports, decisions; and commands that write pages",
}
TESTS = (
    "tests/               mirror the rooms; parity/ compares with the official package and transformers; "
    "browser/ drives the page in Chromium"
)
_BLOCK = re.compile(r"(## The tree\n.*?```\n)(.*?)(```)", re.DOTALL)


def tree() -> str:
    """The tree, a line for each room and each file that is a script, a style sheet or a module."""
    lines = ["app.py               launch only"]
    for room, what in ROOMS.items():
        files = sorted(
            path for path in (ROOT / room).glob("*.*") if path.suffix in (".py", ".js", ".css") and path.stem[0] != "_"
        )
        if room == "app":
            files.insert(0, ROOT / "app/__main__.py")
        width = max([23, *(len(path.name) for path in files)])
        lines.append(f"{room + '/':20} {what}")
        lines += [f"  {path.name:{width}} {first_sentence(path)}" for path in files]
    return "\n".join([*lines, TESTS]) + "\n"


def first_sentence(path: Path) -> str:
    """What a file says of itself first: its docstring's or first comment's opening sentence, without the full stop.

    Raises:
        ValueError: it says nothing.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        opening = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = re.match(r"\s*(?:/\*+(.*?)\*/|((?:\s*//[^\n]*\n)+))", text, re.DOTALL)
        opening = re.sub(r"(?m)^\s*(?:\*|//)\s?", "", (comment[1] or comment[2]).strip()) if comment else ""
    sentence = " ".join(re.split(r"(?<!al)\.(?:\s|$)|\n\s*\n", opening.strip())[0].split()).rstrip(".:;")
    if not sentence:
        raise ValueError(f"{path.relative_to(ROOT)} does not say what it is; begin it with one sentence that does")
    return sentence


def written_tree() -> str:
    """The tree that the README shows now."""
    found = _BLOCK.search(README.read_text(encoding="utf-8"))
    if not found:
        raise ValueError("README.md has no section 'The tree'")
    return found[2]


def main() -> None:
    """Write the tree into the README."""
    text = README.read_text(encoding="utf-8")
    README.write_text(_BLOCK.sub(lambda found: found[1] + tree() + found[3], text), encoding="utf-8")


if __name__ == "__main__":
    main()
