"""What a result takes over from its source beside the picture: the sound, and tags such as the title and the date."""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

from media.allow_list import AUDIO_DECODERS, CONTAINERS, PROTOCOLS, VIDEO_DECODERS

logger = logging.getLogger(__name__)

GUARDS = (
    *("-format_whitelist", CONTAINERS, "-protocol_whitelist", PROTOCOLS),
    *("-codec_whitelist", f"{VIDEO_DECODERS},{AUDIO_DECODERS}"),
)
"""The options under which ffmpeg opens a stranger's file."""

KEPT = ("title", "artist", "album", "genre", "date", "creation_time", "comment", "description", "copyright")
"""The tags that are kept. Others may tell where a person was or which device they own."""

LOCATION = ("location", "com.apple.quicktime.location.ISO6709")
"""The tags that say where a clip was taken; kept only when asked for."""

LONGEST_TAG = 2000
SECONDS_TO_READ = 20


@dataclass(frozen=True)
class Sound:
    """The sound to carry over.

    Attributes:
        path: the file it comes from; its first sound track is taken.
        delay: by how much it is shifted [s].
        until: where it is cut, counted from `begin` [s], or None for all of it.
        begin: where it begins, counted from the container's start [s].
    """

    path: Path
    delay: Fraction
    until: Fraction | None
    begin: Fraction = Fraction(0)

    def arguments(self) -> list[str]:
        """The input of ffmpeg that reads it, under the same allow-lists as the picture."""
        cut = [] if self.begin == 0 else ["-ss", seconds(self.begin)]
        cut += [] if self.until is None else ["-t", seconds(self.until)]
        return ["-itsoffset", seconds(self.delay), *cut, *GUARDS, "-vn", "-sn", "-dn", "-i", f"file:{self.path}"]


def seconds(time: Fraction) -> str:
    """A time as ffmpeg reads it, to the microsecond."""
    return f"{float(time):.6f}"


def read_tags(path: Path, *, with_location: bool = False) -> dict[str, str]:
    """The tags of a clip that are taken over to what is made of it; none where they cannot be read.

    Args:
        path: a video file; a folder of images has no tags.
        with_location: whether the place where it was taken is among them.
    """
    if not path.is_file():
        return {}
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", *GUARDS]
    # Said explicitly, because what ffmpeg copies by itself leaves the date out.
    command += ["-i", f"file:{path}", "-map_metadata", "0", "-f", "ffmetadata", "pipe:1"]
    try:
        told = subprocess.run(
            command, capture_output=True, timeout=SECONDS_TO_READ, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.info("no tags could be read: %s", error)
        return {}
    found = dict(_entries(told.stdout.decode("utf-8", errors="replace")))
    kept = {name: found[name] for name in KEPT if name in found}
    if "creation_time" in kept:
        kept["creation_time"] = kept["creation_time"].partition(";")[0]  # where a file says it in two places
    if with_location and (place := next((found[name] for name in LOCATION if name in found), None)):
        kept["location"] = place
    return {name: value[:LONGEST_TAG].replace("\0", "") for name, value in kept.items()}


def tag_arguments(tags: Mapping[str, str]) -> list[str]:
    """The output options of ffmpeg that write `tags` and nothing else of the source's."""
    written = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    return ["-map_metadata", "-1", "-map_chapters", "-1", *written]


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The file's own entries of FFmpeg's metadata text: `name=value`, a backslash before what would end either."""
    whole = re.split(r"(?<!\\)\n\[", text.partition("\n")[2], maxsplit=1)[0]  # what follows are streams and chapters
    for entry in re.findall(r"((?:\\.|[^\\\n])+)", whole, re.DOTALL):
        name, equals, value = _unescaped_split(entry)
        if equals:
            yield name, value


def _unescaped_split(entry: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"((?:\\.|[^\\=])*)(=)(.*)", entry, re.DOTALL)
    if match is None or entry.startswith((";", "#")):
        return entry, "", ""
    return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL), "=", re.sub(r"\\(.)", r"\1", match[3], flags=re.DOTALL)
