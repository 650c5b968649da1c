"""Damaged files, made by seed from small sound ones: taken or refused in a sentence, never a crash or a hang.

`FUZZ=5000 python -m pytest tests/media/test_fuzz.py` tries more of them; a seed that fails is named.
"""

from __future__ import annotations

import io
import os
import random
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from media import HOSTED, MediaError, VideoClip
from media.decoder_process import CRASHED
from tests.media.clips import ffmpeg, picture, write_clip
from tests.media.processes import decoders

COUNT = int(os.environ.get("FUZZ", "300"))
LONGEST = 20.0
LIMITS = replace(HOSTED, max_frames=100, max_seconds=Fraction(10), max_pixels=640 * 360, max_side=640)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One small file of each of the kinds that are parsed in different ways."""
    folder = tmp_path_factory.mktemp("originals")
    size = (48, 64)
    tone = ("-f", "lavfi", "-i", "sine=d=0.4")
    prores = ("-pix_fmt", "yuv422p10le", "-timecode", "01:00:00:00")
    webm = ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-b:v", "200k")
    made = [
        write_clip(folder / "a.mp4", size=size, sound=tone, options=("-movflags", "+faststart")),
        write_clip(folder / "b.mp4", size=size, options=("-movflags", "frag_keyframe+empty_moov")),
        write_clip(folder / "c.mov", size=size, codec=("-c:v", "mpeg4", "-g", "4")),
        write_clip(folder / "d.mkv", size=size, sound=tone),
        write_clip(folder / "e.webm", size=size, codec=webm),
        write_clip(folder / "f.avi", size=size, codec=("-c:v", "mjpeg", "-q:v", "5", "-strict", "-1")),
        write_clip(folder / "g.ts", size=size, codec=("-c:v", "mpeg2video", "-flags", "+ildct+ilme")),
        write_clip(folder / "h.flv", size=size, codec=("-c:v", "flv1")),
        write_clip(folder / "i.mov", size=size, codec=("-c:v", "prores_ks"), options=prores),
    ]  # fmt: skip
    ffmpeg("-i", made[0], "-c:a", "mp2", folder / "n.mpg")
    ffmpeg("-i", made[0], folder / "j.gif")
    images = [Image.fromarray(picture(index, *size)) for index in range(4)]
    images[0].save(folder / "k.webp", save_all=True, append_images=images[1:], duration=50)
    images[0].save(folder / "l.jpg")
    with zipfile.ZipFile(folder / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for index, image in enumerate(images):
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            archive.writestr(f"{index}.png", buffer.getvalue())
    return [*made, *(folder / name for name in ("j.gif", "k.webp", "l.jpg", "m.zip", "n.mpg"))]


def damaged(data: bytes, generator: random.Random) -> bytes:
    """A file with a few things wrong: bits, bytes, numbers, pieces lost, doubled or in another place."""
    content = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 4, 10, 40))):
        place = generator.randrange(len(content))
        # Headers are where little goes wrong with much effect: half of all damage is done there.
        place = place % 1000 if generator.random() < 0.5 else place
        place = min(place, len(content) - 1)
        length = generator.choice((1, 4, 16, 200))
        kind = generator.randrange(6)
        if kind == 0:
            content[place] ^= 1 << generator.randrange(8)
        elif kind == 1:
            content[place : place + length] = generator.randbytes(length)
        elif kind == 2:
            content[place : place + 4] = generator.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1"))
        elif kind == 3 and len(content) > 400:
            del content[place : place + length]
        elif kind == 4:
            content[place:place] = content[place : place + length]
        elif len(content) > 400:
            other = generator.randrange(len(content))
            content[place : place + length] = content[other : other + length]
    return bytes(content[: generator.randrange(200, len(content))] if generator.random() < 0.15 else content)


def fate(seed: int, originals: list[Path], folder: Path) -> str:
    """What is wrong with the way in which a damaged file is met; empty if nothing is."""
    generator = random.Random(seed)
    original = originals[seed % len(originals)]
    path = folder / f"{seed}{original.suffix}"
    path.write_bytes(damaged(original.read_bytes(), generator))
    begin = time.monotonic()
    try:
        with VideoClip.open(path, limits=LIMITS) as clip:
            num_read = sum(frame.pixels.shape == (*clip.size, 3) for frame in clip.frames())
            if num_read != clip.num_frames:
                return f"seed {seed} ({original.name}): {num_read} frames instead of {clip.num_frames}"
            clip.frame(clip.num_frames // 2)
            if (sound := clip.sound()) is not None:
                num_read = sum(len(piece) for piece in sound.pieces())
                sound.close()
    except MediaError as error:
        sentence = str(error)
        if sentence == CRASHED or str(folder) in sentence or not 10 < len(sentence) <= 200:
            return f"seed {seed} ({original.name}): {sentence}"
    except Exception as error:
        return f"seed {seed} ({original.name}): {error!r}"
    finally:
        path.unlink()
    seconds = time.monotonic() - begin
    return f"seed {seed} ({original.name}): {seconds:.0f} s" if seconds > LONGEST else ""


@pytest.mark.timeout(max(600, 2 * COUNT))
def test_damaged_files_are_taken_or_refused_in_a_sentence(originals: list[Path], tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        fates = list(pool.map(lambda seed: fate(seed, originals, tmp_path), range(COUNT)))
    assert [each for each in fates if each] == []
    assert list(tmp_path.iterdir()) == []
    assert decoders() == []
