"""The folder of masks: the one format in which tracking hands its result to rendering.

`<object id>/<frame index, 5 digits>.png`, 1-bit, black or white, of the clip's displayed size. In `logits/`, under the
same names, may lie what the network thought, 8 bits a cell of its own grid: soft edges are made from that.
"""

from __future__ import annotations

import io
import re
import shutil
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.projects.mask_note import KEY as NOTE_KEY
from app.projects.mask_note import MaskNote, measure, read_note
from media.limits import LOCAL
from media.whole_file import write_whole

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME_FILE = re.compile(r"(\d{5,})\.png")
_STEPS_PER_LOGIT = 16
_NO_LOGIT = 128


class MaskError(ValueError):
    """A mask file or folder that cannot be used; the message is one sentence for the person."""


@dataclass(frozen=True)
class MaskFolder:
    """The masks of one clip on disk; the folder may not exist yet."""

    folder: Path

    def path(self, object_id: int, frame_index: int) -> Path:
        """Where that mask lies, whether it exists or not."""
        return self.folder / str(int(object_id)) / f"{int(frame_index):05d}.png"

    def write(self, object_id: int, frame_index: int, mask: np.ndarray, *, note: MaskNote | None = None) -> bytes:
        """Write a mask (H, W) bool as a 1-bit PNG, with what is known of it, whole or not at all; returns the bytes."""
        png = encode_mask(mask, note)
        _put(self.path(object_id, frame_index), png)
        return png

    def adopt(self, object_id: int, frame_index: int, source: Path) -> None:
        """Take a mask file over as it is, whole or not at all; what the network thought of another mask goes."""
        _put(self.path(object_id, frame_index), source.read_bytes())
        self._logits.path(object_id, frame_index).unlink(missing_ok=True)

    def write_logits(self, object_id: int, frame_index: int, logits: np.ndarray) -> None:
        """Keep the logits (h, w) float32 that a mask was made of, in sixteenths and up to ±8, as an 8-bit PNG."""
        steps = np.rint(np.clip(logits * _STEPS_PER_LOGIT, -_NO_LOGIT, _NO_LOGIT - 1)) + _NO_LOGIT
        buffer = io.BytesIO()
        Image.fromarray(steps.astype(np.uint8)).save(buffer, format="PNG", compress_level=3)
        _put(self._logits.path(object_id, frame_index), buffer.getvalue())

    def read_logits(self, object_id: int, frame_index: int) -> np.ndarray | None:
        """The logits (h, w) float32 of a mask; None where there are none, or none that can be read."""
        path = self._logits.path(object_id, frame_index)
        try:
            with Image.open(path, formats=("PNG",)) as image:
                steps = np.asarray(image.convert("L"), dtype=np.float32)
        except (OSError, ValueError, Image.DecompressionBombError):
            return None
        return (steps - _NO_LOGIT) / _STEPS_PER_LOGIT

    @property
    def _logits(self) -> MaskFolder:
        return MaskFolder(self.folder / "logits")

    def read(self, object_id: int, frame_index: int) -> np.ndarray | None:
        """Read a mask (H, W) bool; None where there is none. Raises `MaskError` for a file that is no PNG."""
        path = self.path(object_id, frame_index)
        return read_mask(path) if path.is_file() else None

    def score(self, object_id: int, frame_index: int) -> float | None:
        """The score that was written with a mask; None where there is no mask or nothing is known."""
        note = read_note(self.path(object_id, frame_index))
        return None if note is None else note.score

    def read_frame(self, frame_index: int, object_ids: Iterable[int] | None = None) -> dict[int, np.ndarray]:
        """Read the masks of a frame by object number; objects without a mask there are left out."""
        wanted = self.object_ids() if object_ids is None else object_ids
        found = ((object_id, self.read(object_id, frame_index)) for object_id in wanted)
        return {object_id: mask for object_id, mask in found if mask is not None}

    def object_ids(self) -> tuple[int, ...]:
        """The objects that have a folder, in ascending order."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(int(each.name) for each in self.folder.iterdir() if each.name.isdecimal()))

    def frames(self, object_id: int) -> tuple[int, ...]:
        """The frames on which the object has a mask, empty or not, in ascending order."""
        folder = self.folder / str(int(object_id))
        if not folder.is_dir():
            return ()
        found = (_FRAME_FILE.fullmatch(each.name) for each in folder.iterdir())
        return tuple(sorted(int(match[1]) for match in found if match))

    def notes(self, object_id: int) -> dict[int, MaskNote]:
        """For each frame that has a mask what is known of it; a mask from elsewhere is looked at, and is taken as sure.

        Its word for the prompts that it comes from is then empty: no tracking of ours has made it.
        """
        found = {}
        for frame_index in self.frames(object_id):
            note = read_note(self.path(object_id, frame_index))
            if note is None:
                mask = self.read(object_id, frame_index)
                if mask is None:
                    continue
                note = measure(mask, 1.0, "")
            found[frame_index] = note
        return found

    def overlay_png(self, object_id: int, frame_index: int, color: str) -> bytes | None:
        """The mask as a picture to lay over the frame: `color` (`#rrggbb`) inside, clear outside; None without one."""
        path = self.path(object_id, frame_index)
        if not path.is_file():
            return None
        return overlay_from_png(path.read_bytes(), color)

    def delete(self, object_id: int, frame_index: int) -> None:
        """Delete one mask; nothing happens where there is none."""
        self.path(object_id, frame_index).unlink(missing_ok=True)
        self._logits.path(object_id, frame_index).unlink(missing_ok=True)

    def remove(self, object_id: int) -> None:
        """Delete all masks of an object; nothing happens where there are none."""
        for folder in (self.folder, self._logits.folder):
            shutil.rmtree(folder / str(int(object_id)), ignore_errors=True)

    def check_size(self, size: tuple[int, int]) -> None:
        """Raise `MaskError` where the folder holds no mask, or one whose size is not `size` (height, width)."""
        object_ids = self.object_ids()
        if not any(self.frames(object_id) for object_id in object_ids):
            raise MaskError(
                f"There are no masks in {self.folder.name}; wanted are files such as {self.folder.name}/1/00000.png."
            )
        for object_id in object_ids:
            for frame_index in self.frames(object_id)[:1]:
                mask = read_mask(self.path(object_id, frame_index))
                if mask.shape != size:
                    raise MaskError(
                        f"The masks of object {object_id} are {mask.shape[1]}×{mask.shape[0]}, "
                        f"but the clip is {size[1]}×{size[0]}; masks must have the clip's displayed size."
                    )


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


def encode_mask(mask: np.ndarray, note: MaskNote | None = None) -> bytes:
    """Give a mask (H, W) bool as a 1-bit grey PNG; raises `MaskError` for another dtype or shape."""
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise MaskError(f"A mask is (height, width) of bool, not {mask.shape} of {mask.dtype}.")
    buffer = io.BytesIO()
    text = PngInfo()
    if note is not None:
        text.add_text(NOTE_KEY, note.to_text())
    Image.fromarray(np.ascontiguousarray(mask)).save(buffer, format="PNG", pnginfo=text)
    return buffer.getvalue()


def read_mask(path: Path) -> np.ndarray:
    """Read a mask (H, W) bool from any PNG: white is inside. Raises `MaskError` with one sentence."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.width * image.height > LOCAL.max_pixels:
                raise MaskError(f"{path.name} is {image.width}×{image.height} pixels, larger than any clip.")
            # What we wrote ourselves is bool as it is: greys would cost as much again as decoding.
            return np.array(image) if image.mode == "1" else np.asarray(image.convert("L")) >= 128
    except MaskError:
        raise
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise MaskError(f"{path.name} cannot be read as a PNG mask.") from error


def overlay_from_png(png: bytes, color: str) -> bytes:
    """Turn a 1-bit grey PNG into a 1-bit palette PNG: clear, and `color` (`#rrggbb`).

    Both kinds store the same pixel bits, so only the header changes and nothing is decoded: some
    microseconds instead of milliseconds for each mask that the browser shows.
    """
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", png[16:29])
    if (depth, kind, interlaced) != (1, 0, 0):
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            return overlay_from_png(encode_mask(np.asarray(image.convert("L")) >= 128), color)
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    header = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    return b"".join(
        (
            _PNG_SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes((0, 0, 0, red, green, blue))),
            _chunk(b"tRNS", bytes((0, 255))),
            png[33:],  # what follows the signature (8 bytes) and the header's chunk (25 bytes)
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
