"""Segments still images: encode once, then ask as often as you like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from .image_encoder import ImageFeatures
from .mask_ops import resize_logits
from .memory_bank import Recall
from .model import SAM2
from .preprocessing import as_tensor, to_model_input
from .prompt_encoder import PromptTensors, prompt_tensors
from .prompts import Prompt
from .results import MaskPrediction

_GIVEN_LOGIT = 10.0  # a mask that the user gave goes in this sure of itself


class ImagePredictor:
    """Holds the features of one or several images and answers prompts about them.

    Args:
        model: the network; shared by any number of predictors.
    """

    def __init__(self, model: SAM2) -> None:
        self.model = model
        self.sizes: list[tuple[int, int]] = []
        self._features: list[ImageFeatures] = []

    def set_image(self, pixels: NDArray[np.uint8]) -> None:
        """Encode the image that the next prompts are about; (H, W, 3) uint8 RGB."""
        self.set_images([pixels])

    @torch.inference_mode()
    def set_images(self, images: Sequence[NDArray[np.uint8]]) -> None:
        """Encode several images, each (H, W, 3) uint8 RGB of any size; `predict` then takes `image_index`."""
        model = self.model
        # One by one: a batch would need S·S·(layers) memory an image, and is no faster where it matters, on a CPU.
        self._features = [
            model.encode_image(
                to_model_input(
                    pixels, model.config.image_size, device=model.device, dtype=model.wide_dtype, filter="bilinear"
                )
            )
            for pixels in images
        ]
        self.sizes = [(pixels.shape[0], pixels.shape[1]) for pixels in images]

    def predict(
        self, prompt: Prompt | Sequence[Prompt], *, multimask: bool = True, image_index: int = 0
    ) -> MaskPrediction:
        """Segment what prompts point at.

        Args:
            prompt: in pixels of the image; of several, each is about an object of its own.
            multimask: three candidates each, which is best where a prompt is ambiguous (one click), or one.
            image_index: which of the images of `set_images`.

        Returns:
            Logits (B, M, H, W) at the image's size; B prompts in the order given, M 3 or 1.

        Raises:
            PromptError: a prompt lies outside the image.
            RuntimeError: no image was set.
        """
        prompts = [prompt] if isinstance(prompt, Prompt) else list(prompt)
        size = self.size_of(image_index)
        tensors = [self._prompt_tensors(one, size) for one in prompts]
        # Prompts of unlike length go one by one: padding a short one would change its answer.
        shapes = {(one.points.shape[1], one.mask_logits is None) for one in tensors}
        batches = [_joined(tensors)] if len(shapes) == 1 else tensors
        found = [self.predict_low_res(batch, multimask=multimask, image_index=image_index) for batch in batches]
        merged = MaskPrediction(*(torch.cat(parts) for parts in zip(*found, strict=True)))
        return merged._replace(mask_logits=resize_logits(merged.mask_logits, size))

    @torch.inference_mode()
    def predict_low_res(self, prompt: PromptTensors, *, multimask: bool, image_index: int = 0) -> MaskPrediction:
        """Segment at the network's own resolution.

        Args:
            prompt: of B objects, in pixels of the model's square.
            multimask: three candidates each, or one.
            image_index: which of the images.

        Returns:
            Logits (B, M, S/4, S/4). Masks are not emptied where the object score is negative: an image was given
            because something is there.
        """
        features = self.features_of(image_index)
        conditioned = self.model.condition(features.low, [Recall([], [])]).expand(len(prompt.points), -1, -1, -1)
        return self.model.choose(self.model.decode(features, conditioned, prompt), multimask=multimask)

    def size_of(self, image_index: int) -> tuple[int, int]:
        """(height, width) of an image [px].

        Raises:
            RuntimeError: no image was set.
        """
        if not self.sizes:
            raise RuntimeError("No image has been set; call set_image before predict.")
        return self.sizes[image_index]

    def features_of(self, image_index: int) -> ImageFeatures:
        """What the network knows of an image.

        Raises:
            RuntimeError: no image was set.
        """
        self.size_of(image_index)
        return self._features[image_index]

    def _prompt_tensors(self, prompt: Prompt, size: tuple[int, int]) -> PromptTensors:
        """One prompt in the model's square."""
        prompt.check_inside(size)
        side, device = self.model.config.image_size, self.model.device
        mask = None
        if prompt.mask is not None:
            logits = (2 * as_tensor(prompt.mask)[None, None].to(device).float() - 1) * _GIVEN_LOGIT
            low_res = (self.model.config.low_res_size,) * 2
            mask = F.interpolate(logits, size=low_res, mode="bilinear", antialias=True)
        return prompt_tensors(prompt, size, side, device=device, mask_logits=mask)


def _joined(prompts: list[PromptTensors]) -> PromptTensors:
    masks = [prompt.mask_logits for prompt in prompts if prompt.mask_logits is not None]
    return PromptTensors(
        torch.cat([prompt.points for prompt in prompts]),
        torch.cat([prompt.labels for prompt in prompts]),
        torch.cat(masks) if masks else None,
    )
