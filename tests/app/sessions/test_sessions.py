from __future__ import annotations

import os
import pickle
import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.projects.changes import add_object, with_prompt
from app.projects.project import FramePrompt, Project, mask_from_text
from app.sessions.session import Session, SessionError, SessionGoneError
from app.sessions.store import Sessions
from media.errors import MediaError
from tests.app.made_clips import NUM_FRAMES, SIZE, make_clip, make_sound_file, picture, square_mask


def test_an_upload_becomes_a_session_with_every_frame(sessions: Sessions, clip_path: Path) -> None:
    upload = clip_path.read_bytes()
    progress = list(sessions.create(clip_path, name="holiday.mp4", model="nano"))

    assert [each.session_id for each in progress[:-1]] == [None] * (len(progress) - 1)
    done = [each.frames_done for each in progress]
    assert done == sorted(done)
    assert done[-1] == NUM_FRAMES
    assert progress[-2].num_frames == NUM_FRAMES
    session = sessions.open(progress[-1].session_id or "")
    assert re.fullmatch(r"[0-9a-f]{32}", session.id)
    assert (session.info.name, session.info.size, session.info.num_frames) == ("holiday.mp4", SIZE, NUM_FRAMES)
    assert session.info.has_audio
    assert session.info.fps == pytest.approx(10)
    assert session.project == Project(clip="holiday.mp4", model="nano")
    assert clip_path.read_bytes() == upload
    for index in (0, 5, NUM_FRAMES - 1):
        content = np.frombuffer(session.frames.jpeg(index), dtype=np.uint8)
        pixels = cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        assert np.abs(pixels[2:6, 2:6].astype(int) - picture(index)[2:6, 2:6]).mean() < 8
    with session.open_clip() as clip:
        assert clip.num_frames == NUM_FRAMES


def test_a_part_of_an_upload_stays_that_part_and_another_can_be_taken(sessions: Sessions, clip_path: Path) -> None:
    *_, last = sessions.create(clip_path, start=0.3, stop=0.8)
    session = sessions.open(last.session_id or "")
    assert (session.info.num_frames, session.info.start, session.info.stop) == (5, 0.3, 0.8)
    assert session.info.file_duration == pytest.approx(NUM_FRAMES / 10, abs=0.15)
    assert session.frames.num_frames == 5
    with session.open_clip() as clip:
        for index in range(5):
            assert np.abs(clip.frame(index).pixels[2:6, 2:6].astype(int) - picture(index + 3)[2:6, 2:6]).mean() < 8
    *_, other = sessions.create(session.clip_path, name=session.info.name, start=0.8)
    with sessions.open(other.session_id or "").open_clip() as clip:
        assert clip.num_frames == NUM_FRAMES - 8


@pytest.mark.parametrize("content", [b"", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", b"\x00" * 5000])
def test_a_file_that_is_no_video_is_refused_and_leaves_nothing(
    sessions: Sessions, tmp_path: Path, content: bytes
) -> None:
    upload = tmp_path / "clip.mp4"
    upload.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        list(sessions.create(upload))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert list(sessions.root.iterdir()) == []


def test_sound_alone_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        list(sessions.create(make_sound_file(tmp_path / "sound.wav")))
    assert list(sessions.root.iterdir()) == []


def test_what_cannot_be_copied_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(SessionError, match="could not be stored"):
        list(sessions.create(tmp_path / "folder.mp4"))
    with pytest.raises(SessionError, match=r"gone\.mp4 cannot be read"):
        list(sessions.create(tmp_path / "gone.mp4"))
    assert list(sessions.root.iterdir()) == []


def test_a_cancelled_upload_leaves_nothing(sessions: Sessions, tmp_path: Path) -> None:
    upload = make_clip(tmp_path / "long.mp4", num_frames=200)
    progress = sessions.create(upload)
    next(progress)
    progress.close()
    assert list(sessions.root.iterdir()) == []


@pytest.mark.parametrize("session_id", ["", "0" * 31, "0" * 32, "../" + "0" * 29, "G" * 32, "0" * 32 + "\n", None, 7])
def test_an_unknown_or_malformed_id_opens_nothing(sessions: Sessions, session_id) -> None:
    with pytest.raises(SessionError, match="no longer there"):
        sessions.open(session_id)
    sessions.touch(session_id)
    sessions.delete(session_id)


def test_two_visitors_with_the_same_file_share_nothing(sessions: Sessions, clip_path: Path) -> None:
    ids = [list(sessions.create(clip_path))[-1].session_id or "" for _ in range(2)]
    first, second = (sessions.open(each) for each in ids)
    sessions.save(first.id, add_object(first.project, "Mine"))
    first.masks.write(1, 0, square_mask(0))

    second = sessions.open(second.id)
    assert second.project.objects == ()
    assert second.masks.object_ids() == ()
    sessions.delete(first.id)
    assert sessions.open(second.id).clip_path.is_file()
    with pytest.raises(SessionError):
        sessions.open(first.id)
    with pytest.raises(SessionError):
        sessions.save(first.id, first.project)
    assert [each.name for each in sessions.root.iterdir()] == [second.id]


def test_idle_sessions_and_broken_ingests_expire_and_busy_ones_stay(
    session: Session, sessions: Sessions, clip_path: Path
) -> None:
    idle = list(sessions.create(clip_path))[-1].session_id or ""
    broken = sessions.root / (".new-" + "0" * 32)
    broken.mkdir()
    long_ago = time.time() - sessions.idle_seconds - 60
    for folder in (sessions.root / idle, sessions.root / session.id, broken):
        os.utime(folder, (long_ago, long_ago))
    sessions.touch(session.id)

    assert sessions.expire() == 1
    assert [each.name for each in sessions.root.iterdir()] == [session.id]
    with pytest.raises(SessionError, match="no longer there"):
        sessions.open(idle)


def test_no_clip_is_taken_beyond_the_disk_that_sessions_may_use(tmp_path: Path, clip_path: Path) -> None:
    sessions = Sessions(tmp_path / "small", max_total_bytes=1_000_000)
    with pytest.raises(SessionError, match="no room"):
        list(sessions.create(clip_path))
    assert list(sessions.root.iterdir()) == []


def test_a_portable_project_carries_the_masks_that_clicks_correct(session: Session, sessions: Sessions) -> None:
    project = add_object(session.project)
    for frame_index in (0, 4):
        project = with_prompt(project, FramePrompt(1, frame_index, ((20.0, 20.0),), (1,)))
    sessions.save(session.id, project)
    session.tracked_before.write(1, 4, square_mask(4))
    session.tracked_before.write(1, 0, np.zeros(SIZE, dtype=bool))

    portable = sessions.open(session.id).portable_project()
    on_first, on_fourth = portable.prompts
    assert on_first == project.prompts[0]
    assert np.array_equal(mask_from_text(on_fourth.mask_png or ""), square_mask(4))
    assert on_fourth.points == project.prompts[1].points


def test_a_session_that_is_gone_says_so_from_another_process_too() -> None:
    told = pickle.loads(pickle.dumps(SessionGoneError()))  # how a ZeroGPU worker hands its answer back
    assert isinstance(told, SessionGoneError)
    assert str(told) == str(SessionGoneError())


def test_idle_sessions_go_though_nobody_comes(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, idle_seconds=60)
    idle = tmp_path / ("0" * 32)
    idle.mkdir()
    os.utime(idle, (time.time() - 61,) * 2)
    stop = sessions.keep_expiring(every=0.02)
    try:
        for _ in range(500):
            if not idle.exists():
                break
            time.sleep(0.02)
        assert not idle.exists()
    finally:
        stop()
