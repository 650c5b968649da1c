"""Where weights lie: on this machine, in the Hub's cache or on the Hub, from which they are fetched if need be."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .config import PRESETS

_EMBEDDED_FOLDER = Path(__file__).parent / "weights"


class CheckpointError(Exception):
    """Weights that cannot be found, trusted or used; the message says what came, what is wanted, what to do."""


class Release(NamedTuple):
    """Where Meta's weights of a preset live.

    Attributes:
        repository: on the Hub.
        file_name: of Meta's own file, there and in Meta's download script.
    """

    repository: str
    file_name: str


def _release_of(preset: str) -> Release:
    version, size = preset.split("_", 1)
    name = f"{version}_hiera_{size}"
    return Release(f"facebook/{name.replace('_', '-')}", f"{name}.pt")


RELEASES: dict[str, Release] = {name: _release_of(name) for name in PRESETS if name != "nano"}
"""The presets that Meta released, and where."""


def preset_of_name(name: str | Path) -> str | None:
    """The preset that a name says: its own, Meta's file name or configuration, or the Hub's; None if it says none."""
    stem = Path(name).name.removesuffix(".pt").removesuffix(".safetensors").removesuffix(".yaml")
    if stem in PRESETS:
        return stem
    for preset, release in RELEASES.items():
        if stem in (release.file_name.removesuffix(".pt"), release.repository.split("/")[1]):
            return preset
    return None


def find(name_or_path: str | Path) -> Path:
    """The file of a preset's weights, fetched if need be, or the path itself.

    Raises:
        CheckpointError: there is none.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    preset = preset_of_name(name_or_path)
    looks_like_path = path.suffix in (".pt", ".safetensors") and len(path.parts) > 1
    if preset is None or looks_like_path:
        raise CheckpointError(
            f"There is no weights file and no preset {str(name_or_path)!r}; "
            f"give the path of a .pt or .safetensors file, or one of {', '.join(PRESETS)}."
        )
    found = find_local(preset)
    if found is None and preset in RELEASES:
        found = _fetch(preset)
    if found is None:
        raise CheckpointError(
            f"The embedded weights of {preset} are missing from {_EMBEDDED_FOLDER}; "
            "install the package again, or train them (see README.md)."
        )
    return found


def find_local(preset: str) -> Path | None:
    """The file of a preset's weights if it is on this machine, without asking the network."""
    names = [f"{preset}.safetensors", f"{preset}.pt"]
    release = RELEASES.get(preset)
    if release:
        names += [release.file_name, f"{release.repository.split('/')[1]}/model.safetensors"]
    folders = (_EMBEDDED_FOLDER, Path("checkpoints"), Path(__file__).parents[1] / "checkpoints")
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    if release:
        from huggingface_hub import try_to_load_from_cache

        for name in (release.file_name, "model.safetensors"):
            cached = try_to_load_from_cache(release.repository, name)
            if isinstance(cached, str):
                return Path(cached)
    return None


def _fetch(preset: str) -> Path:
    """Download Meta's file of a preset from the Hub, with a progress bar."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    release = RELEASES[preset]
    try:
        # Asked first because it gives up at once without a network, where the download itself tries for half a minute.
        get_hf_file_metadata(hf_hub_url(release.repository, release.file_name), timeout=10)
        return Path(hf_hub_download(release.repository, release.file_name))
    except Exception as error:  # the Hub's client raises many kinds, its HTTP library's among them
        raise CheckpointError(
            f"The weights of {preset} are not on this machine and could not be fetched ({type(error).__name__}): "
            f"download https://huggingface.co/{release.repository}/resolve/main/{release.file_name} "
            "into the folder checkpoints/, or use the embedded model nano."
        ) from error
