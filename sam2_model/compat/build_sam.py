"""Builders under Meta's names; a configuration is named by Meta's YAML file, none of which is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..checkpoints import build, load, read_state
from ..config import PRESETS
from ..model import SAM2
from ..tracking_options import TrackingOptions
from ..weight_files import preset_of_name
from .sam2_video_predictor import SAM2VideoPredictor

# Meta's configuration files are named by letters, its checkpoints by words.
_SIZES = {"t": "tiny", "s": "small", "b+": "base_plus", "l": "large"}
_OPTIONS = {
    "fill_hole_area": "fill_hole_area",
    "non_overlap_masks": "non_overlapping",
    "clear_non_cond_mem_around_input": "forget_around_prompts",
    "add_all_frames_to_correct_as_cond": "corrections_are_prompts",
    "binarize_mask_from_pts_for_mem_enc": "binarize_prompted_masks",
}


def build_sam2(
    config_file: str,
    ckpt_path: str | None = None,
    device: str | torch.device = "cuda",
    mode: str = "eval",
    hydra_overrides_extra: Sequence[str] = (),
    apply_postprocessing: bool = True,
    **kwargs: Any,
) -> SAM2:
    """The network of a configuration, with the weights of a file or random ones.

    Args:
        config_file: such as "configs/sam2.1/sam2.1_hiera_t.yaml", or a preset's name.
        ckpt_path: a `.pt` or `.safetensors` file; None leaves the weights random, as in the reference.
        device: where the network is wanted.
        mode: "eval", or anything else for training mode.
        hydra_overrides_extra: of these, `++model.image_size=…` is known.
        apply_postprocessing: taken for the signature's sake.
        kwargs: taken for the signature's sake, as in the reference.

    Raises:
        ValueError: the configuration or an override is not known.
        CheckpointError: the weights do not fit, or cannot be read.
    """
    settings = _read_overrides(hydra_overrides_extra)
    unknown = settings.keys() - {"image_size"}
    if unknown:
        raise ValueError(f"The override of {', '.join(sorted(unknown))} is not known; image_size is.")
    return _network(config_file, ckpt_path, device, mode, settings)


def build_sam2_video_predictor(
    config_file: str,
    ckpt_path: str | None = None,
    device: str | torch.device = "cuda",
    mode: str = "eval",
    hydra_overrides_extra: Sequence[str] = (),
    apply_postprocessing: bool = True,
    vos_optimized: bool = False,
    **kwargs: Any,
) -> SAM2VideoPredictor:
    """The video predictor of a configuration; arguments as in `build_sam2`.

    Args:
        hydra_overrides_extra: image_size, fill_hole_area, non_overlap_masks, clear_non_cond_mem_around_input,
            add_all_frames_to_correct_as_cond and binarize_mask_from_pts_for_mem_enc are known.
        apply_postprocessing: fill small holes, and remember prompted masks hard-edged.
        vos_optimized: have torch compile the parts that do the work; costs a minute on the first frames.
    """
    settings = _read_overrides(hydra_overrides_extra)
    unknown = settings.keys() - {"image_size", *_OPTIONS}
    if unknown:
        known = ", ".join(["image_size", *_OPTIONS])
        raise ValueError(f"The override of {', '.join(sorted(unknown))} is not known; {known} are.")
    options = TrackingOptions(
        fill_hole_area=8 if apply_postprocessing else 0,
        binarize_prompted_masks=apply_postprocessing,
        corrections_are_prompts=False,
        keep_recent=None,  # the reference forgets nothing, so that one may go over a stretch again
    )
    options = replace(options, **{_OPTIONS[name]: value for name, value in settings.items() if name in _OPTIONS})
    model = _network(config_file, ckpt_path, device, mode, settings)
    return SAM2VideoPredictor(model.compile_parts() if vos_optimized else model, options)


def build_sam2_hf(model_id: str, device: str | torch.device = "cuda", **kwargs: Any) -> SAM2:
    """The network of a Hub repository, such as "facebook/sam2.1-hiera-tiny", fetched if need be."""
    return load(model_id, device=device)


def build_sam2_video_predictor_hf(
    model_id: str, device: str | torch.device = "cuda", *, vos_optimized: bool = False, **kwargs: Any
) -> SAM2VideoPredictor:
    """The video predictor of a Hub repository; further arguments as in `build_sam2_video_predictor`."""
    predictor = build_sam2_video_predictor(preset_of_name(model_id) or model_id, None, "cpu", **kwargs)
    image_size = predictor.model.config.image_size
    model = load(model_id, device=device, image_size=image_size)
    return SAM2VideoPredictor(model.compile_parts() if vos_optimized else model, predictor.options)


def preset_of_config(config_file: str) -> str:
    """The preset that one of Meta's YAML files describes.

    Raises:
        ValueError: none does.
    """
    stem = Path(config_file).name.removesuffix(".yaml")
    version, _, letter = stem.rpartition("_hiera_")
    name = f"{version}_{_SIZES[letter]}" if version and letter in _SIZES else preset_of_name(stem)
    if name not in PRESETS:
        raise ValueError(
            f'The configuration "{config_file}" is not known; '
            'one like "configs/sam2.1/sam2.1_hiera_t.yaml" (or _s, _b+, _l, or sam2_hiera_…) is wanted.'
        )
    return name


def _network(
    config_file: str, ckpt_path: str | None, device: str | torch.device, mode: str, settings: dict[str, Any]
) -> SAM2:
    config = PRESETS[preset_of_config(config_file)]
    config = replace(config, image_size=settings.get("image_size", config.image_size))
    if ckpt_path is None:
        model = SAM2(config).to(device)
    else:
        model = build(config, read_state(Path(ckpt_path)), source=str(ckpt_path), device=device)
    return model.train(mode != "eval")


def _read_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Hydra's `++model.name=value` → name: number or bool."""
    settings: dict[str, Any] = {}
    for override in overrides:
        name, _, value = override.lstrip("+").removeprefix("model.").partition("=")
        settings[name] = value.lower() == "true" if value.lower() in ("true", "false") else int(value)
    return settings
