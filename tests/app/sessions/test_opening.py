"""Opening again: a session after a reload, a project with its clip beside it or inside, and what is refused."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.handlers import editing, opening, running
from app.handlers.envelope import RequestError, Studio
from app.projects.mask_folder import MaskFolder
from app.projects.project import Project, ProjectError
from app.sessions.archive import open_archive
from app.sessions.session import Session
from app.sessions.store import Sessions
from app.tracking.models import DefaultModel
from effects.layer import Layer
from media.limits import LOCAL
from media.video_clip import VideoClip
from tests.app.asking import last
from tests.app.made_clips import FPS, NUM_FRAMES, make_clip

CLICK = {"object": 1, "frame": 2, "points": [[20, 24, 1]], "box": None}


@pytest.fixture
def edited(edited: str, studio: Studio) -> str:
    """A session with a tracked object and an effect."""
    last(studio, editing.prompt, edited, **CLICK)
    last(studio, running.track, edited)
    project = studio.sessions.open(edited).project
    layer = Layer.from_json({"target": "background", "effect": {"name": "blur"}})
    studio.sessions.save(edited, Project(**{**vars(project), "layers": (layer,)}))
    return edited


def masks_of(session: Session) -> dict[str, np.ndarray]:
    return {f"{i}/{f}": session.masks.read(i, f) for i in session.masks.object_ids() for f in session.masks.frames(i)}


def test_a_reloaded_page_gets_all_that_it_showed(studio: Studio, edited: str) -> None:
    message = last(studio, opening.resume, edited)
    assert message["session"] == edited
    assert message["clip"]["frames"] == NUM_FRAMES
    assert message["objects"][0]["prompts"]["2"]["points"] == [[20.0, 24.0, 1]]
    assert message["layers"][0]["effect"]["name"] == "blur"
    assert set(message["lanes"]["1"]["seen"]) <= {"1", "2"}
    assert message["history"]["undo"]["what"] == "track"
    json.dumps(message)


def test_a_session_that_expired_says_so(studio: Studio, edited: str) -> None:
    studio.sessions.delete(edited)
    message = last(studio, opening.resume, edited)
    assert message["gone"]
    assert "no longer there" in message["error"]


def test_a_saved_project_opens_with_its_clip_masks_clicks_and_effects(
    studio: Studio, edited: str, tmp_path: Path
) -> None:
    saved = last(studio, opening.save, edited)["saved"]
    assert saved["name"] == "square.masklet.zip"
    *_, opened = opening.open_files(studio, [Path(saved["path"])], None)
    assert opened.session_id not in (None, edited)
    before, after = studio.sessions.open(edited), studio.sessions.open(opened.session_id or "")
    assert after.project.layers == before.project.layers
    assert after.project.objects == before.project.objects
    assert after.clip_path.read_bytes() == before.clip_path.read_bytes()
    wanted, found = masks_of(before), masks_of(after)
    assert wanted.keys() == found.keys()
    assert all(np.array_equal(wanted[key], found[key]) for key in wanted)


def test_a_page_that_goes_while_a_project_opens_stops_it_and_leaves_no_session(
    studio: Studio, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = last(studio, opening.save, edited)["saved"]
    before = {each.name for each in studio.sessions.root.iterdir()}
    read: list[int] = []

    def slow_read(folder: MaskFolder, object_id: int, frame_index: int) -> None:
        read.append(frame_index)
        time.sleep(0.3)

    monkeypatch.setattr(MaskFolder, "read", slow_read)
    steps = opening.open_files(studio, [Path(saved["path"])], None)
    while next(steps).message["task"]["text"]["key"] != "start.finding":
        pass
    steps.close()  # as gradio does within a moment of a page going
    assert 0 < len(read) < NUM_FRAMES - 2
    assert {each.name for each in studio.sessions.root.iterdir()} == before


def test_a_project_file_asks_for_its_clip_and_then_finds_what_was_clicked(
    studio: Studio, edited: str, clip_path: Path, tmp_path: Path
) -> None:
    before = studio.sessions.open(edited)
    before.project.save(tmp_path / "mine.json")
    (asked,) = opening.open_files(studio, [tmp_path / "mine.json"], None)
    assert asked.message["wanted"] == "square.mp4"
    assert asked.waiting is not None
    *_, opened = opening.open_files(studio, [clip_path], asked.waiting)
    after = studio.sessions.open(opened.session_id or "")
    assert after.project.prompts == before.project.prompts
    assert after.masks.frames(1) == (2,)

    *_, together = opening.open_files(studio, [tmp_path / "mine.json", clip_path], None)
    assert studio.sessions.open(together.session_id or "").project.prompts == before.project.prompts


def test_a_clip_that_is_not_the_projects_is_refused_and_leaves_nothing(
    studio: Studio, edited: str, tmp_path: Path
) -> None:
    short = make_clip(tmp_path / "short.mp4", num_frames=2)
    before = {each.name for each in studio.sessions.root.iterdir()}
    with pytest.raises(RequestError, match=r"choose the clip square\.mp4"):
        list(opening.open_files(studio, [short], studio.sessions.open(edited).project))
    assert {each.name for each in studio.sessions.root.iterdir()} == before


def test_a_project_from_outside_names_no_file_as_its_model(studio: Studio) -> None:
    data = {**Project("a.mp4", "/etc/passwd").to_json()}
    assert opening.read_project(studio, data).model == "nano"


def test_too_many_files_are_refused(studio: Studio, clip_path: Path) -> None:
    with pytest.raises(RequestError, match="one clip at a time"):
        list(opening.open_files(studio, [clip_path, clip_path], None))


@pytest.mark.parametrize("kind", ["no zip", "no project", "too large"])
def test_an_archive_that_is_none_is_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "p.zip"
    if kind == "no zip":
        path.write_bytes(b"PK\x03\x04 nothing")
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("clip.mp4" if kind == "too large" else "x.txt", bytes(5000))
    with pytest.raises(ProjectError) as caught:
        open_archive(path, tmp_path / "out", 1000)
    assert str(caught.value).endswith(".")


def test_an_archive_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", json.dumps(Project("../../evil.mp4").to_json()))
        for name in ("../../evil.txt", "/tmp/evil", "masks/../../1/00000.png", "masks/1/00000.png", "clip.mp4"):
            archive.writestr(name, b"x")
    folder = tmp_path / "in" / "out"
    folder.mkdir(parents=True)
    archive = open_archive(path, folder, 1000)
    assert archive.clip == folder / "evil.mp4"
    written = sorted(str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*") if each.is_file())
    assert written == ["in/out/evil.mp4", "in/out/masks/1/00000.png", "p.zip"]
    shutil.rmtree(folder)


def test_another_part_of_a_long_file_can_be_chosen(tmp_path: Path, clip_path: Path) -> None:
    sessions = Sessions(tmp_path / "hosted", limits=replace(LOCAL, max_frames=4))
    studio = Studio(sessions, DefaultModel("nano", "It is the test's."), clip_path.parent)
    first = list(opening.open_files(studio, [clip_path], None))[-1]
    part = first.message["clip"]["part"]
    assert first.message["clip"]["frames"] == 4
    assert part["start"] == 0
    assert part["whole"] > part["stop"]

    begin = round(6 / FPS, 3)
    other = list(opening.open_part(studio, first.session_id, [begin, part["whole"]]))[-1]
    assert other.message["clip"]["frames"] == 4
    assert other.message["clip"]["part"]["start"] == begin
    assert other.message["clip"]["name"] == clip_path.name
    shown = sessions.open(str(other.session_id))
    with VideoClip.open(clip_path) as clip, shown.open_clip() as cut:
        np.testing.assert_array_equal(cut.frame(0).pixels, clip.frame(6).pixels)


@pytest.mark.parametrize("part", [None, [3], ["a", 2], [2, 1], [-1, 2], [90, 99], [float("nan"), 1]])
def test_a_part_that_is_not_in_the_file_is_refused(tmp_path: Path, clip_path: Path, part: Any) -> None:
    studio = Studio(Sessions(tmp_path / "more"), DefaultModel("nano", "It is the test's."), clip_path.parent)
    session_id = list(opening.open_files(studio, [clip_path], None))[-1].session_id
    with pytest.raises(RequestError, match="not in the clip"):
        list(opening.open_part(studio, session_id, part))


def test_a_clip_that_is_whole_offers_no_other_part(studio: Studio, clip_path: Path) -> None:
    assert list(opening.open_files(studio, [clip_path], None))[-1].message["clip"]["part"] is None
