"""What is chosen for which hardware, said in words."""

from __future__ import annotations

import pytest
import torch

from app.tracking import models
from app.tracking.hardware import Device, Hardware, Setup, Wishes, choose_setup, look_at_hardware
from sam2_model import CheckpointError

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
    assert setup.image_size is None
    assert "at the model's own size; the network is not compiled, which would take a minute" in setup.reason
    assert not setup.compiles
    assert str(setup.dtype).removeprefix("torch.") in setup.reason
    assert "by hand" not in setup.reason


@pytest.mark.parametrize(
    ("hardware", "device", "expected"),
    [
        (CPU, None, torch.bfloat16),
        (Hardware("cpu", "CPU of 2 cores", None, False, False), None, torch.float32),
        (H100, "cpu", torch.float32),  # nobody knows what that CPU can
        (H100, None, torch.bfloat16),
        (OLD_CARD, None, torch.float32),
    ],
)
def test_the_embedded_model_is_quick_where_it_can_be(
    hardware: Hardware, device: Device | None, expected: torch.dtype
) -> None:
    setup = choose_setup(hardware, Wishes(device), is_embedded=True)
    assert setup.dtype == expected
    assert f"in {str(expected).removeprefix('torch.')}" in setup.reason
    assert choose_setup(hardware, Wishes(device, "float32"), is_embedded=True).dtype == torch.float32


def test_each_choice_can_be_set_by_hand_and_is_said() -> None:
    setup = choose_setup(H100, Wishes("cpu", "float32", 512, 3, True))
    chosen = (setup.device, setup.dtype, setup.image_size, setup.look_ahead, setup.compiles)
    assert chosen == ("cpu", torch.float32, 512, 3, True)
    assert "at 512 px; the network is compiled first" in setup.reason
    assert setup.reason.endswith("Set by hand: device, dtype, image-size, look-ahead, compiles.")


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
    assert models.current_budget(model).look_ahead == 3
    models.set_by_hand(Wishes(device="cpu", dtype="float32"))
    assert models.load_model("nano@320").dtype == torch.float32
    models.set_by_hand(Wishes(device="cpu"))
    assert models.load_model("nano@320").dtype == models.current_setup("nano").dtype
    assert "at 320 px" in models.current_setup("nano@320").reason
    models.set_by_hand(Wishes(device="cpu", image_size=288))
    assert models.load_model("nano").config.image_size == 288
    assert models.load_model("nano@320").config.image_size == 320
    with pytest.raises(CheckpointError, match="nano@100: image_size is 100"):
        models.load_model("nano@100")
