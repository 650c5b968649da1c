"""Phone photos that hold a short video: a JPEG or a HEIC with an MP4 behind it."""

from __future__ import annotations

import shutil
from pathlib import Path

from media.byte_view import ByteView

CHUNK = 2**20
FIRST_BOX = b"ftyp"
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".heic", ".heif")


def video_start(view: ByteView) -> int | None:
    """Where the MP4 in a photo begins, or None [bytes].

    It is found by its first box, `ftyp`, whose size is told in the four bytes before it.
    """
    view = view.again()
    place, tail = 0, b""
    while data := view.read(CHUNK):
        window = tail + data
        found = window.find(FIRST_BOX)
        while found >= 0:
            start = place - len(tail) + found - 4
            if found >= 4 and start > 0 and 16 <= int.from_bytes(window[found - 4 : found], "big") <= 64:
                return start
            found = window.find(FIRST_BOX, found + 1)
        place += len(data)
        tail = window[-7:]
    return None


def copy_upload(upload: Path, folder: Path, stem: str, suffix: str) -> Path:
    """Copy what somebody has brought, as `folder/stem + suffix`; of a photo that holds a video only the video.

    What is kept, and packed with a project, is then the clip and not a photo that hides it.

    Raises:
        OSError: it cannot be read or written.
    """
    with open(upload, "rb", buffering=0) as source:
        start = video_start(ByteView(source)) if suffix in PHOTO_SUFFIXES else None
        path = folder / f"{stem}{suffix if start is None else '.mp4'}"
        with path.open("wb") as copy:
            source.seek(start or 0)
            shutil.copyfileobj(source, copy, CHUNK)
    return path
