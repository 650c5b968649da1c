"""A render takes no more memory for a long clip than for a short one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from app.projects.mask_folder import MaskFolder

SIZE = (360, 640)
NUM_FRAMES = 301

SCRIPT = """
import sys
from pathlib import Path

import numpy as np

from app.freed_memory import keep_freed_memory
from app.projects.mask_folder import MaskFolder
from app.rendering.render import render_frames
from effects.layer import parse_layer
from media.video_clip import VideoClip

keep_freed_memory()
folder = Path(sys.argv[1])
masks = MaskFolder(folder / "masks")
resident = {}
with VideoClip.open(folder / "clip.mp4") as clip:
    for progress in render_frames(clip, masks, [parse_layer("background blur")], folder / "out.mp4", colors={}):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident[progress.done] = pages * 4096 / 2**20
print(resident[100], resident[300])
"""


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip of plain noise, half a minute, and the masks of a disc that swings through it."""
    folder = tmp_path_factory.mktemp("long")
    masks = MaskFolder(folder / "masks")
    still = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8) // 8 + 100
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    with av.open(str(folder / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuv420p"
        for index in range(NUM_FRAMES):
            radius = 60 + 20 * np.sin(index / 9)
            disc = np.hypot(rows - 180, columns - 320 - 200 * np.sin(index / 20)) < radius
            masks.write(1, index, disc)
            pixels = np.where(disc[..., None], np.uint8(220), still)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="reads resident memory from /proc")
def test_memory_does_not_grow_with_the_clip(long_clip: Path) -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT, long_clip], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    early, late = map(float, run.stdout.split())
    assert late - early < 30, f"{early:.0f} MiB after 100 frames, {late:.0f} after 300"
