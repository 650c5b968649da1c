"""The official package and transformers, filled with seeded weights of the exact released layouts.

Nothing is downloaded: the official code defines every key and every shape, a seed defines the values. The values are
scaled so that nothing is degenerate: mask logits of some ±10, object scores of both signs, layer scales that count.
"""

from __future__ import annotations

import math
import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

OFFICIAL_CONFIGS = {
    "sam2.1_tiny": "configs/sam2.1/sam2.1_hiera_t.yaml",
    "sam2.1_small": "configs/sam2.1/sam2.1_hiera_s.yaml",
    "sam2.1_base_plus": "configs/sam2.1/sam2.1_hiera_b+.yaml",
    "sam2.1_large": "configs/sam2.1/sam2.1_hiera_l.yaml",
    "sam2_tiny": "configs/sam2/sam2_hiera_t.yaml",
    "sam2_small": "configs/sam2/sam2_hiera_s.yaml",
    "sam2_base_plus": "configs/sam2/sam2_hiera_b+.yaml",
    "sam2_large": "configs/sam2/sam2_hiera_l.yaml",
}
"""Preset → the official package's own configuration file."""

ALWAYS_VISIBLE = 20.0
"""A shift of the object scores with which every object is seen on every frame."""
HIDDEN_ON_BLACK = {"sam2.1_tiny": -1.5, "sam2_tiny": 1.0}
"""Shifts with which an object is seen in the clips of `clips.py`, but not on black frames; found by trying."""


def official_predictor(preset: str, image_size: int, *, device: str = "cpu", vos_optimized: bool = False) -> Any:
    """The official video predictor (which is also the whole network), randomly initialised.

    Hole filling is off: the official code needs its CUDA extension for it and otherwise skips it with a warning.
    """
    import sam2.sam2_video_predictor
    from sam2.build_sam import build_sam2_video_predictor

    sam2.sam2_video_predictor.tqdm = lambda frames, **_: frames  # no progress bars among the test results
    # The builder's own post-processing, without the filling of holes.
    overrides = [
        f"++model.image_size={image_size}",
        "++model.sam_mask_decoder_extra_args.dynamic_multimask_via_stability=true",
        "++model.sam_mask_decoder_extra_args.dynamic_multimask_stability_delta=0.05",
        "++model.sam_mask_decoder_extra_args.dynamic_multimask_stability_thresh=0.98",
        "++model.binarize_mask_from_pts_for_mem_enc=true",
    ]
    return build_sam2_video_predictor(
        OFFICIAL_CONFIGS[preset],
        None,
        device=device,
        hydra_overrides_extra=overrides,
        apply_postprocessing=False,
        vos_optimized=vos_optimized,
    )


def seeded_state(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, Tensor]:
    """Values for every key of the released layout, from a seed alone."""
    state = {}
    for index, (key, shape) in enumerate(sorted(shapes.items())):
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed * 100_003 + index))
        state[key] = _scaled(key, noise)
    # Object scores that move with the picture.
    state["sam_mask_decoder.pred_obj_score_head.layers.2.weight"] *= -6
    # A single-mask candidate with clear edges, so that it is not always passed over as unstable.
    state["sam_mask_decoder.output_hypernetworks_mlps.0.layers.2.weight"] *= 3
    # Memories that count: each object's own mask shows in what is tracked.
    state["memory_encoder.mask_downsampler.encoder.12.weight"] *= 3
    for layer in range(4):
        state[f"memory_attention.layers.{layer}.cross_attn_image.out_proj.weight"] *= 3
    return state


def _scaled(key: str, noise: Tensor) -> Tensor:
    """`noise` at a size that keeps activations of order one through the depth of the network."""
    name = key.rsplit(".", 1)[-1]
    if name == "gamma":  # layer scale: 1e-6 when freshly initialised, which would hide the memory encoder's fuser
        return 0.5 + 0.1 * noise
    if name == "bias":
        return 0.1 * noise
    if name == "positional_encoding_gaussian_matrix":
        return noise
    if name == "weight" and noise.dim() == 1:
        return 1 + 0.1 * noise
    if name == "weight" and "embed" not in key.replace("patch_embed", "") and "token" not in key.split(".")[-2]:
        fan_in = noise.shape[0] if "output_upscaling" in key else noise[0].numel()
        return noise / math.sqrt(fan_in)
    return 0.5 * noise


def seeded_official(preset: str, image_size: int, *, score_shift: float = ALWAYS_VISIBLE) -> Any:
    """The official predictor of a preset with seeded weights, ready for inference.

    Args:
        preset: one of `OFFICIAL_CONFIGS`.
        image_size: side of the square input [px].
        score_shift: added to every object score.
    """
    predictor = official_predictor(preset, image_size)
    state = seeded_weights({key: tuple(value.shape) for key, value in predictor.state_dict().items()}, score_shift)
    predictor.load_state_dict(state, strict=True)
    return predictor.eval()


def seeded_weights(shapes: Mapping[str, tuple[int, ...]], score_shift: float = ALWAYS_VISIBLE) -> dict[str, Tensor]:
    """The values that all sides share: of seed 0, with this added to every object score."""
    state = seeded_state(shapes, seed=0)
    state["sam_mask_decoder.pred_obj_score_head.layers.2.bias"] += score_shift
    return state


def save_as_meta(state: Mapping[str, Tensor], path: Path) -> Path:
    """Write a state dict the way Meta's released `.pt` files are written."""
    torch.save({"model": dict(state)}, path)
    return path


# --- the image predictor, which wants torchvision -------------------------------------------------------------------


class _ToTensor:
    def __call__(self, pixels: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float() / 255


class _Resize(nn.Module):
    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.height, self.width = size

    def forward(self, pixels: Tensor) -> Tensor:
        size = [self.height, self.width]
        if list(pixels.shape[-2:]) == size:
            return pixels
        return nn.functional.interpolate(pixels[None], size, mode="bilinear", align_corners=False, antialias=True)[0]


class _Normalize(nn.Module):
    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - self.mean) / self.std


def _box_area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _batched_nms(boxes: Tensor, scores: Tensor, categories: Tensor, iou_threshold: float) -> Tensor:
    """Greedy suppression over one category, which is all that the official mask generator uses."""
    assert not categories.any()
    order = torch.argsort(scores, descending=True, stable=True)
    kept: list[int] = []
    for candidate in order.tolist():
        box = boxes[candidate]
        others = boxes[kept]
        overlap = (torch.minimum(box[2:], others[:, 2:]) - torch.maximum(box[:2], others[:, :2])).clamp(min=0)
        shared = overlap[:, 0] * overlap[:, 1]
        union = _box_area(box[None]) + _box_area(others) - shared
        if not bool((shared / union > iou_threshold).any()):
            kept.append(candidate)
    return torch.tensor(kept, dtype=torch.long)


@contextmanager
def _torchvision_stand_in() -> Iterator[None]:
    """Three transforms and two box functions under torchvision's names, while the official modules are imported."""
    names = ("torchvision", "torchvision.transforms", "torchvision.ops", "torchvision.ops.boxes")
    before = {name: sys.modules.get(name) for name in names}
    modules = {name: types.ModuleType(name) for name in names}
    modules["torchvision.transforms"].__dict__.update(ToTensor=_ToTensor, Resize=_Resize, Normalize=_Normalize)
    modules["torchvision.ops.boxes"].__dict__.update(batched_nms=_batched_nms, box_area=_box_area)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def official_image_predictor(network: Any) -> Any:
    """The official image predictor around the official network."""
    with _torchvision_stand_in(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit.script is deprecated
        from sam2.sam2_image_predictor import SAM2ImagePredictor

        predictor = SAM2ImagePredictor(network)
    # Written down for 1024 in the official code.
    predictor._bb_feat_sizes = [(network.image_size // stride,) * 2 for stride in (4, 8, 16)]
    return predictor


def official_mask_generator(network: Any, **options: Any) -> Any:
    """The official automatic mask generator around the official network."""
    with _torchvision_stand_in(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator

        generator = SAM2AutomaticMaskGenerator(network, **options)
    generator.predictor._bb_feat_sizes = [(network.image_size // stride,) * 2 for stride in (4, 8, 16)]
    return generator


# --- the video predictor, fed with arrays ---------------------------------------------------------------------------


def official_session(predictor: Any, pixels: Tensor, size: tuple[int, int]) -> Any:
    """An official inference state over frames that are already in the network's own input form.

    Args:
        pixels: (T, 3, S, S) normalised frames.
        size: (height, width) of the clip, at which masks come back.
    """
    import sam2.sam2_video_predictor as module

    load, module.load_video_frames = module.load_video_frames, lambda **_: (pixels, *size)
    try:
        return predictor.init_state("frames given as arrays")
    finally:
        module.load_video_frames = load


class _TorchWithoutBfloat16(types.ModuleType):
    """torch, except that its bfloat16 is float32."""

    bfloat16 = torch.float32

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


@contextmanager
def memories_in_float32() -> Iterator[None]:
    """Keep both sides from rounding memories to bfloat16, so that clips compare as closely as stills."""
    import sam2.sam2_video_predictor as theirs

    import sam2_model.segmenter as ours

    ours.torch = theirs.torch = _TorchWithoutBfloat16("torch")
    try:
        yield
    finally:
        ours.torch = theirs.torch = torch


# --- transformers, for the Hub's layout -----------------------------------------------------------------------------


def transformers_model(preset: str, image_size: int) -> Any:
    """`Sam2VideoModel` of a preset, randomly initialised: its `save_pretrained` writes the Hub's layout."""
    from transformers import Sam2VideoConfig, Sam2VideoModel
    from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig, Sam2VisionConfig

    from sam2_model.config import PRESETS

    config = PRESETS[preset]
    heads = [config.num_heads * 2**stage for stage in range(4)]
    trunk = Sam2HieraDetConfig(
        hidden_size=config.embed_dim,
        num_attention_heads=config.num_heads,
        image_size=[image_size, image_size],
        blocks_per_stage=list(config.blocks_per_stage),
        embed_dim_per_stage=list(config.stage_dims),
        num_attention_heads_per_stage=heads,
        window_size_per_stage=list(config.window_per_stage),
        global_attention_blocks=list(config.global_attention_blocks),
        window_positional_embedding_background_size=[config.position_grid] * 2,
    )
    vision = Sam2VisionConfig(
        backbone_config=trunk,
        backbone_channel_list=list(reversed(config.stage_dims)),
        backbone_feature_sizes=[[image_size // stride] * 2 for stride in (4, 8, 16)],
    )
    is_21 = config.version == "2.1"
    whole = Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"image_size": image_size},
        image_size=image_size,
        memory_attention_rope_feat_sizes=[image_size // 16] * 2,
        enable_occlusion_spatial_embedding=is_21,
        enable_temporal_pos_encoding_for_object_pointers=is_21,
    )
    return Sam2VideoModel(whole).eval()


def in_hub_layout(model: Any, meta: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Meta's state dict under the names of transformers' model."""
    from sam2_model.weight_names import hub_name_to_meta

    state = {}
    for name in model.state_dict():
        if name == "prompt_encoder.point_embed.weight":
            state[name] = torch.cat([meta[f"sam_prompt_encoder.point_embeddings.{label}.weight"] for label in range(4)])
        elif name == "shared_image_embedding.positional_embedding":
            state[name] = meta["sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"]
        else:
            state[name] = meta[hub_name_to_meta(name)]
    return state
