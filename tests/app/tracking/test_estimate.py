"""What tracking will take: measured by a trial that leaves nothing, added up over the runs, told to the page."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from app.editor.assets import read_asset
from app.handlers import editing, running
from app.handlers.envelope import Studio
from app.tracking import service
from app.tracking.estimate import Estimate, Pace, measure_pace
from app.tracking.passes import TrackingPass
from media.video_clip import VideoClip
from sam2_model import SAM2, Budget
from tests.app.asking import last
from tests.app.editor.test_scripts import NODE, run_script
from tests.app.made_clips import NUM_FRAMES

CLICK = {"object": 1, "frame": 0, "points": [[20, 24, 1]], "box": None}


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(
    "budget", [Budget(1, 1), Budget(1, 1, side_by_side=True), Budget(look_ahead=2, objects_at_once=4)]
)
def test_a_trial_tells_the_pace_and_leaves_nothing(
    model: SAM2, clip_path: Path, budget: Budget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with VideoClip.open(clip_path) as clip:
        pace = measure_pace(model, clip, budget)
    assert 0 <= pace.further <= pace.first
    assert pace.first > 0
    assert pace.memory is None or pace.memory > 50
    assert 0 < pace.memory_of_further < 20
    assert list(tmp_path.iterdir()) == []


def test_a_trial_can_be_given_up_between_two_steps(model: SAM2, clip_path: Path) -> None:
    calls: list[int] = []

    def give_up() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise InterruptedError

    with VideoClip.open(clip_path) as clip, pytest.raises(InterruptedError):
        measure_pace(model, clip, pause=give_up)


def test_the_cost_adds_up_over_the_runs() -> None:
    pace = Pace(first=0.5, further=0.2, memory=1000.0, memory_of_further=10.0)
    forward, backward = TrackingPass(4, 14, 1, (1, 2, 3)), TrackingPass(3, -1, -1, (3,))
    assert pace.estimate([forward, backward]) == Estimate(14, 3, pytest.approx(10 * 0.9 + 4 * 0.5), 1020.0)
    assert Pace(0.5, 0.2, None, 10.0).estimate([forward]).memory is None


def test_an_estimate_reads_well() -> None:
    assert str(Estimate(250, 2, 175.0, 1331.0)) == (
        "Tracking 250 frames and 2 objects takes about 3 min (0.70 s a frame), with at most about 1.3 GB of memory."
    )
    assert str(Estimate(10, 1, 1.0, None)) == "Tracking 10 frames and 1 object takes about 1 s (0.10 s a frame)."


def test_the_page_hears_the_cost_once_something_is_clicked(
    studio: Studio, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = last(studio, running.cost, edited)
    assert nothing["cost"] is None
    assert "error" not in nothing
    last(studio, editing.prompt, edited, **CLICK)
    monkeypatch.setattr(service, "measure_pace", lambda *_, **__: Pace(0.5, 0.1, 2048.0, 1.0))
    left = NUM_FRAMES - 1  # the clicked frame has its mask
    assert last(studio, running.cost, edited)["cost"] == {"frames": left, "seconds": left / 2, "memory": 2}
    monkeypatch.setattr(service, "measure_pace", None)  # it is not measured again
    last(studio, editing.marks, edited, marks=[0, 4])
    assert last(studio, running.cost, edited)["cost"]["frames"] == 3


def test_who_clicks_goes_before_the_measuring(studio: Studio, edited: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_MEASURING_PATIENCE", 0.0)
    last(studio, editing.prompt, edited, **CLICK)
    with service._trackers.borrow(studio.sessions.open(edited)):
        assert service.pace(edited) is None
    pace = service.pace(edited)
    assert pace is not None
    assert service.pace(edited) is pace


@pytest.mark.parametrize("reason", ["quota", "download"])
def test_nothing_is_spent_on_an_estimate(
    studio: Studio, edited: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "quota":
        monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    else:
        monkeypatch.setattr(service, "is_at_hand", lambda name: False)
    assert service.pace(edited) is None


STUBS = """
let timer = null, listener = null;
const setTimeout = (work) => { timer = work; return 1; }, clearTimeout = () => { timer = null; };
const line = { hidden: true, textContent: "" }, find = () => line, asked = [];
const state = { task: null, clip: {}, objects: [{ prompts: {} }], cost: null };
const studio = {
  on: (part, event, heard) => { listener = heard; },
  ask: async (channel) => { asked.push(channel); return { cost: { seconds: 125, memory: 1.34 } }; },
  set(patch) { Object.assign(state, patch); listener(Object.keys(patch)); },
};
const unit = (value, name, digits = 0) => `${value.toFixed(digits)} ${name}`;
const words = { seconds: (value) => `${value} s`, unit };
const t = (key, { time, memory }) => `${key}: ${time}, ${memory}`;
const seen = [];
const look = async () => {
  await timer?.();
  timer = null;
  seen.push([asked.length, line.hidden ? null : line.textContent]);
};
"""


@pytest.mark.skipif(NODE is None, reason="there is no Node on this machine")
def test_the_page_asks_when_something_has_changed_and_is_still_while_it_tracks() -> None:
    steps = (
        "studio.set({ frame: 3 })",  # nothing that matters
        "studio.set({ objects: state.objects })",  # nothing is clicked yet
        "studio.set({ objects: [{ prompts: { 0: {} } }] }); studio.set({ marks: [0, 4] })",  # one question for both
        "studio.set({ task: { kind: 'track' } })",
        "studio.set({ objects: state.objects })",
        "studio.set({ task: null })",
        "studio.set({ models: {} }); seen.push(line.hidden)",  # what was known is another model's
    )
    story = "".join(f"{step}; await look();\n" for step in steps)
    seen = run_script(f"{STUBS}\n{read_asset('cost.js')}\n(async () => {{ {story} show(seen); }})();")
    said = "track.cost_memory: 2 minute, 1.3 gigabyte"
    assert seen == [[0, None], [0, None], [1, said], [1, None], [1, None], [2, said], True, [3, said]]
