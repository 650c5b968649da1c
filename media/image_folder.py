"""A folder of numbered images as a source of frames."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from media.clip_facts import ClipFacts, Size
from media.errors import MediaError
from media.frame import Pixels
from media.limits import Limits

logger = logging.getLogger(__name__)

SUFFIXES = (".jpg", ".jpeg", ".png")
EXIF_ORIENTATION = 0x0112
ORIENTATIONS_LYING = (5, 6, 7, 8)  # those that swap width and height


class ImageFolder:
    """Images named by numbers (`00000.jpg`, `frame_12.png`), shown at a constant rate in that order.

    Gaps in the numbers are closed: the images follow each other without a hole.
    """

    def __init__(self, path: Path, limits: Limits, fps: Fraction) -> None:
        """List the images and check their sizes; no picture is decoded yet.

        Args:
            path: the folder.
            limits: how large the clip may be; a longer one is cut to its beginning.
            fps: frames a second.

        Raises:
            MediaError: there is no image, one cannot be read, or they differ in size.
        """
        files = _numbered_images(path)
        if not files:
            raise MediaError(
                "This folder holds no numbered JPEG or PNG image; please choose one like 00000.jpg, 00001.jpg."
            )
        longest = min(limits.max_frames, int(limits.max_seconds * fps))
        self._files = files[:longest]
        size = _size(self._files[0], limits)
        for file in self._files[1:]:
            if (other := _size(file, limits)) != size:
                raise MediaError(
                    f"The images of one clip must have one size, but {file.name} has {other.width}×{other.height} "
                    f"pixels and {self._files[0].name} has {size.width}×{size.height}."
                )
        is_trimmed = len(files) > longest
        notice = f"This folder holds {len(files)} images; only the first {longest} are used."
        self.facts = ClipFacts(
            size=size,
            times=tuple(index / fps for index in range(len(self._files))),
            duration=len(self._files) / fps,
            has_audio=False,
            codec="images",
            is_trimmed=is_trimmed,
            notices=(notice,) if is_trimmed else (),
        )

    def decode(self, start: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (index, pixels) from image `start` to the last, as `FrameSource` asks.

        Raises:
            MediaError: an image cannot be decoded.
        """
        for index in range(start, len(self._files)):
            yield index, _pixels(self._files[index], self.facts.size)

    def entry(self, index: int) -> int:
        """Every image stands for itself."""
        return index


def _numbered_images(folder: Path) -> list[Path]:
    """The images of a folder by the last number in their names."""
    numbered = []
    for file in folder.iterdir():
        digits = re.findall(r"[0-9]+", file.stem)
        if digits and file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            numbered.append((int(digits[-1]), file.name, file))
    return [file for _, _, file in sorted(numbered)]


def _size(file: Path, limits: Limits) -> Size:
    """The upright size of an image, from its header."""
    try:
        with Image.open(file, formats=("JPEG", "PNG")) as image:
            width, height = image.size
            # Of a PNG the whole picture would be decoded to find its orientation, which it rarely has.
            is_lying = image.format == "JPEG" and image.getexif().get(EXIF_ORIENTATION) in ORIENTATIONS_LYING
    except Exception as error:
        logger.info("image not opened: %s", error)
        raise MediaError(f"{file.name} is not a JPEG or PNG image that can be read.") from error
    limits.check_size(height, width)
    return Size(width, height) if is_lying else Size(height, width)


def _pixels(file: Path, size: Size) -> Pixels:
    try:
        with Image.open(file, formats=("JPEG", "PNG")) as image:
            upright = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
            pixels = np.array(upright.convert("RGB"))
    except Exception as error:
        logger.info("image not decoded: %s", error)
        raise MediaError(f"{file.name} is damaged; please replace it or leave it out.") from error
    if pixels.shape[:2] != size:
        raise MediaError(f"{file.name} has changed its size; please open the folder again.")
    return pixels
