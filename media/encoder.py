"""The ffmpeg process that encodes: started, watched, checked, and never left behind."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg

from media.allow_list import CONTAINERS, PROTOCOLS
from media.errors import MediaError

logger = logging.getLogger(__name__)

LARGEST_ERROR = Fraction(1, 1000)
"""No frame may lie further from its time than this [s]."""

SECONDS_TO_END = 600
"""How long the encoder may take for what it still holds once all frames are written [s]."""

FAILED = "The video could not be encoded; please try again, and look into the log if it fails again."
DISK_FULL = "The disk is full, so the video could not be written; please make room and try again."


@dataclass(frozen=True)
class Sound:
    """The sound to carry over.

    Attributes:
        path: the file it comes from; its first sound track is taken.
        delay: by how much it is shifted [s].
        until: where it is cut, counted from the container's start [s], or None for all of it.
    """

    path: Path
    delay: Fraction
    until: Fraction | None

    def arguments(self) -> list[str]:
        """The input of ffmpeg that reads it, under the same allow-lists as the picture."""
        cut = [] if self.until is None else ["-t", _seconds(self.until)]
        guards = ["-format_whitelist", CONTAINERS, "-protocol_whitelist", PROTOCOLS]
        return ["-itsoffset", _seconds(self.delay), *cut, *guards, "-vn", "-i", f"file:{self.path}"]


class Encoder:
    """Encodes NUT from a pipe to `out.part`, checks the result and renames it to `out.mp4`."""

    def __init__(self, path: Path, *, first: Fraction, timescale: int, sound: Sound | None) -> None:
        """Start ffmpeg.

        Args:
            path: where the whole file will appear.
            first: time of the first frame [s]; without it ffmpeg would count from 0 and lose the
                offset between picture and sound.
            timescale: units a second in which times are kept.
            sound: what to carry over, or None.
        """
        self._path = path
        self._part = path.with_suffix(".part")
        self._first = first
        self._timescale = timescale
        self._said: deque[str] = deque(maxlen=20)
        try:
            self._process = subprocess.Popen(
                self._command(sound), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except (OSError, RuntimeError) as error:  # RuntimeError: imageio-ffmpeg finds no binary
            logger.error("ffmpeg cannot be started: %s", error)
            raise MediaError("The encoder (ffmpeg) cannot be started; please install imageio-ffmpeg again.") from error
        assert self._process.stdin is not None
        self.pipe = self._process.stdin.fileno()
        # Read all along: a full stderr pipe would stop ffmpeg, and then us.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _command(self, sound: Sound | None) -> list[str]:
        scale = str(self._timescale)
        # The header says all; without this ffmpeg holds megabytes of frames back to look for more.
        no_probing = ["-probesize", "32", "-analyzeduration", "0"]
        picture = ["-itsoffset", _seconds(self._first), *no_probing, "-f", "nut", "-i", "pipe:0"]
        keep_times = ["-fps_mode", "passthrough", "-enc_time_base", f"1:{scale}", "-video_track_timescale", scale]
        h264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
        # Said of the frames that come in: if it were only asked of what goes out, ffmpeg would take
        # the untagged frames for bt601 and convert them.
        bt709 = ["-vf", "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"]
        aac = ["-map", "1:a:0", "-c:a", "aac", "-b:a", "128k"]
        return [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
            *picture,
            *(sound.arguments() if sound else []),
            *("-map", "0:v:0", *keep_times, *h264, *bt709),
            *(aac if sound else []),
            *("-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", f"file:{self._part}"),
        ]

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line.decode(errors="replace").strip())

    def failure(self) -> MediaError:
        """The error to raise when the encoder has died: a sentence, while ffmpeg's words go to the log."""
        self.abort()
        self._listener.join(timeout=5)
        said = "\n".join(self._said)
        logger.error("ffmpeg ended with code %s: %s", self._process.returncode, said)
        return MediaError(DISK_FULL if "No space left" in said else FAILED)

    def finish(self, ticks: list[int]) -> None:
        """Wait for the end, check the file and put it in its place.

        Args:
            ticks: the time of each frame that was written, in units of the timescale.

        Raises:
            MediaError: the encoder failed, or its file is not what was written.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(timeout=SECONDS_TO_END)
        except subprocess.TimeoutExpired as error:
            raise self.failure() from error
        if code != 0:
            raise self.failure()
        self._check([Fraction(tick, self._timescale) for tick in ticks])
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._part.replace(self._path)

    def _check(self, times: list[Fraction]) -> None:
        """Find every frame in the finished file at its time, and decode its keyframes.

        Decoding all frames would add a sixth to the time of writing and could only find what the
        exit code, the count and the index of a file finished a moment ago do not show.
        """
        try:
            with av.open(f"file:{self._part}", format="mp4") as container:
                stream = container.streams.video[0]
                stream.codec_context.skip_frame = "NONKEY"
                found = []
                num_decoded = 0
                for packet in container.demux(stream):
                    num_decoded += len(packet.decode())
                    if packet.pts is not None:
                        found.append(packet.pts * packet.time_base)
        except (av.FFmpegError, IndexError) as error:
            logger.error("the encoded file cannot be read: %s", error)
            raise MediaError(FAILED) from error
        if len(found) != len(times) or num_decoded == 0:
            logger.error("%d frames were written, %d are in the file", len(times), len(found))
            raise MediaError(FAILED)
        worst = max(abs(a - b) for a, b in zip(sorted(found), times, strict=True))
        if worst > LARGEST_ERROR:
            logger.error("a frame is %.4f s off its time", float(worst))
            raise MediaError(FAILED)

    def abort(self) -> None:
        """Stop ffmpeg if it still runs and remove what it has written; after `finish` nothing is to do."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._part.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the pipes. Only after the muxer is closed: it writes to the bare file descriptor."""
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.close()
        self._listener.join()
        self._process.stderr.close()


def _seconds(time: Fraction) -> str:
    """As ffmpeg reads it, to the microsecond."""
    return f"{float(time):.6f}"
