"""Programs ask waiting threads to sleep before torch is there to read it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("program", ["app.py", "app/__main__.py", "training/train.py"])
def test_waiting_threads_sleep(program: str) -> None:
    script = (
        "import builtins, os, runpy\n"
        "plain = builtins.__import__\n"
        "def watch(name, *rest, **more):\n"
        "    if name == 'torch': print(os.environ.get('OMP_WAIT_POLICY')); os._exit(0)\n"
        "    return plain(name, *rest, **more)\n"
        "builtins.__import__ = watch\n"
        f"runpy.run_path({program!r}, run_name='imported')\n"
        "import torch\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-u", "-c", script],
        cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["PASSIVE"]
