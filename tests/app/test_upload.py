"""What the page takes in are uploads: an address that somebody sends in place of a file is fetched by nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
import gradio as gr
from gradio import processing_utils
from app.handlers.envelope import Studio
from app.interface import build_page
from app.tracking.models import DefaultModel
from app.panels.clip import Upload
from app.sessions.store import Sessions

fetched = []
async def fetch(address, cache_dir):
    fetched.append(address)
    return sys.executable
processing_utils.async_ssrf_protected_download = fetch

def sent(component, path):
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}}]
    try:
        asyncio.run(processing_utils.async_move_files_to_cache(data, component, check_in_upload_folder=True))
    except gr.Error as error:
        return str(error)
    return "taken"

page = build_page(Studio(Sessions(Path(sys.argv[1])), DefaultModel("nano", "It is the test's."), Path(sys.argv[1])))
inputs = {type(each): each for function in page.fns.values() for each in function.inputs}
with gr.Blocks():
    plain = gr.File(file_count="multiple")
addresses = ["https://example.org/a.mp4", "http://127.0.0.1:9/a.mp4"]
print(json.dumps({
    "inputs": [each.__name__ for each in inputs],
    "plain": [sent(plain, each) for each in addresses],
    "upload": [sent(inputs[Upload], each) for each in addresses],
    "fetched": fetched,
}))
"""


def test_an_address_is_refused_in_a_sentence_and_not_fetched(tmp_path: Path) -> None:
    """In a process of its own, because gradio leaves event loops behind."""
    root = Path(__file__).parents[2]
    call = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    told = json.loads(subprocess.run(call, cwd=root, capture_output=True, check=True).stdout)
    assert set(told["inputs"]) == {"Upload", "State"}  # nothing else of the page takes files
    assert told["plain"] == ["taken", "taken"]  # so gradio does by itself
    assert all("download the clip" in sentence for sentence in told["upload"])
    assert len(told["fetched"]) == 2
