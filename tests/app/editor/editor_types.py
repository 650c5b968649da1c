"""Checks the types of the page's scripts: `python -m tests.app.editor.editor_types`; needs Node and fetches TypeScript.

Each part of the page is checked as the one script that it is when it runs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import app
from app.editor.assets import read_script
from app.editor.frame_editor import FrameEditor

TYPESCRIPT = "typescript@5.9.3"
FLAGS = "--noEmit --allowJs --checkJs --skipLibCheck --target es2022 --lib es2023,dom,dom.iterable"
GIVEN = """
declare const element: any, props: any, server: any;
declare function trigger(event: string, data?: unknown): void;
declare function watch(name: string, callback: () => void): void;
interface Window { maskletStudio: any; gradio_config: any; }
// What a query finds is what the page holds there: the scripts know their own HTML.
interface Element { hidden: any; title: any; src: any; files: any; dataset: any; click(): void; }
"""


def parts() -> dict[str, str]:
    """Every part of the page by name: the scripts that `read_script` joins for it."""
    found = {"editor": str(FrameEditor().js_on_load)}
    for path in sorted((Path(app.__file__).parent / "panels").glob("*.py")):
        for number, names in enumerate(re.findall(r"read_script\(([^)]+)\)", path.read_text(encoding="utf-8"))):
            found[f"{path.stem}{number}"] = read_script(*re.findall(r'"([^"]+)"', names))
    return found


def main() -> int:
    if shutil.which("npx") is None:
        sys.stdout.write("There is no Node here; the scripts' types are not checked.\n")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "given.d.ts").write_text(GIVEN, encoding="utf-8")
        for part, script in parts().items():
            # As a module its names are its own, as they are in the function that gradio makes of it.
            (folder / f"{part}.js").write_text(f"{script}\nexport {{}};\n", encoding="utf-8")
            command = ["npx", "--yes", "-p", TYPESCRIPT, "tsc", *FLAGS.split(), "given.d.ts", f"{part}.js"]
            failed |= subprocess.run(command, cwd=folder, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
