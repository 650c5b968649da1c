"""What happens when the page is launched, before anybody clicks."""

from __future__ import annotations

import logging
import runpy
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import sam2_model
from app import interface
from app.handlers.envelope import Studio
from app.projects.changes import add_object, with_prompt
from app.projects.project import FramePrompt
from app.sessions.store import Sessions
from app.tracking import service
from media.limits import HOSTED, LOCAL, Limits
from sam2_model import CheckpointError

APP = Path(__file__).resolve().parents[2] / "app.py"


def test_the_first_click_finds_the_model_loaded(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions, clip_path: Path, checkpoint: str
) -> None:
    launched: list[Studio] = []
    loaded: list[str] = []
    load = sam2_model.load

    def counted(name: str, **options: Any) -> sam2_model.SAM2:
        loaded.append(name)
        return load(name, **options)

    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setattr(interface, "launch_page", lambda studio, **_: launched.append(studio))
    monkeypatch.setattr(sam2_model, "load", counted)
    monkeypatch.setattr(sys, "argv", [str(APP), "--model", checkpoint])
    runpy.run_path(str(APP), run_name="__main__")
    assert launched[0].model.name == checkpoint
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()
    assert loaded == [checkpoint]

    service.connect(sessions)
    *_, opened = sessions.create(clip_path, model=checkpoint)
    assert opened.session_id is not None
    project = add_object(sessions.open(opened.session_id).project)
    sessions.save(opened.session_id, with_prompt(project, FramePrompt(1, 0, ((20.0, 24.0),), (1,))))
    service.segment(opened.session_id, 1, 0)
    service.forget_session(opened.session_id)
    assert loaded == [checkpoint]


def test_warming_up_runs_the_model_once_and_does_not_hold_the_launch_up(
    sessions: Sessions, model: sam2_model.SAM2
) -> None:
    may_load = threading.Event()
    ran: list[Any] = []

    def load(name: str) -> sam2_model.SAM2:
        assert may_load.wait(60)
        return model

    service.connect(sessions, load=load)
    hook = model.mask_decoder.register_forward_hook(lambda *_: ran.append(None))
    try:
        thread = service.warm_up("nano")  # returns although nothing is loaded yet
        assert not ran
        may_load.set()
        thread.join()
    finally:
        hook.remove()
    assert ran


def test_a_model_that_cannot_be_loaded_is_logged_and_no_more(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    def load(name: str) -> sam2_model.SAM2:
        raise CheckpointError(f"There is no model {name}.")

    service.connect(sessions, load=load)
    with caplog.at_level(logging.WARNING):
        service.warm_up("sam9").join()
    assert "There is no model sam9." in caplog.text


@pytest.mark.parametrize(
    ("words", "space", "limits"),
    [
        ([], "", LOCAL),
        (["--host", "localhost"], "", LOCAL),
        (["--host", "::1"], "", LOCAL),
        (["--host", "0.0.0.0"], "", HOSTED),
        (["--host", "::"], "", HOSTED),
        (["--host", "192.168.0.7"], "", HOSTED),
        (["--host", "studio.example"], "", HOSTED),
        (["--share"], "", HOSTED),
        ([], "me/studio", HOSTED),
    ],
)
def test_whoever_can_be_reached_by_strangers_has_the_limits_of_a_host(
    words: list[str], space: str, limits: Limits, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    launched: list[Studio] = []
    monkeypatch.setenv("SPACE_ID", space)
    if not space:
        monkeypatch.delenv("SPACE_ID")
    monkeypatch.setattr(interface, "launch_page", lambda studio, **_: launched.append(studio))
    monkeypatch.setattr(service, "connect", lambda sessions, **_: None)
    monkeypatch.setattr(service, "warm_up", lambda name: None)
    monkeypatch.setattr(sys, "argv", [str(APP), "--model", "nano", *words])
    runpy.run_path(str(APP), run_name="__main__")
    assert launched[0].sessions.limits == limits
    assert ("Other computers may reach this page" in caplog.text) == (limits is HOSTED and not space)
