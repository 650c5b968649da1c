"""A clip's frames by number, for the interface that wants a path."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Frames(Protocol):
    """Frames of one clip, (H, W, 3) uint8 RGB."""

    size: tuple[int, int]

    def __len__(self) -> int: ...

    def __getitem__(self, frame_index: int) -> NDArray[np.uint8]: ...


class JpegFolder:
    """A folder of `<number>.jpg` files, read one by one as they are wanted."""

    def __init__(self, folder: Path) -> None:
        files = [file for file in folder.iterdir() if file.suffix.lower() in (".jpg", ".jpeg")]
        if not files:
            raise RuntimeError(f"There are no .jpg files in {folder}; frames named by their number are wanted.")
        self._files = sorted(files, key=lambda file: int(file.stem))
        height, width = self[0].shape[:2]
        self.size = (height, width)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, frame_index: int) -> NDArray[np.uint8]:
        with Image.open(self._files[frame_index]) as image:
            return np.asarray(image.convert("RGB"))


class VideoFile:
    """A video, decoded once into an unnamed temporary file.

    Frames are asked for in any order, backwards too, and a video decodes only forwards; on disk they cost no memory.
    """

    def __init__(self, path: Path) -> None:
        import av  # only here: the rest of the package knows no video files

        self._count = 0
        shape: tuple[int, ...] = ()
        with tempfile.TemporaryFile() as file, av.open(str(path)) as container:
            for frame in container.decode(video=0):
                pixels = frame.to_ndarray(format="rgb24")
                shape = shape or pixels.shape
                if pixels.shape != shape:
                    raise RuntimeError(f"{path} changes its size at frame {self._count}; one size is wanted.")
                file.write(pixels.tobytes())
                self._count += 1
            if not self._count:
                raise RuntimeError(f"{path} holds no frames.")
            file.flush()
            # The mapping keeps the file's contents alive when the file itself is closed.
            self._pixels = np.memmap(file, dtype=np.uint8, mode="r", shape=(self._count, *shape))
        self.size = (shape[0], shape[1])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, frame_index: int) -> NDArray[np.uint8]:
        return np.array(self._pixels[frame_index])


def open_frames(path: str | Path) -> Frames:
    """The frames of a folder of JPEG files or of a video file.

    Raises:
        FileNotFoundError: there is neither.
        RuntimeError: there are no frames.
    """
    path = Path(path)
    if path.is_dir():
        return JpegFolder(path)
    if path.is_file():
        return VideoFile(path)
    raise FileNotFoundError(f"There is no video file and no folder of JPEG frames at {path}.")
