"""The image predictor under Meta's name: arrays in, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL.Image import Image
from torch import Tensor

from ..automatic_masks import clean
from ..image_predictor import ImagePredictor
from ..mask_ops import resize_logits
from ..memory_bank import Recall
from ..model import SAM2
from ..prompt_encoder import BOX_LABELS, PromptTensors
from .sam2_video_predictor import SAM2VideoPredictor

Answer = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class SAM2ImagePredictor:
    """Meta's image predictor.

    Args:
        sam_model: the network, or a video predictor, whose network is taken.
        mask_threshold: logits above it are inside.
        max_hole_area: holes of at most this many low-res pixels are filled.
        max_sprinkle_area: specks of at most this many are removed; one area serves both, the larger.
    """

    def __init__(
        self,
        sam_model: SAM2 | SAM2VideoPredictor,
        mask_threshold: float = 0.0,
        max_hole_area: float = 0.0,
        max_sprinkle_area: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self.model = sam_model.model if isinstance(sam_model, SAM2VideoPredictor) else sam_model
        self.mask_threshold = mask_threshold
        self._region_area = int(max(max_hole_area, max_sprinkle_area))
        self._predictor = ImagePredictor(self.model)

    @classmethod
    def from_pretrained(cls, model_id: str, **kwargs: Any) -> SAM2ImagePredictor:
        """The predictor of a Hub repository, such as "facebook/sam2.1-hiera-tiny"."""
        from .build_sam import build_sam2_hf

        return cls(build_sam2_hf(model_id, **kwargs), **{k: v for k, v in kwargs.items() if k != "device"})

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.model.device

    def set_image(self, image: NDArray[np.uint8] | Image) -> None:
        """Encode an image: (H, W, 3) uint8 RGB, or a Pillow image."""
        self.set_image_batch([np.asarray(image.convert("RGB")) if isinstance(image, Image) else image])

    def set_image_batch(self, image_list: list[NDArray[np.uint8]]) -> None:
        """Encode several images, for `predict_batch`."""
        self._predictor.set_images(image_list)

    def predict(
        self,
        point_coords: ArrayLike | None = None,
        point_labels: ArrayLike | None = None,
        box: ArrayLike | None = None,
        mask_input: ArrayLike | None = None,
        multimask_output: bool = True,
        return_logits: bool = False,
        normalize_coords: bool = True,
    ) -> Answer:
        """Segment what the prompts point at.

        Args:
            point_coords: (P, 2) or (B, P, 2) x, y in pixels of the image.
            point_labels: (P,) or (B, P), 1 part of the object, 0 not.
            box: (4,) or (B, 4) x0 y0 x1 y1.
            mask_input: (1, S/4, S/4) or (B, 1, S/4, S/4) low-res logits of an earlier answer.
            multimask_output: three candidates, or one.
            return_logits: logits instead of 0 and 1.
            normalize_coords: coordinates are pixels; with False they are already in 0–1.

        Returns:
            Masks (M, H, W), predicted IoU (M,) and low-res logits (M, S/4, S/4); with a leading B for B > 1 prompts.
        """
        prompt = self._prompt_tensors(point_coords, point_labels, box, mask_input, normalize_coords, 0)
        return self._answer(prompt, multimask_output, return_logits, 0)

    def predict_batch(
        self,
        point_coords_batch: list[ArrayLike] | None = None,
        point_labels_batch: list[ArrayLike] | None = None,
        box_batch: list[ArrayLike] | None = None,
        mask_input_batch: list[ArrayLike] | None = None,
        multimask_output: bool = True,
        return_logits: bool = False,
        normalize_coords: bool = True,
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """`predict` for every image of `set_image_batch`; each argument is a list, one entry an image."""
        answers = []
        for index in range(len(self._predictor.sizes)):
            points, labels, box, mask = (
                None if batch is None else batch[index]
                for batch in (point_coords_batch, point_labels_batch, box_batch, mask_input_batch)
            )
            prompt = self._prompt_tensors(points, labels, box, mask, normalize_coords, index)
            answers.append(self._answer(prompt, multimask_output, return_logits, index))
        masks, iou, low_res = (list(parts) for parts in zip(*answers, strict=True))
        return masks, iou, low_res

    def get_image_embedding(self) -> Tensor:
        """The image's features at stride 16, (1, C, S/16, S/16)."""
        return self.model.condition(self._predictor.features_of(0).low, [Recall([], [])])

    def reset_predictor(self) -> None:
        """Forget the images."""
        self._predictor = ImagePredictor(self.model)

    def _prompt_tensors(
        self,
        point_coords: ArrayLike | None,
        point_labels: ArrayLike | None,
        box: ArrayLike | None,
        mask_input: ArrayLike | None,
        normalize_coords: bool,
        image_index: int,
    ) -> PromptTensors:
        """Prompts in the model's square; a box goes in as two points in front of the clicks."""
        if (point_coords is None) != (point_labels is None):
            raise ValueError("point_coords and point_labels came apart; one label a point is wanted.")
        height, width = self._predictor.size_of(image_index)
        scale = torch.tensor((width, height)) if normalize_coords else torch.ones(2)
        mask = None if mask_input is None else _as_tensor(mask_input)
        mask = mask[None] if mask is not None and mask.dim() == 3 else mask
        batch = 1 if mask is None else len(mask)
        points, labels = [], []
        if box is not None:
            corners = _as_tensor(box).reshape(-1, 2, 2)
            points.append(corners)
            labels.append(torch.tensor([BOX_LABELS]).repeat(len(corners), 1))
        if point_coords is not None:
            clicks, signs = _as_tensor(point_coords), _as_tensor(np.asarray(point_labels))
            points.append(clicks.reshape(-1, clicks.shape[-2], 2))
            labels.append(signs.reshape(-1, signs.shape[-1]).int())
        square = torch.cat(points, dim=1) / scale if points else torch.zeros(batch, 0, 2)
        return PromptTensors(
            (square * self.model.config.image_size).to(self.device),
            torch.cat(labels, dim=1).to(self.device) if labels else torch.zeros(batch, 0, device=self.device),
            None if mask is None else mask.to(self.device),
        )

    def _answer(self, prompt: PromptTensors, multimask: bool, return_logits: bool, image_index: int) -> Answer:
        found = self._predictor.predict_low_res(prompt, multimask=multimask, image_index=image_index)
        low_res = clean(found.mask_logits.flatten(0, 1), self._region_area, self.mask_threshold)
        masks = resize_logits(low_res.unflatten(0, found.iou.shape), self._predictor.size_of(image_index))
        masks = masks if return_logits else (masks > self.mask_threshold).float()
        # The reference gives the low-res logits back as they were before cleaning.
        return _as_array(masks), _as_array(found.iou), _as_array(found.mask_logits.clamp(-32.0, 32.0))


def _as_tensor(values: ArrayLike) -> Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)


def _as_array(values: Tensor) -> NDArray[np.float32]:
    return values.squeeze(0).float().cpu().numpy()
