"""What a tensor is called here, in Meta's released files, and in the Hub's safetensors (transformers' layout).

Ours and Meta's names differ by prefixes alone, one to one, so that saving back is exact. Transformers renamed
more freely, joined four tensors into one and stored one twice; its files are read, never written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

# Ours → Meta's; the longest prefix that ends at a dot (or is the whole name) counts. Names not listed are the same.
_PREFIXES: dict[str, str] = {
    "image_encoder.trunk.patch_embed": "image_encoder.trunk.patch_embed.proj",
    **{f"image_encoder.laterals.{level}": f"image_encoder.neck.convs.{level}.conv" for level in range(4)},
    # These two belong to Meta's mask decoder, but their result depends on the frame alone.
    "image_encoder.skip_mid": "sam_mask_decoder.conv_s1",
    "image_encoder.skip_high": "sam_mask_decoder.conv_s0",
    "prompt_encoder": "sam_prompt_encoder",
    "prompt_encoder.positions.frequencies": "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    **{
        f"prompt_encoder.label_embeddings.{label}": f"sam_prompt_encoder.point_embeddings.{label}.weight"
        for label in range(4)
    },
    "prompt_encoder.padding_embedding": "sam_prompt_encoder.not_a_point_embed.weight",
    "prompt_encoder.no_mask_embedding": "sam_prompt_encoder.no_mask_embed.weight",
    "mask_decoder": "sam_mask_decoder",
    "mask_decoder.object_score_token": "sam_mask_decoder.obj_score_token.weight",
    "mask_decoder.iou_token": "sam_mask_decoder.iou_token.weight",
    "mask_decoder.mask_tokens": "sam_mask_decoder.mask_tokens.weight",
    "mask_decoder.upscale_to_mid": "sam_mask_decoder.output_upscaling.0",
    "mask_decoder.norm_mid": "sam_mask_decoder.output_upscaling.1",
    "mask_decoder.upscale_to_high": "sam_mask_decoder.output_upscaling.3",
    "mask_decoder.mask_heads": "sam_mask_decoder.output_hypernetworks_mlps",
    "mask_decoder.iou_head": "sam_mask_decoder.iou_prediction_head",
    "mask_decoder.object_score_head": "sam_mask_decoder.pred_obj_score_head",
    "memory_encoder.mask_downsampler": "memory_encoder.mask_downsampler.encoder",
    "memory_encoder.fuser": "memory_encoder.fuser.layers",
    "memory_encoder.no_object_embedding": "no_obj_embed_spatial",
    "no_memory_embedding": "no_mem_embed",
    "no_memory_position": "no_mem_pos_enc",
    "memory_time_embedding": "maskmem_tpos_enc",
    "pointer_proj": "obj_ptr_proj",
    "pointer_time_proj": "obj_ptr_tpos_proj",
    "no_object_pointer": "no_obj_ptr",
    "mask_prompt_downsample": "mask_downsample",
}
_PREFIXES_BACK = {meta: ours for ours, meta in _PREFIXES.items()}


def to_meta(name: str) -> str:
    """Our name of a tensor → Meta's."""
    return _with_prefix_replaced(name, _PREFIXES)


def from_meta(name: str) -> str:
    """Meta's name of a tensor → ours; a name nobody knows comes back as it is."""
    return _with_prefix_replaced(name, _PREFIXES_BACK)


def _with_prefix_replaced(name: str, prefixes: Mapping[str, str]) -> str:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in prefixes:
            return prefixes[prefix] + name[len(prefix) :]
    return name


def is_hub_layout(state: Mapping[str, Tensor]) -> bool:
    """Whether a state dict is in transformers' layout."""
    return any(name.startswith("vision_encoder.") for name in state)


# Transformers' → Meta's; every rule is tried on every name, in this order.
_THREE_LAYERS = r"(iou_prediction_head|pred_obj_score_head|output_hypernetworks_mlps\.\d|object_pointer_proj)"
_HUB_RULES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"^vision_encoder\.backbone\.", "image_encoder.trunk."),
    (r"^vision_encoder\.neck\.convs\.(\d)\.", r"image_encoder.neck.convs.\1.conv."),
    (r"\.patch_embed\.projection\.", ".patch_embed.proj."),
    (r"^prompt_encoder\.", "sam_prompt_encoder."),
    (r"\.shared_embedding\.positional_embedding$", ".pe_layer.positional_encoding_gaussian_matrix"),
    (r"\.mask_embed\.conv([123])\.", lambda found: f".mask_downscaling.{3 * int(found[1]) - 3}."),
    (r"\.mask_embed\.layer_norm([12])\.", lambda found: f".mask_downscaling.{3 * int(found[1]) - 2}."),
    (r"^mask_decoder\.", "sam_mask_decoder."),
    (r"\.upscale_conv1\.", ".output_upscaling.0."),
    (r"\.upscale_layer_norm\.", ".output_upscaling.1."),
    (r"\.upscale_conv2\.", ".output_upscaling.3."),
    (r"\.mask_downsampler\.layers\.(\d)\.conv\.", lambda found: f".mask_downsampler.encoder.{3 * int(found[1])}."),
    (
        r"\.mask_downsampler\.layers\.(\d)\.layer_norm\.",
        lambda found: f".mask_downsampler.encoder.{3 * int(found[1]) + 1}.",
    ),
    (r"\.mask_downsampler\.final_conv\.", ".mask_downsampler.encoder.12."),
    (r"^memory_encoder\.feature_projection\.", "memory_encoder.pix_feat_proj."),
    (r"^memory_encoder\.projection\.", "memory_encoder.out_proj."),
    (r"\.memory_fuser\.", ".fuser."),
    (r"\.depthwise_conv\.", ".dwconv."),
    (r"\.pointwise_conv([12])\.", r".pwconv\1."),
    (r"(fuser\.layers\.\d)\.scale$", r"\1.gamma"),
    # A network of three layers is proj_in, layers.0, proj_out there; one of two layers proj_in, proj_out.
    (_THREE_LAYERS + r"\.layers\.0\.", r"\1.layers.1."),
    (_THREE_LAYERS + r"\.proj_out\.", r"\1.layers.2."),
    (r"\.proj_in\.", ".layers.0."),
    (r"\.proj_out\.", ".layers.1."),
    (r"\.layer_norm(\w*)\.", r".norm\1."),
    (r"\.o_proj\.", ".out_proj."),
    (r"^object_pointer_proj\.", "obj_ptr_proj."),
    (r"^temporal_positional_encoding_projection_layer\.", "obj_ptr_tpos_proj."),
    (r"^memory_temporal_positional_encoding$", "maskmem_tpos_enc"),
    (r"^no_memory_embedding$", "no_mem_embed"),
    (r"^no_memory_positional_encoding$", "no_mem_pos_enc"),
    (r"^no_object_pointer$", "no_obj_ptr"),
    (r"^occlusion_spatial_embedding_parameter$", "no_obj_embed_spatial"),
)
_HUB_JOINED_POINTS = "prompt_encoder.point_embed.weight"
_HUB_DOUBLE, _HUB_ORIGINAL = (
    "shared_image_embedding.positional_embedding",
    "prompt_encoder.shared_embedding.positional_embedding",
)


def from_hub_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in transformers' layout → Meta's, the values untouched.

    Raises:
        ValueError: the two copies of the click encoder's frequencies differ.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        if name == _HUB_JOINED_POINTS:
            for label, row in enumerate(value.split(1)):
                renamed[f"sam_prompt_encoder.point_embeddings.{label}.weight"] = row
        elif name == _HUB_DOUBLE:
            if _HUB_ORIGINAL in state and not torch.equal(value, state[_HUB_ORIGINAL]):
                raise ValueError(f"{_HUB_DOUBLE} and {_HUB_ORIGINAL} differ; they must be copies of one tensor.")
            renamed[hub_name_to_meta(_HUB_ORIGINAL)] = value
        else:
            renamed[hub_name_to_meta(name)] = value
    return renamed


def hub_name_to_meta(name: str) -> str:
    """Transformers' name of a tensor → Meta's; joined and doubled tensors are `from_hub_layout`'s business."""
    for pattern, replacement in _HUB_RULES:
        name = re.sub(pattern, replacement, name)
    return name
