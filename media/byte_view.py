"""An opened file, or a part of it, as something to read from: FFmpeg gets this and never a path."""

from __future__ import annotations

import io
import os


class ByteView:
    """Bytes `start` to `stop` of an opened file, with a place of its own.

    Several views of one file can be read in turn. Nobody who holds one can reach another file.
    """

    def __init__(self, file: io.FileIO, start: int = 0, stop: int | None = None) -> None:
        self.file = file
        self._start = start
        self.size = (os.fstat(file.fileno()).st_size if stop is None else stop) - start
        self._place = 0

    def again(self) -> ByteView:
        """Another view of the same bytes, at their beginning."""
        return ByteView(self.file, self._start, self._start + self.size)

    def read(self, num_bytes: int = -1) -> bytes:
        """Up to `num_bytes` from here on (all that follow, if negative); empty at the end."""
        left = max(0, self.size - self._place)
        self.file.seek(self._start + self._place)
        data = self.file.read(left if num_bytes < 0 else min(num_bytes, left))
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the place; as of any file."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        if origin + offset < 0:
            raise OSError("a place before the beginning")
        self._place = origin + offset
        return self._place

    def tell(self) -> int:
        """The place, counted from the view's beginning."""
        return self._place

    def seekable(self) -> bool:
        """True: Pillow, zipfile and FFmpeg ask."""
        return True
