from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.projects.changes import add_object, with_prompt, without_prompt
from app.projects.project import FramePrompt, ProjectError
from app.sessions.session import Session, SessionError
from app.sessions.store import Sessions
from app.tracking import service
from app.tracking.passes import TrackingError
from tests.app.made_clips import NUM_FRAMES, SIZE

CLICK = FramePrompt(1, 0, ((20.0, 24.0),), (1,))


def prompted(session: Session, sessions: Sessions, *prompts: FramePrompt) -> Session:
    """Save the prompts as the page does, and open the session again."""
    project = sessions.open(session.id).project
    for prompt in prompts:
        if prompt.object_id not in project.object_ids:
            project = add_object(project, object_id=prompt.object_id)
        project = with_prompt(project, prompt)
    sessions.save(session.id, project)
    return sessions.open(session.id)


def test_a_click_writes_the_mask_and_shows_it_in_the_objects_colour(session: Session, sessions: Sessions) -> None:
    session = prompted(session, sessions, CLICK)
    found = service.segment(session.id, 1, 0)

    mask = session.masks.read(1, 0)
    assert mask is not None
    assert mask.shape == SIZE
    assert found.area == mask.sum() > 0
    assert found.is_visible
    with Image.open(io.BytesIO(found.png)) as image:
        pixels = np.asarray(image.convert("RGBA"))
    assert np.array_equal(pixels[..., 3] > 0, mask)
    color = session.project.rgb_colors[1]
    assert (pixels[mask][:, :3] == color).all()


def test_a_worker_that_knows_nothing_finds_the_same(session: Session, sessions: Sessions) -> None:
    for clicks in (1, 2, 3):
        points = ((20.0, 24.0), (5.0, 40.0), (50.0, 10.0))[:clicks]
        prompted(session, sessions, FramePrompt(1, 0, points, (1, 0, 1)[:clicks]))
        service.segment(session.id, 1, 0)
    held = session.masks.read(1, 0)
    service.forget_session(session.id)
    session.masks.remove(1)
    service.segment(session.id, 1, 0)
    assert np.array_equal(session.masks.read(1, 0), held)


def test_a_run_writes_every_mask_and_yields_small_messages(session: Session, sessions: Sessions) -> None:
    prompted(session, sessions, CLICK, FramePrompt(2, 0, ((50.0, 10.0),), (1,)))
    messages = list(service.propagate(session.id, 0, NUM_FRAMES))

    assert [message.frame_index for message in messages] == list(range(NUM_FRAMES))
    assert session.masks.frames(1) == session.masks.frames(2) == tuple(range(NUM_FRAMES))
    for message in messages:
        assert [mask.object_id for mask in message.masks] == [1, 2]
        for mask in message.masks:
            on_disk = session.masks.read(mask.object_id, message.frame_index)
            assert on_disk is not None
            assert mask.area == on_disk.sum()
            assert 0 <= mask.score <= 1
            assert len(mask.png) < 1000
        assert message.frames_per_second > 0


def test_closing_a_run_frees_the_session_at_once(session: Session, sessions: Sessions) -> None:
    prompted(session, sessions, CLICK)
    run = service.propagate(session.id, 0, NUM_FRAMES)
    for _ in range(4):
        next(run)
    # A server closes a generator on whichever thread it likes.
    closing = threading.Thread(target=run.close)
    closing.start()
    closing.join()
    assert session.masks.frames(1) == (0, 1, 2, 3)
    assert service.segment(session.id, 1, 0).area > 0


def test_a_click_during_a_run_is_answered_with_a_sentence(
    session: Session, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service._trackers, "patience", 0.05)
    prompted(session, sessions, CLICK)
    run = service.propagate(session.id, 0, NUM_FRAMES)
    next(run)
    with pytest.raises(TrackingError, match="still being tracked"):
        service.segment(session.id, 1, 0)
    assert len(list(run)) == NUM_FRAMES - 1


def test_only_a_few_sessions_are_held_and_the_others_are_rebuilt(
    session: Session, sessions: Sessions, clip_path: Path
) -> None:
    ids = [session.id] + [list(sessions.create(clip_path))[-1].session_id or "" for _ in range(4)]
    for session_id in ids:
        prompted(sessions.open(session_id), sessions, CLICK)
        service.segment(session_id, 1, 0)
    held = service._trackers._kept
    assert len(held) == 3
    assert session.id not in held
    assert service.segment(session.id, 1, 0).area == service.segment(ids[-1], 1, 0).area
    for session_id in ids:
        service.forget_session(session_id)


def test_taking_a_correction_back_shows_what_tracking_had_found(session: Session, sessions: Sessions) -> None:
    prompted(session, sessions, CLICK)
    list(service.propagate(session.id, 0, NUM_FRAMES))
    tracked = session.masks.read(1, 6)
    session = prompted(session, sessions, FramePrompt(1, 6, ((40.0, 40.0), (10.0, 10.0)), (0, 0)))
    service.segment(session.id, 1, 6)
    assert not np.array_equal(session.masks.read(1, 6), tracked)

    sessions.save(session.id, without_prompt(session.project, 1, 6))
    shown = service.forget_prompt(session.id, 1, 6)
    assert shown is not None
    assert np.array_equal(session.masks.read(1, 6), tracked)
    sessions.save(session.id, without_prompt(without_prompt(session.project, 1, 6), 1, 0))


def test_taking_the_first_click_back_leaves_no_mask(session: Session, sessions: Sessions) -> None:
    session = prompted(session, sessions, CLICK)
    service.segment(session.id, 1, 0)
    sessions.save(session.id, without_prompt(session.project, 1, 0))
    assert service.forget_prompt(session.id, 1, 0) is None
    assert session.masks.frames(1) == ()


def test_bad_requests_give_one_sentence_and_lose_nothing(session: Session, sessions: Sessions) -> None:
    with pytest.raises(TrackingError, match="nothing to track"):
        list(service.propagate(session.id, 0, NUM_FRAMES))
    with pytest.raises(ProjectError, match="no object 1"):
        service.segment(session.id, 1, 0)
    prompted(session, sessions, CLICK)
    with pytest.raises(TrackingError, match="no click on frame 3"):
        service.segment(session.id, 1, 3)
    with pytest.raises(TrackingError, match="no frame"):
        list(service.propagate(session.id, 0, NUM_FRAMES + 5))
    with pytest.raises(TrackingError, match="forwards"):
        list(service.propagate(session.id, 0, NUM_FRAMES, 2))
    with pytest.raises(SessionError, match="no longer there"):
        service.segment("0" * 32, 1, 0)
    assert service.segment(session.id, 1, 0).area > 0


def test_it_works_where_each_call_runs_in_a_process_that_forgets_everything(tmp_path: Path, clip_path: Path) -> None:
    script = Path(__file__).with_name("forgetful_gpu.py")
    command = [sys.executable, str(script), str(tmp_path / "sessions"), str(clip_path)]
    ran = subprocess.run(command, cwd=script.parents[3], capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr
    heard = json.loads(ran.stdout)
    assert heard["functions"] == ["_segment_on_gpu", "_propagate_on_gpu"]
    assert heard["areas"][0] == heard["areas"][1] > 0
    assert heard["frames"] == list(range(NUM_FRAMES))
    assert heard["refusals"] == ["Object 1 has no click on frame 3 yet; click it first.", heard["refusals"][1]]
    assert "forwards" in heard["refusals"][1]
    assert heard["durations"] == [20, 20, 20, 20 + NUM_FRAMES // 8, 20 + 1]
    assert heard["loaded"] == 1
    assert Sessions(tmp_path / "sessions").open(heard["session"]).masks.frames(1) == tuple(range(NUM_FRAMES))


IMPORT_ORDER = """
import sys
order = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in ("spaces", "torch"):
            order.append(name)
sys.meta_path.insert(0, Watch())
import app.tracking.service
print(order)
"""


@pytest.mark.parametrize(
    ("before", "wanted"), [("", "['spaces', 'torch']"), ("import sys; sys.modules['spaces'] = None", "['torch']")]
)
def test_spaces_comes_before_torch_and_may_be_absent(before: str, wanted: str) -> None:
    ran = subprocess.run([sys.executable, "-c", before + IMPORT_ORDER], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == wanted
