"""SAM 2: the parts and how they connect.

A frame's journey:

    pixels ─ ImageEncoder ─► ImageFeatures ──► condition ──────► decode ─► choose ─► MaskPrediction
                                  │         (reads memories)   (+ prompt)                 │
                                  └──────────────► encode_memory ◄────────────────────────┘
                                                        │
                                                   FrameMemory ─► MemoryBank ─► later frames

The model holds no state between frames: memories are inputs, so that many objects, clips and users share one model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .compiling import compile_method, forget_compiled, options_for
from .config import SAM2Config
from .image_encoder import ImageEncoder, ImageFeatures
from .layers import MLP
from .mask_decoder import DecodedMasks, MaskDecoder
from .mask_ops import stability
from .memory_attention import MemoryAttention
from .memory_bank import Recall
from .memory_encoder import MemoryEncoder
from .positions import sine_grid, sine_steps
from .products import Linear
from .prompt_encoder import PADDING_LABEL, PromptEncoder, PromptTensors
from .results import NO_OBJECT_LOGIT, MaskPrediction

_STABILITY_DELTA, _STABILITY_THRESHOLD = 0.05, 0.98  # reference: build_sam.py
_CARRIED_SHARE = 0.5  # of the last mask's logits, to which a refining network's answer is added
_TRUSTED_LOGIT = 10.0  # a mask that the user gave is this sure of itself


class SAM2(nn.Module):
    """The whole network of SAM 2 or 2.1 (Ravi et al. 2024).

    Args:
        config: sizes and version; the weights start random (see `load` for real ones).
    """

    def __init__(self, config: SAM2Config) -> None:
        super().__init__()
        self.config = config
        channels, memory_channels = config.model_dim, config.memory_dim
        self.image_encoder = ImageEncoder(config)
        self.prompt_encoder = PromptEncoder(config)
        self.mask_decoder = MaskDecoder(config)
        self.memory_encoder = MemoryEncoder(config)
        self.memory_attention = MemoryAttention(config)

        # In place, because on the meta device a product would import the compiler: a second, and 70 MiB.
        self.no_memory_embedding = nn.Parameter(torch.randn(1, 1, channels).mul_(0.02))
        self.no_memory_position = nn.Parameter(torch.randn(1, 1, channels).mul_(0.02))  # in the weights, never used
        self.memory_time_embedding = nn.Parameter(torch.randn(config.memory_frames, 1, 1, memory_channels).mul_(0.02))
        self.pointer_proj = MLP((channels, channels, channels, channels))
        # Only 2.1 tells pointers apart by their distance in time.
        self.pointer_time_proj = Linear(channels, memory_channels) if config.version == "2.1" else None
        self.no_object_pointer = nn.Parameter(torch.randn(1, channels).mul_(0.02))
        self.mask_prompt_downsample = nn.Conv2d(1, 1, kernel_size=4, stride=4)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.no_object_pointer.device

    @property
    def dtype(self) -> torch.dtype:
        """Number type of the large products; see `narrow`."""
        return next(self.memory_attention.parameters()).dtype

    @property
    def wide_dtype(self) -> torch.dtype:
        """Number type of everything else: of pixels, sums and masks."""
        return self.no_object_pointer.dtype

    def narrow(self, dtype: torch.dtype) -> SAM2:
        """Compute the large products in a narrower number type, and attention, which reads what they give.

        These are 99 % of the arithmetic. What is added up from layer to layer stays float32, and so do norms, the
        neck, the prompt encoder, the mask decoder and object pointers, where little is gained and edges would move.

        Args:
            dtype: bfloat16 or float16; float32 changes nothing.

        Returns:
            This network.
        """
        for part in (self.image_encoder, self.memory_attention, self.memory_encoder):
            for layer in part.modules():
                if isinstance(layer, Linear):
                    layer.to(dtype)
        return self

    def compile_parts(self, **options: Any) -> SAM2:
        """Have torch compile the four parts that do the work; each is one graph without a decision of the host's.

        Costs a minute when they first run, and more for the first batch of several objects or frames. To be called
        once, on the device where the network stays.

        Args:
            options: of `torch.compile`; what suits the device by default.

        Returns:
            This network.
        """
        forget_compiled()
        options = options or options_for(self.device)
        compile_method(self.image_encoder, "forward", **options)
        compile_method(self.memory_attention, "begin", **options)
        compile_method(self.memory_attention, "forward", varying=(2, 3), **options)
        compile_method(self.mask_decoder, "forward", varying=(1,), **options)
        compile_method(self.memory_encoder, "forward", **options)
        return self

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """Encode frames, once for all their objects.

        Args:
            pixels: (B, 3, S, S), normalised (see `preprocessing`).
        """
        return self.image_encoder(pixels)

    def condition(
        self, low: Tensor, recalls: Sequence[Recall], num_frames: int | None = None, begun: Tensor | None = None
    ) -> Tensor:
        """Let the features of one frame read the memories of B objects.

        Args:
            low: (1 or B, C, H, W) features of the frame.
            recalls: one an object, all of one shape; an empty one adds the no-memory vector instead.
            num_frames: length of the clip; pointer distances are scaled by it where it is under 16.
            begun: (1 or B, H·W, C) what `memory_attention.begin` makes of `low`, where it is at hand already.

        Returns:
            (B, C, H, W).
        """
        if recalls[0].shape == (0, 0):
            low = low.expand(len(recalls), -1, -1, -1)
            return low + self.no_memory_embedding.transpose(1, 2)[..., None]
        grid = (low.shape[-2], low.shape[-1])
        memory, positions, pointers = self._memory_tokens(recalls, grid, num_frames)
        if begun is None:
            begun = self.memory_attention.begin(low)
        return self.memory_attention(begun, grid, memory, positions, pointers)

    def _memory_tokens(
        self, recalls: Sequence[Recall], grid: tuple[int, int], num_frames: int | None
    ) -> tuple[Tensor, Tensor, int]:
        """Line up memories, then pointers → tokens (B, M, Cm), positions (B, M, Cm), number of pointer tokens."""
        width, dtype, device = self.config.memory_dim, self.wide_dtype, self.device
        place = sine_grid(width, grid, device).flatten(1).T.to(dtype)  # (H·W, Cm)
        tokens, positions = [], []
        for slot in range(len(recalls[0].spatial)):
            features = torch.cat([recall.spatial[slot][0].features for recall in recalls]).to(device, dtype)
            rows = [recall.spatial[slot][1] for recall in recalls]
            tokens.append(features.flatten(2).transpose(1, 2))  # (B, H·W, Cm)
            # Row by row, because a list of numbers would travel to a GPU, and everything wait for it.
            times = torch.stack([self.memory_time_embedding[row, 0] for row in rows])  # (B, 1, Cm)
            positions.append(place + times)  # (B, H·W, Cm)

        pointers = len(recalls[0].pointers)
        parts = self.config.model_dim // width  # a pointer is cut into tokens as wide as a memory
        if pointers:
            stacked = [torch.cat([memory.pointer for memory, _ in recall.pointers]) for recall in recalls]
            tokens.append(torch.stack(stacked).to(device, dtype).unflatten(-1, (parts, width)).flatten(1, 2))
            distances = torch.tensor([[d for _, d in recall.pointers] for recall in recalls], device=device)
            times = self._pointer_times(distances, num_frames)  # (B, pointers, Cm)
            positions.append(times.to(dtype).repeat_interleave(parts, dim=1))
        return torch.cat(tokens, dim=1), torch.cat(positions, dim=1), pointers * parts

    def _pointer_times(self, distances: Tensor, num_frames: int | None) -> Tensor:
        """Temporal codes (B, P, Cm) of pointers that lie `distances` (B, P) frames back."""
        if self.pointer_time_proj is None:
            return torch.zeros(*distances.shape, self.config.memory_dim, device=distances.device)
        longest = min(num_frames or self.config.pointer_frames, self.config.pointer_frames) - 1
        steps = distances.flatten().float() / max(longest, 1)
        codes = sine_steps(steps, self.config.model_dim).to(self.wide_dtype)
        return self.pointer_time_proj(codes).unflatten(0, distances.shape)

    def decode(self, features: ImageFeatures, conditioned: Tensor, prompt: PromptTensors | None) -> DecodedMasks:
        """Run prompt encoder and mask decoder for B objects of one frame.

        Args:
            features: of the frame (batch 1, or B).
            conditioned: (B, C, H, W) from `condition`.
            prompt: of B objects, or None where the memory alone says what to look for.

        Returns:
            All four candidates.
        """
        batch = conditioned.shape[0]
        grid = (conditioned.shape[-2], conditioned.shape[-1])
        if prompt is None:
            prompt = _no_prompt(batch, conditioned.device)
        tokens, dense = self.prompt_encoder(prompt, grid)
        features = features._replace(low=conditioned)
        decoded = self.mask_decoder(features, tokens, dense, self.prompt_encoder.image_positions(grid))
        if self.config.refines_last_mask and (last := prompt.mask_alone()) is not None:
            decoded = decoded._replace(mask_logits=decoded.mask_logits + _CARRIED_SHARE * last)
        return decoded

    def last_masks(self, recalls: Sequence[Recall]) -> PromptTensors | None:
        """The masks of the frame just before, as prompts to be corrected, where the weights want them.

        Args:
            recalls: one an object; of an object that has no memory of the frame just before nothing is shown.

        Returns:
            Prompts of B objects without a click, or None where the memories alone say what to look for.
        """
        last = [next((m.mask_logits for m, distance in recall.pointers if distance == 1), None) for recall in recalls]
        known = next((mask for mask in last if mask is not None), None)
        if not self.config.refines_last_mask or known is None:
            return None
        unknown = torch.full_like(known, NO_OBJECT_LOGIT)
        masks = torch.cat([(unknown if mask is None else mask).to(self.device) for mask in last])
        masks = masks.clamp(-_TRUSTED_LOGIT, _TRUSTED_LOGIT)
        return _no_prompt(len(recalls), self.device)._replace(mask_logits=masks)

    def choose(self, decoded: DecodedMasks, *, multimask: bool) -> MaskPrediction:
        """Pick the candidates that count, and make the object pointer from the best.

        For ambiguous prompts (a single click, or none) these are candidates 1–3. For clear ones it is candidate 0,
        unless its edge is so soft that the best of the others is safer (reference: dynamic multimask via stability).
        Weights that answer with the first candidate take it without that doubt.

        Args:
            decoded: from `decode`.
            multimask: whether the prompt is ambiguous.

        Returns:
            M = 3 or 1 candidates; the masks are not yet hidden where the object score is negative.
        """
        masks, iou = decoded.mask_logits.float(), decoded.iou.float()
        rows = torch.arange(masks.shape[0], device=masks.device)
        best = iou[:, 1:].argmax(dim=1) + 1
        if multimask:
            token = decoded.tokens[rows, best]
            masks, iou = masks[:, 1:], iou[:, 1:]
        else:
            token = decoded.tokens[:, 0]
            is_stable = stability(masks[:, 0], _STABILITY_DELTA) >= _STABILITY_THRESHOLD
            chosen = torch.where(is_stable | self.config.answers_with_first, 0, best)
            masks, iou = masks[rows, chosen][:, None], iou[rows, chosen][:, None]
        is_visible = (decoded.object_score_logits > 0).to(token.dtype)
        pointer = is_visible * self.pointer_proj(token) + (1 - is_visible) * self.no_object_pointer
        return MaskPrediction(masks, iou, pointer, decoded.object_score_logits.float())

    def segment(
        self, features: ImageFeatures, conditioned: Tensor, prompt: PromptTensors | None, *, multimask: bool
    ) -> MaskPrediction:
        """Segment B objects on one frame: `decode`, `choose`, and empty masks where the object is hidden."""
        prediction = self.choose(self.decode(features, conditioned, prompt), multimask=multimask)
        is_visible = prediction.object_score_logits[..., None, None] > 0
        return prediction._replace(mask_logits=prediction.mask_logits.where(is_visible, NO_OBJECT_LOGIT))

    def take_mask(self, features: ImageFeatures, mask: Tensor) -> MaskPrediction:
        """Take masks that the user gave as the answer; the decoder only makes their object pointers.

        Args:
            features: of the frame.
            mask: (B, 1, S, S) bool.

        Returns:
            One candidate of logits ±10.
        """
        given = mask.to(self.wide_dtype)
        logits = (2 * mask.float() - 1) * _TRUSTED_LOGIT
        low_res = F.interpolate(logits, scale_factor=0.25, mode="bilinear", antialias=True)
        prompt = _no_prompt(mask.shape[0], mask.device)._replace(mask_logits=self.mask_prompt_downsample(given))
        low = features.low.expand(mask.shape[0], -1, -1, -1)  # without the no-memory vector, as in the reference
        pointer = self.choose(self.decode(features, low, prompt), multimask=False).object_pointer
        is_there = mask.flatten(1).any(dim=1, keepdim=True)
        pointer = torch.where(is_there, pointer, self.no_object_pointer)
        score = (2 * is_there.float() - 1) * _TRUSTED_LOGIT
        return MaskPrediction(low_res, torch.ones_like(score), pointer, score)

    def encode_memory(self, low: Tensor, mask_logits: Tensor, object_score_logits: Tensor, *, binarize: bool) -> Tensor:
        """Fuse masks with their frame's features into spatial memories.

        Args:
            low: (1 or B, C, H, W) features of the frame that have read no memory.
            mask_logits: (B, 1, S/4, S/4).
            object_score_logits: (B, 1).
            binarize: remember a hard mask, as the user saw it, and not the soft one.

        Returns:
            (B, Cm, H, W).
        """
        grid = low.shape[-2:]
        full = F.interpolate(mask_logits, size=(16 * grid[0], 16 * grid[1]), mode="bilinear")
        probs = ((full > 0).float() if binarize else full.sigmoid()).to(self.wide_dtype)
        return self.memory_encoder(low, probs, object_score_logits)


def _no_prompt(batch: int, device: torch.device) -> PromptTensors:
    """Nothing but padding, for B objects."""
    labels = torch.full((batch, 1), PADDING_LABEL, dtype=torch.int32, device=device)
    return PromptTensors(torch.zeros(batch, 1, 2, device=device), labels)
