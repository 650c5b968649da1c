"""All frames of a clip as small JPEGs in one file, so that a browser can show any of them at once.

A browser that seeks in a video is slow and sometimes one frame off; here it fetches bytes
`offsets[i]` to `offsets[i + 1]` of `frames.pack` and has frame i.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from media.clip_facts import Size
from media.errors import MediaError
from media.frame import Pixels
from media.video_clip import VideoClip

PACK, INDEX = "frames.pack", "frames.json"
JPEG_QUALITY = 85
NOT_WRITTEN = "The preview of this clip cannot be written; is the disk full?"


@dataclass(frozen=True)
class FramePack:
    """The frames of a clip as JPEGs.

    Attributes:
        folder: where `frames.pack` and `frames.json` lie.
        size: size of the JPEGs (height, width) [px].
        offsets: where each JPEG begins in `frames.pack`, and at last where the file ends [bytes].
    """

    folder: Path
    size: Size
    offsets: tuple[int, ...]

    @classmethod
    def open(cls, folder: str | Path) -> FramePack:
        """Open a pack that was written before.

        Raises:
            MediaError: there is none, or it is not whole.
        """
        folder = Path(folder)
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            pack = cls(folder, Size(*index["size"]), tuple(index["offsets"]))
            is_whole = pack.path.stat().st_size == pack.offsets[-1]
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise MediaError("The preview of this clip is missing; please open the clip again.") from error
        if not is_whole:
            raise MediaError("The preview of this clip is not whole; please open the clip again.")
        return pack

    @property
    def path(self) -> Path:
        """The file of concatenated JPEGs."""
        return self.folder / PACK

    @property
    def num_frames(self) -> int:
        """Number of JPEGs."""
        return len(self.offsets) - 1

    def jpeg(self, index: int) -> bytes:
        """The JPEG of one frame.

        Raises:
            IndexError: there is no such frame.
        """
        if not 0 <= index < self.num_frames:
            raise IndexError(f"Frame {index} was asked for, but the pack has frames 0 to {self.num_frames - 1}.")
        with self.path.open("rb") as file:
            file.seek(self.offsets[index])
            return file.read(self.offsets[index + 1] - self.offsets[index])


class FramePackWriter:
    """Writes a pack picture by picture, so that it can be made in the pass that counts a clip's frames.

    Used as a context manager: when the block ends without an error the pack is put in its place, otherwise
    nothing is left behind.
    """

    def __init__(self, folder: str | Path, *, longest_side: int = 1280) -> None:
        """Prepare a folder.

        Args:
            folder: is made if it does not exist; gets `frames.pack` and `frames.json`.
            longest_side: larger pictures are shrunk to it, smaller ones kept [px].

        Raises:
            MediaError: the folder cannot be written.
        """
        self._folder = Path(folder)
        self._longest_side = longest_side
        self._size: Size | None = None
        self._offsets = [0]
        self._part = self._folder / f"{PACK}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / INDEX).unlink(missing_ok=True)  # a pack without its index is no pack
            self._file = self._part.open("wb")
        except OSError as error:
            raise MediaError(NOT_WRITTEN) from error

    def add(self, index: int, pixels: Pixels) -> bytes:
        """Write one picture, (H, W, 3) uint8 RGB; index 0 begins anew.

        Returns:
            The JPEG.

        Raises:
            MediaError: it cannot be written.
        """
        try:
            if index == 0:
                self._file.seek(0)
                self._file.truncate()
                self._offsets = [0]
                self._size = _shrunk(Size(*pixels.shape[:2]), self._longest_side)
            assert self._size is not None
            jpeg = _jpeg(pixels, self._size)
            self._file.write(jpeg)
            self._offsets.append(self._file.tell())
        except OSError as error:
            raise MediaError(NOT_WRITTEN) from error
        return jpeg

    @property
    def pack(self) -> FramePack:
        """The pack, once the block has ended."""
        assert self._size is not None
        return FramePack(self._folder, self._size, tuple(self._offsets))

    def __enter__(self) -> FramePackWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
            if kind is None and self._size is not None:
                self._part.replace(self._folder / PACK)
                index = {"size": list(self._size), "offsets": self._offsets}
                (self._folder / INDEX).write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")
        except OSError as failure:
            raise MediaError(NOT_WRITTEN) from failure
        finally:
            self._part.unlink(missing_ok=True)


def write_frame_pack(
    clip: VideoClip,
    folder: str | Path,
    *,
    longest_side: int = 1280,
    on_frame: Callable[[int], None] | None = None,
) -> FramePack:
    """Write the JPEGs of an opened clip, decoding it once more.

    Args:
        clip: the clip.
        folder: as of `FramePackWriter`.
        longest_side: as of `FramePackWriter` [px].
        on_frame: called with the index of each frame once it is written. If it raises, writing
            stops, nothing is left behind and the exception goes on to the caller: so one cancels.

    Raises:
        MediaError: the clip cannot be decoded, or the folder cannot be written.
    """
    with FramePackWriter(folder, longest_side=longest_side) as writer:
        for frame in clip.frames():
            writer.add(frame.index, frame.pixels)
            if on_frame is not None:
                on_frame(frame.index)
    return writer.pack


def _shrunk(size: Size, longest_side: int) -> Size:
    scale = min(1.0, longest_side / max(size))
    return Size(max(1, round(size.height * scale)), max(1, round(size.width * scale)))


def _jpeg(pixels: Pixels, size: Size) -> bytes:
    if pixels.shape[:2] != size:
        pixels = np.asarray(cv2.resize(pixels, (size.width, size.height), interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(pixels)


def encode_jpeg(pixels: Pixels, quality: int = JPEG_QUALITY) -> bytes:
    """(H, W, 3) uint8 RGB as a JPEG of quality 0-100."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, quality))
    return encoded.tobytes()
