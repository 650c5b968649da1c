"""One still picture: its upright size from its header, and its pixels."""

from __future__ import annotations

import logging
from typing import IO

import numpy as np

# Plugins are named, so that Pillow need not look for them: the orientation of a JPEG is written as in a TIFF.
from PIL import AvifImagePlugin, Image, ImageOps, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from media.clip_facts import Size
from media.errors import MediaError
from media.frame import Pixels
from media.limits import Limits

logger = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
ORIENTED = ("JPEG", "AVIF")
EXIF_ORIENTATION = 0x0112
ORIENTATIONS_LYING = (5, 6, 7, 8)  # those that swap width and height


def load_readers() -> None:
    """Load what Pillow would otherwise load with the first picture, when no file can be opened any more."""
    Image.preinit()


def open_still(file: IO[bytes], name: str, limits: Limits) -> Image.Image:
    """Read a picture's header.

    Args:
        file: the picture's bytes.
        name: what to call it in an error.
        limits: how large it may be.

    Raises:
        MediaError: it is no JPEG, PNG, WebP or AVIF, or too large to be decoded.
    """
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise MediaError(f"{name} is far too large a picture; please scale it down.") from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged header can raise nearly anything
        logger.info("image not opened: %s", error)
        raise MediaError(f"{name} is not a JPEG, PNG, WebP or AVIF picture that can be read.") from error
    limits.check_coded_size(Size(image.height, image.width))
    return image


def upright_size(image: Image.Image) -> Size:
    """The size (height, width) once the picture is upright."""
    # Of a PNG the whole picture would be decoded to find its orientation, which it rarely has.
    is_lying = image.format in ORIENTED and image.getexif().get(EXIF_ORIENTATION) in ORIENTATIONS_LYING
    return Size(image.width, image.height) if is_lying else Size(image.height, image.width)


def upright_pixels(image: Image.Image, size: Size) -> Pixels:
    """Decode a picture.

    Args:
        image: the picture; of an animated one the frame at which it stands.
        size: (height, width) to which it is brought.

    Returns:
        (H, W, 3) uint8 RGB; what is transparent lies on white.
    """
    upright = ImageOps.exif_transpose(image) if image.format in ORIENTED else image
    if upright.has_transparency_data:
        clear = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    upright = upright.convert("RGB")
    if upright.size != (size.width, size.height):
        upright = upright.resize((size.width, size.height), Image.Resampling.LANCZOS)
    return np.array(upright)
