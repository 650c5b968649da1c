"""All frames of a clip as small JPEGs in one file, so that a browser can show any of them at once.

A browser that seeks in a video is slow and sometimes one frame off; here it fetches bytes
`offsets[i]` to `offsets[i + 1]` of `frames.pack` and has frame i.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from media.clip_facts import Size
from media.errors import MediaError
from media.frame import Pixels
from media.video_clip import VideoClip

PACK, INDEX = "frames.pack", "frames.json"
JPEG_QUALITY = 85


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


def write_frame_pack(
    clip: VideoClip,
    folder: str | Path,
    *,
    longest_side: int = 1280,
    on_frame: Callable[[int], None] | None = None,
) -> FramePack:
    """Write the JPEGs of a clip while decoding it once.

    Args:
        clip: the clip.
        folder: is made if it does not exist; gets `frames.pack` and `frames.json`.
        longest_side: larger pictures are shrunk to it, smaller ones kept [px].
        on_frame: called with the index of each frame once it is written. If it raises, writing
            stops, nothing is left behind and the exception goes on to the caller: so one cancels.

    Raises:
        MediaError: the clip cannot be decoded, or the folder cannot be written.
    """
    folder = Path(folder)
    size = _shrunk(clip.size, longest_side)
    part = folder / f"{PACK}.part"
    offsets = [0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / INDEX).unlink(missing_ok=True)  # a pack without its index is no pack
        with part.open("wb") as file:
            for frame in clip.frames():
                file.write(_jpeg(frame.pixels, size))
                offsets.append(file.tell())
                if on_frame is not None:
                    on_frame(frame.index)
        part.replace(folder / PACK)
        index = {"size": list(size), "offsets": offsets}
        (folder / INDEX).write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")
    except OSError as error:
        raise MediaError("The preview of this clip cannot be written; is the disk full?") from error
    finally:
        part.unlink(missing_ok=True)
    return FramePack(folder, size, tuple(offsets))


def _shrunk(size: Size, longest_side: int) -> Size:
    scale = min(1.0, longest_side / max(size))
    return Size(max(1, round(size.height * scale)), max(1, round(size.width * scale)))


def _jpeg(pixels: Pixels, size: Size) -> bytes:
    if pixels.shape[:2] != size:
        pixels = np.asarray(cv2.resize(pixels, (size.width, size.height), interpolation=cv2.INTER_AREA), np.uint8)
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    return encoded.tobytes()
