"""What is chosen for which hardware, said in words; and the estimate before tracking."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app import models
from app.estimate import Estimate, estimate_tracking
from app.hardware import Hardware, Setup, Wishes, choose_setup, look_at_hardware
from media.video_clip import VideoClip
from sam2_model import SAM2, CheckpointError

H100 = Hardware("cuda", "H100", 80.0, True, False)
OLD_CARD = Hardware("cuda", "GTX 1060", 6.0, False, False)
CPU = Hardware("cpu", "CPU of 2 cores", None, True, False)


@pytest.fixture(autouse=True)
def _nothing_by_hand() -> object:
    yield
    models.set_by_hand(Wishes())


@pytest.mark.parametrize(
    ("hardware", "expected"),
    [
        (H100, ("cuda", torch.bfloat16, 4)),
        (OLD_CARD, ("cuda", torch.float32, 2)),
        (Hardware("mps", "Apple GPU", None, False, False), ("mps", torch.float32, 1)),
        (CPU, ("cpu", torch.float32, 1)),
    ],
)
def test_the_hardware_decides(hardware: Hardware, expected: tuple[str, torch.dtype, int]) -> None:
    setup = choose_setup(hardware)
    assert (setup.device, setup.dtype, setup.look_ahead) == expected
    assert not setup.compiles
    assert str(setup.dtype).removeprefix("torch.") in setup.reason
    assert "by hand" not in setup.reason


def test_each_choice_can_be_set_by_hand_and_is_said() -> None:
    setup = choose_setup(H100, Wishes("cpu", "float32", 3, True))
    assert (setup.device, setup.dtype, setup.look_ahead, setup.compiles) == ("cpu", torch.float32, 3, True)
    assert setup.reason.endswith("Set by hand: device, dtype, look-ahead, compiles.")


def test_a_gpu_that_forgets_is_not_compiled_for() -> None:
    setup = choose_setup(Hardware("cuda", "H200", 70.0, True, True), Wishes(compiles=True))
    assert not setup.compiles
    assert "not compiled" in setup.reason


def test_this_computer_can_be_looked_at() -> None:
    setup = choose_setup(look_at_hardware())
    assert isinstance(setup, Setup)
    assert setup.reason.startswith("Runs on")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sam2.1_tiny@512", ("sam2.1_tiny", 512)),
        ("sam2.1_tiny", ("sam2.1_tiny", None)),
        ("folder@home/weights.pt", ("folder@home/weights.pt", None)),
    ],
)
def test_a_name_may_carry_the_size_of_the_input(name: str, expected: tuple[str, int | None]) -> None:
    assert models.split_name(name) == expected


def test_models_run_at_the_size_and_in_the_numbers_asked_for() -> None:
    models.set_by_hand(Wishes(device="cpu", dtype="bfloat16", look_ahead=3))
    model = models.load_model("nano@320")
    assert (model.config.image_size, model.dtype) == (320, torch.bfloat16)
    assert models.current_budget().look_ahead == 3
    models.set_by_hand(Wishes(device="cpu"))
    assert models.load_model("nano@320").dtype == torch.float32
    with pytest.raises(CheckpointError, match="nano@100: image_size is 100"):
        models.load_model("nano@100")


def test_the_estimate_speaks_of_what_will_be_done(model: SAM2, clip_path: Path) -> None:
    with VideoClip.open(clip_path) as clip:
        one = estimate_tracking(model, clip, frames=12, objects=1)
        three = estimate_tracking(model, clip, frames=12, objects=3)
    assert one.seconds == 12 * one.seconds_per_frame > 0
    assert three.seconds > one.seconds
    assert one.memory is None or 50 < one.memory <= (three.memory or 0)


def test_an_estimate_reads_well() -> None:
    assert str(Estimate(250, 2, 0.7, 1331.0)) == (
        "Tracking 250 frames and 2 objects takes about 3 min (0.70 s a frame), with at most about 1.3 GB of memory."
    )
    assert str(Estimate(10, 1, 0.1, None)) == "Tracking 10 frames and 1 object takes about 1 s (0.10 s a frame)."
