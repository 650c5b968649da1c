"""Which source of frames a path is: a video, a picture, numbered images, a photo that holds a video."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from media.byte_view import ByteView
from media.clip_facts import ClipFacts, Part
from media.errors import MediaError
from media.facts_json import facts_from_json
from media.frame_source import FrameSource
from media.guards import close_doors
from media.limits import Limits
from media.motion_photo import video_start
from media.notices import PACKED_STILL
from media.scan import OnPicture, Task, scan_video
from media.video_file import VideoFile
from media.video_index import VideoIndex

JPEG, PNG, ZIP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"
JPEG_SUFFIXES = (".jpg", ".jpeg")
FILE_TYPE = b"ftyp"
PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1")
"""What pictures say that are packed as videos are: FFmpeg would show one frame of each, or one tile of it."""
FILES_OF_A_FOLDER = 64


@dataclass(frozen=True)
class Opened:
    """A source, and what opens it again without counting: its facts and its index, both as JSON would hold them."""

    source: FrameSource
    facts: ClipFacts
    index: dict[str, Any] | None


@dataclass(frozen=True)
class Opening:
    """What is to be opened.

    Attributes:
        path: a file or a folder.
        limits: how large it may be.
        part: the part that is wanted.
        image_fps: the rate of numbered images [frames a second].
        beat: called again and again, as a sign of life.
        on_picture: called with every picture while they are counted, or None.
        known: `{"facts": …, "index": …}` of an earlier opening of the same file, or None.
    """

    path: Path
    limits: Limits
    part: Part
    image_fps: Fraction
    beat: Callable[[], None]
    on_picture: OnPicture | None
    known: dict[str, Any] | None

    def run(self) -> Opened:
        """Open it, after which this process can open no other file.

        Raises:
            MediaError: why it cannot be taken.
            OSError: the path cannot be opened.
        """
        if self.path.is_dir():
            return self._images(lambda: _open_folder(self))
        file = io.FileIO(self.path)
        view = ByteView(file)
        self.limits.check_bytes(view.size)
        head = view.read(64)
        suffix = self.path.suffix.lower()
        # A picture or an archive counts only under a name of its own: one that calls itself a video
        # is broken or means no good.
        if head.startswith(ZIP) and suffix == ".zip":
            return self._images(lambda: _open_zip(self, view))
        is_packed = head[4:8] == FILE_TYPE and head[8:12] in PICTURE_BRANDS
        is_jpeg = head.startswith(JPEG) and suffix in JPEG_SUFFIXES
        if (is_jpeg or is_packed) and (start := video_start(view)) is not None:
            close_doors()
            return self._video(ByteView(file, start))
        is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP" and suffix == ".webp"
        is_avif = is_packed and (b"avif" in head or b"avis" in head) and suffix == ".avif"
        if is_jpeg or is_webp or is_avif or (head.startswith(PNG) and suffix == ".png"):
            return self._images(lambda: _open_picture(self, view))
        if is_packed:
            raise MediaError(PACKED_STILL)
        close_doors()
        return self._video(view)

    def _video(self, view: ByteView) -> Opened:
        if self.known is not None:
            facts, index = facts_from_json(self.known["facts"], self.limits), VideoIndex.from_json(self.known["index"])
        else:
            facts, index = scan_video(Task(view, self.limits, self.part, self.beat, self.on_picture))
        return Opened(VideoFile(view, self.limits, facts, index, self.beat), facts, index.to_json())

    def _images(self, opened: Callable[[], FrameSource]) -> Opened:
        source = opened()
        if self.on_picture is not None and self.known is None:
            for index, pixels in source.decode(0):
                self.on_picture(index, pixels)
        return Opened(source, source.facts, None)


# Pillow is loaded only where it is needed, and before the doors close.


def _open_folder(opening: Opening) -> FrameSource:
    from media.numbered_images import open_folder
    from media.still import load_readers

    load_readers()
    close_doors(FILES_OF_A_FOLDER)
    return open_folder(opening.path, opening.limits, opening.image_fps, opening.part)


def _open_zip(opening: Opening, view: ByteView) -> FrameSource:
    from media.numbered_images import open_zip
    from media.still import load_readers

    load_readers()
    close_doors()
    return open_zip(view.again(), opening.limits, opening.image_fps, opening.part)


def _open_picture(opening: Opening, view: ByteView) -> FrameSource:
    from media.picture_file import PictureFile
    from media.still import load_readers

    load_readers()
    close_doors()
    return PictureFile(view, opening.limits, opening.part, opening.beat)
