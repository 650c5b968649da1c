"""A file in `effects/library/` is all that a new effect needs, on the command line and on the page too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import effects

ROOT = Path(__file__).parents[2]
NEW_EFFECT = '''"""Invert: every colour turned into its opposite."""

from dataclasses import dataclass

from effects.effect import Effect, Pixels, Shot, file_setting, setting, text_setting


@dataclass(frozen=True)
class Inverted(Effect):
    """Turns every colour into its opposite."""

    amount: float = setting(0.5, low=0, high=1, unit="%", label="How much")
    words: str = text_setting("so", label="Words")
    file: str = file_setting("picture")

    def apply(self, shot: Shot) -> Pixels:
        return 255 - shot.pixels
'''
SCRIPT = """
import json
from app.command_line.commands import list_effects
from app.panels.effects import describe_catalogue
listed = {each["name"]: each for each in json.loads(list_effects(as_json=True))}
shown = {each["name"]: each for each in describe_catalogue()}
print(json.dumps([listed["inverted"], shown["inverted"], list_effects(as_json=False)]))
"""


def test_a_new_effect_is_listed_and_gets_its_fields_by_itself(tmp_path: Path) -> None:
    package = tmp_path / "effects"
    shutil.copytree(Path(effects.__path__[0]), package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "library" / "inverted.py").write_text(NEW_EFFECT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    command = [sys.executable, "-c", SCRIPT]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    listed, shown, lines = json.loads(ran.stdout.splitlines()[-1])
    assert [each["kind"] for each in listed["settings"]] == ["number", "text", "file"]
    assert listed["settings"][2]["accepts"] == ["picture"]
    assert {key: shown[key] for key in listed} == listed
    assert shown["group"] == "more"
    assert "inverted takes amount (0 to 1 %), words (up to 200 characters), file (the path of a picture)" in lines
