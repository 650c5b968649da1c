"""An ffmpeg process that encodes: started, listened to, waited for, and never left behind."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import imageio_ffmpeg

from media.errors import MediaError
from media.part_file import DISK_FULL, TOO_LARGE
from media.wide_pipe import widen

logger = logging.getLogger(__name__)

SECONDS_TO_END = 600
"""How long an encoder may take for what it still holds once all frames are written [s]."""

SECONDS_BETWEEN_LOOKS = 0.1

SECONDS_STUCK = 120
"""How long it may take nothing of what it is sent; then it hangs and is killed, or we would wait for ever [s]."""

FAILED = "The video could not be encoded; please try again, and look into the log if it fails again."


class Encoder:
    """A running ffmpeg that reads from a pipe, or from files alone."""

    def __init__(self, arguments: Sequence[str], *, reads_pipe: bool = True, inherits: Sequence[int] = ()) -> None:
        """Start ffmpeg.

        Args:
            arguments: all that follows the general options.
            reads_pipe: whether its input is `pipe:0`, fed through `input_handle`.
            inherits: file descriptors that it gets beside its own.

        Raises:
            MediaError: ffmpeg is not there.
        """
        self._said: deque[str] = deque(maxlen=20)
        try:
            general = (imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y")
            self._process = subprocess.Popen(
                [*general, *arguments],
                stdin=subprocess.PIPE if reads_pipe else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=tuple(inherits),
            )
        except (OSError, RuntimeError) as error:  # RuntimeError: imageio-ffmpeg finds no binary
            logger.error("ffmpeg cannot be started: %s", error)
            raise MediaError("The encoder (ffmpeg) cannot be started; please install imageio-ffmpeg again.") from error
        if reads_pipe:
            widen(self.input_handle)
        # Read all along: a full stderr pipe would stop ffmpeg, and then us.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._sending_since: float | None = None
        self._is_closing = threading.Event()
        self._watch = threading.Thread(target=self._kill_if_stuck, daemon=True)
        self._watch.start()

    @property
    def input_handle(self) -> int:
        """The file descriptor to write its input to."""
        assert self._process.stdin is not None
        return self._process.stdin.fileno()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line.decode(errors="replace").strip())

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Surrounds what writes to `input_handle`; an encoder that hangs is killed, and the writing fails."""
        self._sending_since = time.monotonic()
        try:
            yield
        finally:
            self._sending_since = None

    def _kill_if_stuck(self) -> None:
        while not self._is_closing.wait(SECONDS_BETWEEN_LOOKS):
            since = self._sending_since
            if since is not None and time.monotonic() - since > SECONDS_STUCK:
                logger.error("the encoder has taken nothing for %d seconds", SECONDS_STUCK)
                self._process.kill()

    def wait(self) -> Iterator[None]:
        """Close its input and wait for its end, yielding all the while so that the caller can stop.

        Raises:
            MediaError: it failed, or does not come to an end.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        until = time.monotonic() + SECONDS_TO_END
        while self._listener.is_alive():
            # It ends with the process, and at once; waiting for the process itself looks twenty times a second.
            self._listener.join(timeout=SECONDS_BETWEEN_LOOKS)
            if time.monotonic() > until:
                raise self.failure()
            yield
        if self._process.wait() != 0:
            raise self.failure()

    def failure(self) -> MediaError:
        """The error to raise when the encoder has died: a sentence, while ffmpeg's words go to the log."""
        self.stop()
        self._listener.join(timeout=5)
        said = "\n".join(self._said)
        code = self._process.returncode
        logger.error("ffmpeg ended with code %s: %s", code, said)
        if "No space left" in said or "quota exceeded" in said:
            return MediaError(DISK_FULL)
        return MediaError(TOO_LARGE if code == -signal.SIGXFSZ or "File too large" in said else FAILED)

    def stop(self) -> None:
        """Stop it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Stop it and let go of its pipes. Whoever writes to `input_handle` must have ended before."""
        self.stop()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._listener.join()
        self._is_closing.set()
        self._watch.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
