from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.__main__ import main
from app.command_line.object_argument import with_object_argument
from app.projects.mask_folder import MaskFolder
from app.projects.project import VERSION, Project, ProjectError
from sam2_model import PRESETS, SAM2
from tests.app.made_clips import NUM_FRAMES, SIZE, decode, make_clip, make_sound_file, picture, square_mask

ROOT = Path(__file__).parents[3]


@pytest.fixture
def quick_model(model: SAM2, monkeypatch: pytest.MonkeyPatch) -> str:
    """The smallest network in the place of whatever `--model` asks for."""
    monkeypatch.setattr("app.tracking.models.load_model", lambda name: model)
    return "nano"


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    path = tmp_path / "first.png"
    cv2.imwrite(str(path), square_mask(0) * np.uint8(255))
    return path


def events(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_track_then_render_is_the_pipeline_of_the_page(
    clip_path: Path, quick_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks, out, saved = tmp_path / "masks", tmp_path / "out.mp4", tmp_path / "p.json"
    asked = ["--object", "id=1 frame=0 +20,24 -50,8 name=Square", "--object", "id=2 frame=5 box=10,12,40,36"]
    call = [
        "track",
        str(clip_path),
        "--model",
        quick_model,
        *asked,
        "--masks",
        str(masks),
        "--save-project",
        str(saved),
    ]
    assert main([*call, "--json"]) == 0
    how, *heard = events(capsys)
    assert how["message"].startswith("Runs on")
    assert [each["frame"] for each in heard[:NUM_FRAMES]] == list(range(NUM_FRAMES))
    assert set(heard[8]["objects"]) == {"1", "2"}
    assert heard[-1] == {"event": "done", "message": heard[-1]["message"], "masks": str(masks)}
    for object_id in (1, 2):
        assert MaskFolder(masks).frames(object_id) == tuple(range(NUM_FRAMES))
    assert cv2.imread(str(masks / "2" / "00003.png"), cv2.IMREAD_GRAYSCALE).shape == SIZE
    project = Project.load(saved)
    assert project.object(1).name == "Square"
    assert project.prompts[0].labels == (1, 0)

    layers = ["--layer", "everything desaturate", "--layer", "1 cutout color=#00ff00"]
    assert main(["render", str(clip_path), "--masks", str(masks), *layers, "-o", str(out), "--json"]) == 0
    heard = events(capsys)
    assert [each["done"] for each in heard[:-1]] == list(range(1, NUM_FRAMES + 1))
    pictures, _, seconds_of_sound = decode(out)
    assert len(pictures) == NUM_FRAMES
    assert seconds_of_sound > 1
    greenness = np.mean([p[..., 1].astype(int) - p[..., 0] for p in pictures])
    outside = 1 - np.mean([MaskFolder(masks).read(1, index) for index in range(NUM_FRAMES)])
    assert greenness == pytest.approx(255 * outside, abs=25)

    # The saved project alone gives the same picture.
    again = tmp_path / "again.mp4"
    assert (
        main(["render", str(clip_path), "--project", str(saved), *layers, "-o", str(again), "--model", quick_model])
        == 0
    )
    for one, other in zip(pictures, decode(again)[0], strict=True):
        assert np.array_equal(one, other)


def test_run_takes_a_mask_and_a_folder_of_frames(checkpoint: str, mask_file: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in range(4):
        cv2.imwrite(str(frames / f"{index:05d}.png"), cv2.cvtColor(picture(index), cv2.COLOR_RGB2BGR))
    out, masks = tmp_path / "out.mp4", tmp_path / "masks"
    call = ["run", str(frames), "--model", checkpoint, "--object", f"id=7 mask={mask_file}", "--masks", str(masks)]
    assert main([*call, "--layer", "background pixelate size=16", "-o", str(out)]) == 0

    assert len(decode(out)[0]) == 4
    found = MaskFolder(masks).read(7, 0)
    assert found is not None
    assert (found & square_mask(0)).sum() / (found | square_mask(0)).sum() > 0.8
    assert not list(tmp_path.rglob("*.part"))


def test_export_packs_masks_and_project(clip_path: Path, quick_model: str, tmp_path: Path) -> None:
    asked = ["--model", quick_model, "--object", "id=1 frame=2 +20,24"]
    assert main(["export", str(clip_path), *asked, "-o", str(tmp_path / "m.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        assert len(archive.namelist()) == NUM_FRAMES + 1
        assert json.loads(archive.read("project.json"))["version"] == VERSION
        archive.extractall(tmp_path / "unpacked")
    masks = tmp_path / "unpacked" / "masks"
    assert main(["export", str(clip_path), "--masks", str(masks), "-o", str(tmp_path / "copy")]) == 0
    for index in range(NUM_FRAMES):
        assert np.array_equal(MaskFolder(masks).read(1, index), MaskFolder(tmp_path / "copy").read(1, index))


def test_render_without_layers_copies_the_content(clip_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    assert main(["render", str(clip_path), "-o", str(out)]) == 0
    for index, decoded in enumerate(decode(out)[0]):
        assert np.abs(decoded.astype(int) - picture(index)).mean() < 6


def test_probe_says_what_a_file_is(clip_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", str(clip_path), "--json"]) == 0
    facts = events(capsys)[0]
    assert facts["ok"] is True
    assert (facts["frames"], facts["size"], facts["fps"], facts["has_audio"]) == (NUM_FRAMES, [64, 48], 10.0, True)

    sound = make_sound_file(tmp_path / "sound.wav")
    assert main(["probe", str(sound), "--json"]) == 1
    refused = events(capsys)[0]
    assert refused["ok"] is False
    assert refused["reason"]
    assert main(["probe", str(sound)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_lists_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed["models"]][: len(PRESETS)] == list(PRESETS)
    assert listed["default"] in PRESETS
    assert listed["reason"].endswith(".")
    assert main(["effects", "--json"]) == 0
    assert {"blur", "pixelate", "cutout", "highlight", "spotlight"} <= {
        each["name"] for each in json.loads(capsys.readouterr().out)
    }
    assert main(["models"]) == main(["effects"]) == 0
    text = capsys.readouterr().out
    assert "sam2.1_base_plus" in text
    assert "blur takes strength" in text


OBJECT = ["--object", "id=1 frame=0 +20,24"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["track", "gone.mp4", *OBJECT, "--masks", "m"], "gone.mp4"),
        (["track", "CLIP", "--masks", "m"], "nothing to track"),
        (["track", "CLIP", "--object", "id=1 frame=0 +200,24", "--masks", "m"], "outside the frame of 64×48"),
        (["track", "CLIP", "--object", "id=1 frame=99 +20,24", "--masks", "m"], "no frame 99"),
        (["track", "CLIP", "--object", "frame=0 +20,24", "--masks", "m"], "needs id="),
        (["track", "CLIP", "--object", "id=1 frame=0", "--masks", "m"], "says no click"),
        (["track", "CLIP", "--object", "id=1 20,24", "--masks", "m"], '"20,24" is not understood'),
        (["track", "CLIP", "--object", "id=1 box=1,2,3", "--masks", "m"], "box=x0,y0,x1,y1"),
        (["track", "CLIP", "--object", "id=1 mask=gone.png", "--masks", "m"], "gone.png"),
        (["track", "CLIP", *OBJECT, *OBJECT, "--masks", "m"], "prompted twice"),
        (["track", "CLIP", *OBJECT, "--masks", "m", "--model", "sam9_huge"], "sam9_huge"),
        (["run", "CLIP", *OBJECT, "--layer", "background blurr", "-o", "o.mp4"], "blurr"),
        (["run", "CLIP", *OBJECT, "--layer", "background blur power=1", "-o", "o.mp4"], "power"),
        (["run", "CLIP", *OBJECT, "--layer", "3 outline", "-o", "o.mp4"], "no object 3"),
        (["run", "CLIP", *OBJECT, "-o", "nowhere/o.mp4"], "folder"),
        (["run", "CLIP", "--project", "gone.json", "-o", "o.mp4"], "gone.json"),
        (["render", "CLIP", "--layer", "background blur", "-o", "o.mp4"], "need masks"),
        (["render", "CLIP", "--masks", "empty", "-o", "o.mp4"], "no masks in empty"),
        (["render", "CLIP", "--masks", "wrong", "-o", "o.mp4"], "9×9"),
        (["render", "CLIP", "-o", "CLIP"], "replace the clip"),
        (["export", "CLIP", "--masks", "empty", "-o", "m.zip"], "no masks in empty"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    call: list[str],
    words: str,
    clip_path: Path,
    checkpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    MaskFolder(tmp_path / "wrong").write(1, 0, np.ones((9, 9), dtype=bool))
    before = sorted(tmp_path.rglob("*"))
    arguments = [str(clip_path) if each == "CLIP" else each for each in call]
    if call[0] != "render" and "--model" not in arguments:
        arguments += ["--model", checkpoint]
    assert main(arguments) == 1
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.err.count("\n") == 1
    assert "Traceback" not in shown.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "call", [[], ["fly"], ["track", "x.mp4"], ["render", "x.mp4", "--masks", "m", "--project", "p", "-o", "o"]]
)
def test_a_call_that_is_none_is_one_line(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(call)
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_object_argument_keeps_the_order_of_clicks(tmp_path: Path) -> None:
    project = with_object_argument(Project(clip="a.mp4"), "frame=3 +1,2 -3.5,4 id=2 box=0,0,9,9 +5,6 name=Dog", SIZE)
    assert project.object(2).name == "Dog"
    prompt = project.prompts[0]
    assert (prompt.frame_index, prompt.points, prompt.labels) == (3, ((1, 2), (3.5, 4), (5, 6)), (1, 0, 1))
    assert prompt.box == (0, 0, 9, 9)
    with pytest.raises(ProjectError, match="twice"):
        with_object_argument(project, "id=2 frame=3 +1,1", SIZE)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_no_partial_file(stop: signal.Signals, checkpoint: str, tmp_path: Path) -> None:
    clip, masks, scratch = make_clip(tmp_path / "long.mp4", num_frames=300), tmp_path / "masks", tmp_path / "scratch"
    scratch.mkdir()
    call = [sys.executable, "-m", "app", "run", str(clip), "--model", checkpoint, *OBJECT, "--masks", str(masks)]
    process = subprocess.Popen(
        [*call, "-o", str(tmp_path / "out.mp4"), "--json"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("done") == 5:
            break
    process.send_signal(stop)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "Stopped" in errors
    assert not (tmp_path / "out.mp4").exists()
    assert not list(tmp_path.rglob("*.part"))
    assert list(scratch.iterdir()) == []
    for index in MaskFolder(masks).frames(1):
        assert MaskFolder(masks).read(1, index) is not None


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(
    clip_path: Path, quick_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    asked = ["--model", quick_model, "--object", "id=1 frame=0 +20,24", "--device", "cpu", "--look-ahead", "2"]
    assert main(["run", str(clip_path), *asked, "-o", str(out), "--dry-run", "--json"]) == 0
    notice, estimate = events(capsys)
    assert "Set by hand: device, look-ahead" in notice["message"]
    assert estimate["event"] == "estimate"
    assert estimate["seconds"] >= 0
    assert f"Tracking {NUM_FRAMES} frames and 1 object takes about" in estimate["message"]
    assert not list(tmp_path.iterdir())
