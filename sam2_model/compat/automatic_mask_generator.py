"""The automatic mask generator under Meta's name: an image in, a list of records out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..automatic_masks import AutomaticMaskOptions, FoundMask, find_masks
from ..model import SAM2
from .sam2_video_predictor import SAM2VideoPredictor


class SAM2AutomaticMaskGenerator:
    """Meta's automatic mask generator; see `AutomaticMaskOptions` for what each number does."""

    def __init__(
        self,
        model: SAM2 | SAM2VideoPredictor,
        points_per_side: int | None = 32,
        points_per_batch: int = 64,
        pred_iou_thresh: float = 0.8,
        stability_score_thresh: float = 0.95,
        stability_score_offset: float = 1.0,
        mask_threshold: float = 0.0,
        box_nms_thresh: float = 0.7,
        crop_n_layers: int = 0,
        crop_nms_thresh: float = 0.7,
        crop_overlap_ratio: float = 512 / 1500,
        crop_n_points_downscale_factor: int = 1,
        point_grids: list[NDArray[np.float64]] | None = None,
        min_mask_region_area: int = 0,
        output_mode: str = "binary_mask",
        use_m2m: bool = False,
        multimask_output: bool = True,
        **kwargs: Any,
    ) -> None:
        if (points_per_side is None) == (point_grids is None):
            raise ValueError("Give either points_per_side or point_grids, not both and not neither.")
        if output_mode not in ("binary_mask", "uncompressed_rle"):
            raise ValueError(f"output_mode is {output_mode!r}; binary_mask or uncompressed_rle is wanted.")
        self.model = model.model if isinstance(model, SAM2VideoPredictor) else model
        self.output_mode = output_mode
        self.point_grids = point_grids
        self.options = AutomaticMaskOptions(
            points_per_side=points_per_side or 0,
            points_per_batch=points_per_batch,
            min_iou=pred_iou_thresh,
            min_stability=stability_score_thresh,
            stability_offset=stability_score_offset,
            mask_threshold=mask_threshold,
            max_box_overlap=box_nms_thresh,
            crop_layers=crop_n_layers,
            max_crop_box_overlap=crop_nms_thresh,
            crop_overlap=crop_overlap_ratio,
            crop_points_divisor=crop_n_points_downscale_factor,
            min_region_area=min_mask_region_area,
            refine=use_m2m,
            multimask=multimask_output,
        )

    @classmethod
    def from_pretrained(cls, model_id: str, **kwargs: Any) -> SAM2AutomaticMaskGenerator:
        """The generator of a Hub repository, such as "facebook/sam2.1-hiera-tiny"."""
        from .build_sam import build_sam2_hf

        return cls(build_sam2_hf(model_id, **kwargs), **{k: v for k, v in kwargs.items() if k != "device"})

    def generate(self, image: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """Find everything in an image (H, W, 3) uint8 RGB; one record a mask, with Meta's keys."""
        found = find_masks(self.model, image, self.options, point_grids=self.point_grids)
        return [self._record(one) for one in found]

    def _record(self, found: FoundMask) -> dict[str, Any]:
        return {
            "segmentation": found.mask if self.output_mode == "binary_mask" else run_lengths(found.mask),
            "area": int(found.mask.sum()),
            "bbox": _corner_and_size(found.box),
            "predicted_iou": found.iou,
            "point_coords": [list(found.point)],
            "stability_score": found.stability,
            "crop_box": _corner_and_size(found.crop),
        }


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """COCO's uncompressed run lengths of a mask (H, W): column by column, beginning with the background."""
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate(([0], changes, [flat.size]))).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if flat[0] else counts}


def _corner_and_size(box: tuple[int, int, int, int]) -> list[int]:
    x0, y0, x1, y1 = box
    return [x0, y0, x1 - x0, y1 - y0]
