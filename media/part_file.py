"""A file that appears under its name only when it is whole: written beside it as a part, then synced and renamed."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from media.errors import MediaError

logger = logging.getLogger(__name__)

LONGEST_NAME = 255
"""What file systems take [bytes]."""

PREFIX, SUFFIX = ".masklet-", ".part"

DISK_FULL = "The disk is full, so the file could not be written; please make room and try again."
TOO_LARGE = "The file grew larger than this computer lets a file be; please choose a smaller format or quality."


class PartFile:
    """The part of a file in the making, in the folder where the whole file will be.

    It is locked for as long as this process lives. The parts of a process that was killed are not, so that whoever
    writes into the same folder next can tell them and removes them.

        with PartFile(Path("masks.csv")) as part:
            part.path.write_text(…)
            part.commit()
    """

    def __init__(self, target: Path) -> None:
        """Make an empty part.

        Args:
            target: where the whole file will appear.

        Raises:
            MediaError: the place cannot be written.
        """
        self.target = target.absolute()
        folder, name = self.target.parent, self.target.name
        if not folder.is_dir():
            raise MediaError(f"The folder for {name!r} does not exist; please make it first.")
        if len(os.fsencode(name)) > LONGEST_NAME:
            raise MediaError(f"The name {name[:40]!r}… is too long for a file; please choose a shorter one.")
        if self.target.is_dir():
            raise MediaError(f"{name!r} is a folder, and a file is to be written; please choose another name.")
        remove_abandoned_parts(folder)
        try:
            self.path, self._lock = _locked_part(folder)
        except OSError as error:
            raise writing_error(error, name) from error

    def commit(self) -> None:
        """Sync the part and give it its name, in place of a file that was there before.

        Raises:
            MediaError: the disk is full or fails; the part is then still a part.
        """
        try:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            self.path.replace(self.target)
        except OSError as error:
            raise writing_error(error, self.target.name) from error

    def close(self) -> None:
        """Remove the part if it was not committed."""
        if self._lock >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, OSError):
            raise writing_error(error, self.target.name) from error


def _locked_part(folder: Path) -> tuple[Path, int]:
    """A new empty part and the handle that keeps it locked.

    Raises:
        OSError: the folder cannot be written.
    """
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        with suppress(OSError):  # some file systems know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)  # waits for whoever looks whether it is abandoned
        if path.exists():
            return path, handle
        os.close(handle)  # before it was locked it looked abandoned, and was removed


def remove_abandoned_parts(folder: Path) -> None:
    """Remove the parts whose process was killed; those of running ones are locked and stay."""
    for part in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):  # it is locked, another process was quicker, or the file system knows no locks
            handle = os.open(part, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                logger.info("a part that was left behind is removed: %s", part.name)
                part.unlink()
            finally:
                os.close(handle)


def writing_error(error: OSError, name: str) -> MediaError:
    """The sentence for the person about a file that could not be written."""
    logger.error("%s cannot be written: %s", name, error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MediaError(DISK_FULL)
    if error.errno == errno.EFBIG:
        return MediaError(TOO_LARGE)
    return MediaError(f"The folder for {name!r} cannot be written; please choose another one.")
