"""The tags of a clip: title and date stay, the place goes unless asked for, and nothing else slips through."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from media import VideoClip, VideoWriter, choose_format
from media.carried_over import checked_tags
from tests.media.clips import ffmpeg, write_clip

TITLE = 'A "day"; = # \\ [out]\nsecond line [STREAM]'


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    plain = write_clip(tmp_path / "plain.mp4", num_frames=3)
    tags = {"title": TITLE, "creation_time": "2021-02-03T04:05:06Z", "location": "+48.1000+011.5000/",
            "make": "Phone & Co", "com.example.device": "12345", "description": "x" * 5000}  # fmt: skip
    words = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    ffmpeg("-i", plain, "-c", "copy", *words, "-metadata:s:v", "title=of the stream", "-movflags", "use_metadata_tags",
           tmp_path / "a.mov")  # fmt: skip
    return tmp_path / "a.mov"


def tags_of(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return {name.lower(): value for name, value in container.metadata.items()}


@pytest.mark.parametrize("name", ["h264", "vp9", "prores"])
def test_title_and_date_stay_and_the_place_goes(name: str, tagged: Path, tmp_path: Path) -> None:
    format = choose_format(name)
    for keeps_location in (False, True):
        target = tmp_path / f"b{format.suffix}"
        with (
            VideoClip.open(tagged) as clip,
            VideoWriter(target, like=clip, format=format, keeps_location=keeps_location) as writer,
        ):
            for frame in clip.frames():
                writer.write(frame.pixels, frame.time)
        found = tags_of(target)
        assert found["title"] == TITLE
        assert found["creation_time"].startswith("2021-02-03T04:05:06")
        assert len(found.get("description", "")) == (0 if name == "prores" else 2000)  # MOV has no place for it
        assert ("location" in found) == keeps_location
        assert not {"make", "com.example.device"} & set(found)
        assert keeps_location or b"+48.1" not in target.read_bytes()


def test_a_clip_without_tags_and_a_folder_have_none(tmp_path: Path) -> None:
    with VideoClip.open(write_clip(tmp_path / "a.mkv", num_frames=2)) as clip:
        assert clip.facts.tags == ()
    (tmp_path / "images").mkdir()
    ffmpeg("-i", tmp_path / "a.mkv", tmp_path / "images" / "%d.png")
    with VideoClip.open(tmp_path / "images") as clip:
        assert clip.facts.tags == ()


def test_tags_are_told_whatever_the_case_of_their_names(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "plain.mkv", num_frames=2)
    ffmpeg("-i", plain, "-c", "copy", "-metadata", "TITLE=A day", "-metadata", "Location=+48+11/", tmp_path / "a.mkv")
    with VideoClip.open(tmp_path / "a.mkv") as clip:
        assert dict(clip.facts.tags) == {"title": "A day", "location": "+48+11/"}


@pytest.mark.parametrize(
    "told",
    [[["title", 5]], [["title", "a\0b"]], [["title", "x" * 3000]], [["make", "Phone"]], [["title", "a"]] * 2, [5]],
)
def test_tags_that_cannot_be_ours_are_not_believed(told: list[list[str]]) -> None:
    with pytest.raises((ValueError, TypeError)):
        checked_tags(told)
