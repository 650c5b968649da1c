"""The tags that a result takes over from its source, such as the title and the date; the place only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Tags = tuple[tuple[str, str], ...]
"""Names and values."""

KEPT = ("title", "artist", "album", "genre", "date", "creation_time", "comment", "description", "copyright")
"""The tags that are kept. Others may tell where a person was or which device they own."""

PLACE = "location"
PLACES = (PLACE, "com.apple.quicktime.location.ISO6709")
"""The tags that say where a clip was taken; kept as the first of them, and only when asked for."""

LONGEST_TAG = 2000


def kept_tags(told: Mapping[str, str]) -> Tags:
    """What of a file's own tags is remembered; names are FFmpeg's, in small or capital letters."""
    found = {name.lower(): value for name, value in told.items()}
    tags = {name: found[name] for name in KEPT if found.get(name)}
    if "creation_time" in tags:
        tags["creation_time"] = tags["creation_time"].partition(";")[0]  # where a file says it in two places
    if place := next((found[name.lower()] for name in PLACES if found.get(name.lower())), None):
        tags[PLACE] = place
    return tuple((name, value[:LONGEST_TAG].replace("\0", "")) for name, value in tags.items())


def checked_tags(told: Iterable[Iterable[str]]) -> Tags:
    """Tags as another process tells them.

    Raises:
        ValueError, TypeError: they are not what `kept_tags` gives.
    """
    tags = tuple((name, value) for name, value in told)
    names = [name for name, _ in tags]
    is_sound = all(isinstance(value, str) and len(value) <= LONGEST_TAG and "\0" not in value for _, value in tags)
    if not is_sound or len(set(names)) != len(names) or not set(names) <= {*KEPT, PLACE}:
        raise ValueError("tags that are not kept")
    return tags


def tag_arguments(tags: Tags) -> list[str]:
    """The output options of ffmpeg that write `tags` and nothing else of the source's."""
    written = [word for name, value in tags for word in ("-metadata", f"{name}={value}")]
    return ["-map_metadata", "-1", "-map_chapters", "-1", *written]
