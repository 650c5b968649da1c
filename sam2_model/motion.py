"""Where things went from one frame to the next: dense optical flow, by which the last mask is brought along."""

from __future__ import annotations

from itertools import takewhile

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

FLOW_SIDE = 256  # [px] of the grey squares whose flow is computed: 4 ms a frame on one core

GreyPicture = NDArray[np.uint8]


def grey_square(pixels: NDArray[np.uint8]) -> GreyPicture:
    """A frame (H, W, 3) uint8 RGB, squeezed to the (FLOW_SIDE, FLOW_SIDE) grey picture that flow is computed on."""
    small = cv2.resize(pixels, (FLOW_SIDE, FLOW_SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def flow_back(now: GreyPicture, before: GreyPicture) -> Tensor:
    """Where each place of a frame lay in the frame before: (1, 2, h, w) shifts x and y, as shares of the side.

    DIS (Kroeger et al. 2016) as OpenCV has it.
    """
    flow = np.zeros((*now.shape, 2), np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(now, before, flow)
    return torch.from_numpy(flow / np.float32(now.shape[0])).permute(2, 0, 1)[None]


def brought_along(masks: Tensor, flow: Tensor) -> Tensor:
    """Move the masks of the frame before to where their objects are now.

    Args:
        masks: (B, 1, h, w) logits.
        flow: (1 or B, 2, h', w') from `flow_back`.
    """
    # On Apple's GPUs torch before 2.13 cannot repeat a picture's border, and the masks are small.
    place = torch.device("cpu") if masks.device.type == "mps" else masks.device
    shift = F.interpolate(flow.to(place), size=masks.shape[-2:], mode="bilinear")
    shift = shift.expand(len(masks), -1, -1, -1).permute(0, 2, 3, 1)
    still = torch.eye(2, 3, device=place).expand(len(masks), -1, -1)
    grid = F.affine_grid(still, list(masks.shape), align_corners=False) + 2 * shift
    moved = F.grid_sample(masks.to(place).float(), grid, padding_mode="border", align_corners=False)
    return moved.to(masks)


class Motion:
    """The last frames seen, as far as flow needs them."""

    def __init__(self) -> None:
        self._seen: dict[int, GreyPicture] = {}  # the one seen or kept longest ago first
        self._last: int | None = None
        self._flow: tuple[int, int, Tensor] | None = None

    def see(self, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        """Remember a frame as the last one; of the others the one seen before it stays, and what was kept since."""
        if frame_index != self._last and self._last is not None:
            for old in list(takewhile(lambda each: each != self._last, self._seen)):
                del self._seen[old]
        self.keep(frame_index, pixels)
        self._last = frame_index

    def keep(self, frame_index: int, pixels: NDArray[np.uint8]) -> None:
        """Remember a frame besides the last one, which it does not push out."""
        if frame_index != self._last:
            grey = self._seen.pop(frame_index, None)
            self._seen[frame_index] = grey_square(pixels) if grey is None else grey

    def flow(self, before: int, now: int) -> Tensor | None:
        """Where each place of frame `now` lay in frame `before`, as `flow_back`; None where either was not seen."""
        if before not in self._seen or now not in self._seen:
            return None
        if self._flow is None or self._flow[:2] != (before, now):
            self._flow = (before, now, flow_back(self._seen[now], self._seen[before]))
        return self._flow[2]

    def bring(self, masks: Tensor, before: int, now: int) -> Tensor:
        """Masks (B, 1, h, w) of frame `before` as they lie in frame `now`; unmoved where either was not seen."""
        flow = self.flow(before, now)
        return masks if flow is None else brought_along(masks, flow)
