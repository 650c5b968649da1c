"""Finds everything in an image: a grid of clicks, then only the good and distinct masks are kept (SAM, appendix B)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .image_predictor import ImagePredictor
from .mask_ops import resize_logits, small_regions
from .model import SAM2
from .prompt_encoder import PromptTensors

_EDGE = 20  # a mask this close to a crop's edge [px] is taken to be cut off by it
_FILLED_LOGIT = 10.0


@dataclass(frozen=True)
class AutomaticMaskOptions:
    """What is asked and what is kept.

    Attributes:
        points_per_side: the grid has the square of this many clicks.
        points_per_batch: clicks answered at a time.
        min_iou: masks of a lower predicted IoU are dropped.
        min_stability: masks that change more than this when their threshold moves are dropped, 0–1.
        stability_offset: by how much it moves, in logits.
        mask_threshold: logits above it are inside.
        max_box_overlap: of two masks whose boxes overlap more (IoU) the worse is dropped.
        crop_layers: besides the whole image, look at 4, 16, … overlapping crops too.
        max_crop_box_overlap: as `max_box_overlap`, between crops; masks of smaller crops win.
        crop_overlap: how far crops overlap, as a share of the shorter side.
        crop_points_divisor: the grid of every further layer is thinner by this much a side.
        min_region_area: holes and specks of at most this many low-res pixels go.
        refine: each mask is given back to the network once.
        multimask: three candidates a click, or one.
    """

    points_per_side: int = 32
    points_per_batch: int = 64
    min_iou: float = 0.8
    min_stability: float = 0.95
    stability_offset: float = 1.0
    mask_threshold: float = 0.0
    max_box_overlap: float = 0.7
    crop_layers: int = 0
    max_crop_box_overlap: float = 0.7
    crop_overlap: float = 512 / 1500
    crop_points_divisor: int = 1
    min_region_area: int = 0
    refine: bool = False
    multimask: bool = True


@dataclass(frozen=True, eq=False)
class FoundMask:
    """One thing found.

    Attributes:
        mask: (H, W) bool.
        box: x0, y0, x1, y1, the first and last pixel inside.
        iou: predicted IoU, 0–1.
        stability: 0–1.
        point: x, y of the click that found it [px].
        crop: x0, y0, x1, y1 of the part of the image that was looked at.
    """

    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]
    iou: float
    stability: float
    point: tuple[float, float]
    crop: tuple[int, int, int, int]


@dataclass(eq=False)
class _Candidates:
    """Masks of one crop in the crop's own pixels, one a row; masks are kept on the CPU as bool."""

    masks: Tensor
    boxes: Tensor
    iou: Tensor
    stability: Tensor
    points: Tensor = field(repr=False)

    def keep(self, rows: Tensor) -> _Candidates:
        return _Candidates(self.masks[rows], self.boxes[rows], self.iou[rows], self.stability[rows], self.points[rows])


def find_masks(
    model: SAM2,
    pixels: NDArray[np.uint8],
    options: AutomaticMaskOptions | None = None,
    *,
    point_grids: list[NDArray[np.float64]] | None = None,
) -> list[FoundMask]:
    """Find everything in an image.

    Args:
        model: the network.
        pixels: (H, W, 3) uint8 RGB.
        options: what is asked and kept.
        point_grids: clicks for each layer of crops, (P, 2) x and y in 0–1 of the crop, instead of an even grid.

    Returns:
        The masks, those of highest predicted IoU first within each crop.
    """
    options = options or AutomaticMaskOptions()
    grids = point_grids or [
        _even_grid(options.points_per_side // options.crop_points_divisor**layer)
        for layer in range(options.crop_layers + 1)
    ]
    size = (pixels.shape[0], pixels.shape[1])
    predictor = ImagePredictor(model)
    found: list[FoundMask] = []
    for layer, crop in _crops(size, options):
        x0, y0, x1, y1 = crop
        predictor.set_image(pixels[y0:y1, x0:x1])
        candidates = _search(predictor, grids[layer], crop, size, options)
        found += [_in_image(candidates, row, crop, size) for row in range(len(candidates.iou))]
    if options.crop_layers and found:
        boxes = torch.tensor([one.box for one in found]).float()
        areas = torch.tensor([(one.crop[2] - one.crop[0]) * (one.crop[3] - one.crop[1]) for one in found])
        found = [found[row] for row in distinct(boxes, 1 / areas, options.max_crop_box_overlap).tolist()]
    return found


def distinct(boxes: Tensor, scores: Tensor, max_overlap: float) -> Tensor:
    """Greedy non-maximum suppression: best first, each box that overlaps no better one too much.

    Args:
        boxes: (N, 4) x0 y0 x1 y1.
        scores: (N,).
        max_overlap: IoU above which the worse of two goes.

    Returns:
        Indices of those kept, best first.
    """
    order = torch.argsort(scores, descending=True, stable=True)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[Tensor] = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        overlap = torch.minimum(boxes[best, 2:], boxes[order, 2:]) - torch.maximum(boxes[best, :2], boxes[order, :2])
        shared = overlap.clamp(min=0).prod(dim=1)
        # Negated, so that two empty boxes (0/0) do not suppress each other.
        order = order[~(shared / (area[best] + area[order] - shared) > max_overlap)]
    return torch.stack(kept) if kept else torch.zeros(0, dtype=torch.int64)


def _search(
    predictor: ImagePredictor,
    grid: NDArray[np.float64],
    crop: tuple[int, int, int, int],
    size: tuple[int, int],
    options: AutomaticMaskOptions,
) -> _Candidates:
    """Click everywhere on one crop and keep what is good, whole and distinct."""
    width, height = crop[2] - crop[0], crop[3] - crop[1]
    points = torch.from_numpy(grid * np.array((width, height))).float()
    parts = [_answer(predictor, batch, options) for batch in points.split(options.points_per_batch)]
    names = ("masks", "boxes", "iou", "stability", "points")
    candidates = _Candidates(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
    candidates = candidates.keep(~_is_cut_off(candidates.boxes, crop, size))
    return candidates.keep(distinct(candidates.boxes.float(), candidates.iou, options.max_box_overlap))


def _answer(predictor: ImagePredictor, points: Tensor, options: AutomaticMaskOptions) -> _Candidates:
    """The good masks for some clicks (P, 2), given in pixels of the crop."""
    model, (height, width) = predictor.model, predictor.sizes[0]
    square = points / torch.tensor((width, height)) * model.config.image_size
    labels = torch.ones(len(points), 1, dtype=torch.int32, device=model.device)
    prompt = PromptTensors(square[:, None].to(model.device), labels)
    found = predictor.predict_low_res(prompt, multimask=options.multimask)
    candidates = found.mask_logits.shape[1]
    low_res, iou = found.mask_logits.flatten(0, 1), found.iou.flatten()
    points = points.repeat_interleave(candidates, dim=0)
    if options.refine:
        again = PromptTensors(
            prompt.points.repeat_interleave(candidates, dim=0),
            labels.repeat_interleave(candidates, dim=0),
            low_res[:, None].clamp(-32, 32),
        )
        batches = [
            predictor.predict_low_res(PromptTensors(*part), multimask=False)
            for part in zip(
                *(tensor.split(options.points_per_batch) for tensor in again if tensor is not None), strict=True
            )
        ]
        low_res = torch.cat([part.mask_logits[:, 0] for part in batches])
        iou = torch.cat([part.iou[:, 0] for part in batches])
    low_res = clean(low_res, options.min_region_area, options.mask_threshold)
    good = iou > options.min_iou if options.min_iou > 0 else torch.ones_like(iou, dtype=torch.bool)
    logits = resize_logits(low_res[good][:, None], (height, width))[:, 0]
    inner = (logits > options.mask_threshold + options.stability_offset).sum((1, 2))
    outer = (logits > options.mask_threshold - options.stability_offset).sum((1, 2))
    stability = inner / outer
    stable = stability >= options.min_stability if options.min_stability > 0 else torch.ones_like(stability).bool()
    masks = (logits[stable] > options.mask_threshold).cpu()
    return _Candidates(
        masks, boxes_of(masks), iou[good][stable].cpu(), stability[stable].cpu(), points[good.cpu()][stable.cpu()]
    )


def clean(low_res: Tensor, max_area: int, threshold: float = 0.0) -> Tensor:
    """Fill small holes and remove small specks of masks (N, h, w), given as logits; 0 leaves them as they are."""
    if max_area <= 0 or not len(low_res):
        return low_res
    for is_region, logit in (((low_res <= threshold), _FILLED_LOGIT), ((low_res > threshold), -_FILLED_LOGIT)):
        small = np.stack([small_regions(mask, max_area) for mask in is_region.cpu().numpy()])
        low_res = low_res.masked_fill(torch.from_numpy(small).to(low_res.device), threshold + logit)
    return low_res


def boxes_of(masks: Tensor) -> Tensor:
    """First and last pixel of each mask (N, H, W) → (N, 4) x0 y0 x1 y1, zeros where a mask is empty."""
    columns, rows = masks.any(dim=1), masks.any(dim=2)  # (N, W), (N, H)
    ends = []
    for line in (columns, rows):
        position = torch.arange(line.shape[1])
        first = torch.where(line, position, line.shape[1]).amin(dim=1)
        ends.append((first, torch.where(line, position, -1).amax(dim=1)))
    boxes = torch.stack((ends[0][0], ends[1][0], ends[0][1], ends[1][1]), dim=1)
    return torch.where(columns.any(dim=1, keepdim=True), boxes, 0)


def _is_cut_off(boxes: Tensor, crop: tuple[int, int, int, int], size: tuple[int, int]) -> Tensor:
    """Which boxes (in the crop's pixels) touch an edge of the crop that is no edge of the image."""
    whole = torch.tensor((0, 0, size[1], size[0]))
    edges = torch.tensor(crop)
    boxes = boxes + edges[[0, 1, 0, 1]]
    near_crop, near_image = (boxes - edges).abs() <= _EDGE, (boxes - whole).abs() <= _EDGE
    return (near_crop & ~near_image).any(dim=1)


def _in_image(found: _Candidates, row: int, crop: tuple[int, int, int, int], size: tuple[int, int]) -> FoundMask:
    x0, y0, x1, y1 = crop
    mask = np.zeros(size, dtype=bool)
    mask[y0:y1, x0:x1] = found.masks[row].numpy()
    left, top, right, bottom = (int(value) for value in found.boxes[row])
    x, y = found.points[row].tolist()
    box = (left + x0, top + y0, right + x0, bottom + y0)
    return FoundMask(mask, box, float(found.iou[row]), float(found.stability[row]), (x + x0, y + y0), crop)


def _even_grid(per_side: int) -> NDArray[np.float64]:
    """Centres of `per_side`² equal cells of the unit square, row by row → (P, 2)."""
    line = (np.arange(per_side) + 0.5) / per_side
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def _crops(size: tuple[int, int], options: AutomaticMaskOptions) -> list[tuple[int, tuple[int, int, int, int]]]:
    """The whole image as layer 0, then 2×2, 4×4, … crops → (layer, (x0, y0, x1, y1))."""
    height, width = size
    crops = [(0, (0, 0, width, height))]
    for layer in range(1, options.crop_layers + 1):
        per_side = 2**layer
        overlap = int(options.crop_overlap * min(size) * (2 / per_side))
        crop_width, crop_height = (math.ceil((overlap * (per_side - 1) + side) / per_side) for side in (width, height))
        for column in range(per_side):
            for row in range(per_side):
                x0, y0 = (crop_width - overlap) * column, (crop_height - overlap) * row
                crops.append((layer, (x0, y0, min(x0 + crop_width, width), min(y0 + crop_height, height))))
    return crops
