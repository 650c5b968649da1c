"""Numbered images as a source of frames: in a folder, or in a ZIP that is read as it is and never unpacked."""

from __future__ import annotations

# The names in a ZIP are written in it; Python would look for it when no file can be opened any more.
import encodings.cp437  # noqa: F401
import io
import logging
import re
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import IO

from media.byte_view import ByteView
from media.clip_facts import Part, Size
from media.errors import MediaError
from media.frame import Pixels
from media.limits import Limits
from media.picture_times import choose_pictures
from media.still import open_still, upright_pixels, upright_size

logger = logging.getLogger(__name__)

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
WANTED = "JPEG, PNG or WebP image; please choose one with files like 00000.jpg, 00001.jpg."
MOST_BYTES = 200 * 2**20
"""The largest image in a ZIP, unpacked [bytes]."""

Opener = Callable[[str], IO[bytes]]


class NumberedImages:
    """Images named by numbers (`00000.jpg`, `frame_12.png`), shown at a constant rate in that order.

    Gaps in the numbers are closed: the images follow each other without a hole.
    """

    def __init__(self, names: list[str], opener: Opener, limits: Limits, fps: Fraction, part: Part) -> None:
        """Check the images' sizes; no picture is decoded yet.

        Args:
            names: the images in order, at least one.
            opener: gives the bytes of one.
            limits: how large the clip may be; a longer one is cut to its beginning.
            fps: frames a second.
            part: the part that is wanted.

        Raises:
            MediaError: an image cannot be read, or they differ in size.
        """
        self._open = opener
        self._limits = limits
        self._displayed = self._size(names[0])
        chosen = choose_pictures(self._displayed, [(place + 1) / fps for place in range(len(names))], limits, part)
        self._names = names[chosen.first : chosen.last]
        self.facts = chosen.facts
        for name in self._names:
            if (other := self._size(name)) != self._displayed:
                first = self._displayed
                raise MediaError(
                    f"The images of one clip must have one size, but {_last_part(name)} has {other.width}×"
                    f"{other.height} pixels and {_last_part(names[0])} has {first.width}×{first.height}."
                )

    def decode(self, start: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (index, pixels) from image `start` to the last, as `FrameSource` asks.

        Raises:
            MediaError: an image cannot be decoded.
        """
        for index in range(start, len(self._names)):
            yield index, self.frame(index)

    def frame(self, index: int) -> Pixels:
        """One image; every one stands for itself.

        Raises:
            MediaError: it cannot be decoded.
        """
        name = self._names[index]
        with self._open(name) as file, open_still(file, _last_part(name), self._limits) as image:
            if upright_size(image) != self._displayed:
                raise MediaError(f"{_last_part(name)} has changed its size; please open the clip again.")
            try:
                return upright_pixels(image, self.facts.size)
            except MemoryError:
                raise
            except Exception as error:  # a damaged picture can raise nearly anything
                logger.info("image not decoded: %s", error)
                raise MediaError(f"{_last_part(name)} is damaged; please replace it or leave it out.") from error

    def _size(self, name: str) -> Size:
        with self._open(name) as file, open_still(file, _last_part(name), self._limits) as image:
            return upright_size(image)


def open_folder(folder: Path, limits: Limits, fps: Fraction, part: Part) -> NumberedImages:
    """The images of a folder.

    Raises:
        MediaError: there is none, or as `NumberedImages`.
    """
    names = _numbered([file.name for file in folder.iterdir() if file.is_file()])
    if not names:
        raise MediaError(f"This folder holds no numbered {WANTED}")
    return NumberedImages(names, lambda name: (folder / name).open("rb"), limits, fps, part)


def open_zip(view: ByteView, limits: Limits, fps: Fraction, part: Part) -> NumberedImages:
    """The images of a ZIP. Names in it are only read for their numbers, never taken for a path.

    Raises:
        MediaError: it cannot be read or holds no image, or as `NumberedImages`.
    """
    try:
        archive = zipfile.ZipFile(view)
        members = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
    except MemoryError:
        raise
    except Exception as error:  # a damaged directory can raise nearly anything
        logger.info("zip not opened: %s", error)
        raise MediaError("This ZIP is damaged and cannot be read; please make it again.") from error

    def unpacked(name: str) -> IO[bytes]:
        entry = members[name]
        try:
            with archive.open(entry) as file:
                data = file.read(MOST_BYTES + 1)
        except MemoryError:
            raise
        except Exception as error:  # a damaged entry can raise nearly anything
            logger.info("zip entry not read: %s", error)
            raise MediaError(f"{_last_part(name)} in this ZIP is damaged or locked by a password.") from error
        if len(data) > MOST_BYTES:
            raise MediaError(f"{_last_part(name)} in this ZIP is far too large for one frame.")
        return io.BytesIO(data)

    names = _numbered(list(members))
    if not names:
        raise MediaError(f"This ZIP holds no numbered {WANTED}")
    return NumberedImages(names, unpacked, limits, fps, part)


def _numbered(names: list[str]) -> list[str]:
    """The names of images in the order of the last number in them."""
    numbered = []
    for name in names:
        path = PurePosixPath(name)
        digits = re.findall(r"[0-9]+", path.stem)
        if digits and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            numbered.append((int(digits[-1][-18:]), name))
    return [name for _, name in sorted(numbered)]


def _last_part(name: str) -> str:
    """A name as it may stand in an error: without folders, and short."""
    return PurePosixPath(name).name[-40:]
