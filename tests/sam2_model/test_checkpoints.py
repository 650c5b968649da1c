"""Weights are found, verified, renamed and loaded strictly, or refused in one clear sentence."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from sam2_model import PRESETS, SAM2, CheckpointError, load
from sam2_model.checkpoints import guess_preset, read_state, save
from sam2_model.weight_files import RELEASES, find, find_local, preset_of_name
from sam2_model.weight_names import from_meta, to_meta

NANO = PRESETS["nano"]


@pytest.fixture(scope="module")
def nano() -> SAM2:
    torch.manual_seed(0)
    return SAM2(NANO)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a `checkpoints/` folder or a Hub cache that happens to be on this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_what_was_saved_comes_back(nano: SAM2, tmp_path: Path, suffix: str) -> None:
    path = save(nano, tmp_path / f"mine{suffix}")
    loaded = load(path)
    assert loaded.config == NANO
    assert not loaded.training
    for name, value in nano.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_metas_form_and_names(nano: SAM2, tmp_path: Path) -> None:
    save(nano, tmp_path / "mine.pt")
    assert list(torch.load(tmp_path / "mine.pt", weights_only=True)) == ["model"]
    state = read_state(tmp_path / "mine.pt")
    assert "sam_mask_decoder.conv_s0.weight" in state
    assert "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix" in state
    assert guess_preset(state) == "nano"


@pytest.mark.parametrize("preset", list(PRESETS))
def test_names_map_one_to_one(preset: str) -> None:
    with torch.device("meta"):
        names = list(SAM2(PRESETS[preset]).state_dict())
    renamed = [to_meta(name) for name in names]
    assert len(set(renamed)) == len(names)
    assert [from_meta(name) for name in renamed] == names


def test_half_precision_files_load_as_float32_or_as_asked(nano: SAM2, tmp_path: Path) -> None:
    path = save(nano, tmp_path / "mine.safetensors", dtype=torch.float16)
    assert load(path).dtype == torch.float32
    assert load(path, dtype=torch.bfloat16).dtype == torch.bfloat16
    assert path.stat().st_size < 16 * 2**20


def test_image_size_is_the_callers_choice(nano: SAM2, tmp_path: Path) -> None:
    path = save(nano, tmp_path / "mine.pt")
    assert load(path, image_size=320).config.image_size == 320
    with pytest.raises(ValueError, match="multiple of 32"):
        load(path, image_size=300)


@pytest.mark.parametrize("preset", list(RELEASES))
def test_every_way_to_name_a_release(preset: str) -> None:
    release = RELEASES[preset]
    for name in (preset, release.file_name, release.file_name.removesuffix(".pt"), release.repository):
        assert preset_of_name(name) == preset


def test_releases_are_where_meta_put_them() -> None:
    assert RELEASES["sam2.1_base_plus"] == ("facebook/sam2.1-hiera-base-plus", "sam2.1_hiera_base_plus.pt")
    assert RELEASES["sam2_tiny"] == ("facebook/sam2-hiera-tiny", "sam2_hiera_tiny.pt")
    assert len(RELEASES) == 8


def test_a_checkpoints_folder_and_the_hub_cache_are_searched(tmp_path: Path) -> None:
    assert find_local("sam2.1_large") is None
    cached = tmp_path / "hub/models--facebook--sam2.1-hiera-large"
    (cached / "snapshots/abc").mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text("abc")
    (cached / "snapshots/abc/model.safetensors").write_bytes(b"")
    assert find_local("sam2.1_large") == cached / "snapshots/abc/model.safetensors"
    local = tmp_path / "checkpoints/sam2.1_hiera_large.pt"
    local.parent.mkdir()
    local.write_bytes(b"")
    assert find("sam2.1_large").resolve() == local


def test_without_a_network_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=r"resolve/main/sam2\.1_hiera_small\.pt into the folder checkpoints/"):
        load("sam2.1_small")


@pytest.mark.parametrize("name", ["sam3", "no/such/file.pt", "no/such/sam2.1_hiera_tiny.pt"])
def test_unknown_names_list_the_known_ones(name: str) -> None:
    with pytest.raises(CheckpointError, match=r"no preset .* sam2\.1_tiny"):
        load(name)


def test_another_architecture_says_what_came_and_what_was_wanted(nano: SAM2, tmp_path: Path) -> None:
    save(nano, tmp_path / "sam2.1_hiera_tiny.pt")
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path / "sam2.1_hiera_tiny.pt")
    message = str(caught.value)
    assert "does not fit sam2.1_tiny" in message
    assert "image_encoder.neck.convs.0.conv.bias came (128,), wanted (256,)" in message
    assert "missing" in message
    assert "looks like nano" in message


def test_one_tensor_too_few_or_too_many_is_an_error(nano: SAM2, tmp_path: Path) -> None:
    state = read_state(save(nano, tmp_path / "mine.pt"))
    torch.save({"model": {**state, "extra": torch.zeros(2)}}, tmp_path / "more.pt")
    with pytest.raises(CheckpointError, match=r"1 not known, such as extra \(2,\)"):
        load(tmp_path / "more.pt")
    del state["no_obj_ptr"]
    torch.save({"model": state}, tmp_path / "less.pt")
    with pytest.raises(CheckpointError, match=r"1 missing, such as no_obj_ptr \(1, 128\)"):
        load(tmp_path / "less.pt")


def test_other_networks_are_refused(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3, 4)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"holds none of nano.*conv\.weight \(3, 4\)"):
        load(tmp_path / "other.pt")


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("was_run"),)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"model": _Evil()}, tmp_path / "evil.pt")
    (tmp_path / "evil2.pt").write_bytes(pickle.dumps(_Evil(), protocol=2))
    for name in ("evil.pt", "evil2.pt"):
        with pytest.raises(CheckpointError, match="might run code"):
            load(tmp_path / name)
    assert not Path("was_run").exists()


@pytest.mark.parametrize("name", ["broken.pt", "broken.safetensors"])
def test_damaged_files_are_refused(nano: SAM2, tmp_path: Path, name: str) -> None:
    path = save(nano, tmp_path / name)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(CheckpointError, match="damaged"):
        load(path)


def test_one_flipped_byte_is_noticed(nano: SAM2, tmp_path: Path) -> None:
    path = save(nano, tmp_path / "mine.safetensors")
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256"):
        load(path)
    # In the Hub's cache a large file's name is its SHA-256.
    blob = tmp_path / "blobs" / ("0" * 64)
    blob.parent.mkdir()
    path.rename(blob)
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)
    with pytest.raises(CheckpointError, match="0000 is wanted"):
        load(link)


def test_weights_are_saved_under_known_endings_only(nano: SAM2, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"\.pt or \.safetensors"):
        save(nano, tmp_path / "mine.bin")
