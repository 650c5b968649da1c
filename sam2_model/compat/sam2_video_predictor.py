"""The video predictor under Meta's name: a state made from a path, frames named by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..model import SAM2
from ..prompt_encoder import BOX_LABELS
from ..prompts import Prompt
from ..results import NO_OBJECT_LOGIT, FrameMasks
from ..tracking_options import TrackingOptions
from ..video_predictor import VideoPredictor
from .frames import Frames, open_frames

Shown = tuple[int, list[int], Tensor]
"""Frame index, object ids, mask logits (N, 1, H, W)."""


class _Clicks(NamedTuple):
    points: list[tuple[float, float]]
    labels: list[int]
    box: tuple[float, float, float, float] | None


class InferenceState:
    """What the predictor knows of one clip; reads like the dict it is in Meta's package.

    Attributes:
        obj_ids: the objects, in the order they were added.
        num_frames: length of the clip.
        video_height: of the clip [px].
        video_width: of the clip [px].
    """

    def __init__(self, model: SAM2, frames: Frames, options: TrackingOptions) -> None:
        self.frames = frames
        self.num_frames = len(frames)
        self.video_height, self.video_width = frames.size
        self.obj_ids: list[int] = []
        self.predictor = VideoPredictor(model, frames.size, len(frames), options)
        self.clicks: dict[tuple[int, int], _Clicks] = {}  # by object id and frame index
        self.prompted: dict[int, set[int]] = {}  # object id → frames with prompts

    def __getitem__(self, name: str) -> Any:
        if name not in ("obj_ids", "num_frames", "video_height", "video_width"):
            raise KeyError(
                f"{name!r} is not part of the state here; obj_ids, num_frames, video_height, video_width are."
            )
        return getattr(self, name)


class SAM2VideoPredictor:
    """Meta's video predictor.

    Args:
        model: the network.
        options: how to track; see `build_sam2_video_predictor`.
    """

    def __init__(self, model: SAM2, options: TrackingOptions) -> None:
        self.model = model
        self.options = options

    @classmethod
    def from_pretrained(cls, model_id: str, **kwargs: Any) -> SAM2VideoPredictor:
        """The predictor of a Hub repository, such as "facebook/sam2.1-hiera-tiny"."""
        from .build_sam import build_sam2_video_predictor_hf  # here, because that file builds this class

        return build_sam2_video_predictor_hf(model_id, **kwargs)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.model.device

    @property
    def image_size(self) -> int:
        """Side of the network's square input [px]."""
        return self.model.config.image_size

    def to(self, device: str | torch.device) -> SAM2VideoPredictor:
        """Move the network."""
        self.model.to(device)
        return self

    def eval(self) -> SAM2VideoPredictor:
        """Set the network to inference."""
        self.model.eval()
        return self

    def init_state(
        self,
        video_path: str,
        offload_video_to_cpu: bool = False,
        offload_state_to_cpu: bool = False,
        async_loading_frames: bool = False,
    ) -> InferenceState:
        """Open a clip: a video file, or a folder of JPEG files named by their frame's number.

        The offload and loading arguments are taken for the signature's sake: frames are always read as needed.
        """
        return InferenceState(self.model, open_frames(video_path), self.options)

    def add_new_points_or_box(
        self,
        inference_state: InferenceState,
        frame_idx: int,
        obj_id: int,
        points: ArrayLike | Tensor | None = None,
        labels: ArrayLike | Tensor | None = None,
        clear_old_points: bool = True,
        normalize_coords: bool = True,
        box: ArrayLike | Tensor | None = None,
    ) -> Shown:
        """Say with clicks or a box what an object is on a frame.

        Args:
            inference_state: of the clip.
            frame_idx: counted from 0.
            obj_id: any number; a new one adds an object.
            points: (P, 2) x, y in pixels of the frame.
            labels: (P,) 1 part of the object, 0 not.
            clear_old_points: whether earlier clicks on this frame are forgotten.
            normalize_coords: coordinates are pixels; with False they are already in 0–1.
            box: x0, y0, x1, y1.

        Raises:
            ValueError: points without labels, nothing at all, or a box after clicks.
        """
        if (points is None) != (labels is None):
            raise ValueError("points and labels came apart; one label a point is wanted.")
        if points is None and box is None:
            raise ValueError("Neither points nor a box came; give at least one.")
        if box is not None and not clear_old_points:
            raise ValueError("A box came with clear_old_points=False; a box must come before all clicks.")
        size = (inference_state.video_width, inference_state.video_height)
        scale = np.ones(2) if normalize_coords else np.array(size)
        new = _clicks(points, labels, box, scale)
        old = inference_state.clicks.get((obj_id, frame_idx))
        if old is not None and not clear_old_points:
            new = _Clicks(old.points + new.points, old.labels + new.labels, old.box)
        inference_state.clicks[obj_id, frame_idx] = new
        return self._prompt(inference_state, frame_idx, obj_id, Prompt(tuple(new.points), tuple(new.labels), new.box))

    def add_new_points(self, *args: Any, **kwargs: Any) -> Shown:
        """The older name of `add_new_points_or_box`."""
        return self.add_new_points_or_box(*args, **kwargs)

    def add_new_mask(
        self, inference_state: InferenceState, frame_idx: int, obj_id: int, mask: ArrayLike | Tensor
    ) -> Shown:
        """Say with a mask (H, W) what an object is on a frame; one of another size than the frame's is stretched."""
        given = torch.as_tensor(mask if isinstance(mask, Tensor) else np.asarray(mask)).bool().cpu()
        size = (inference_state.video_height, inference_state.video_width)
        if given.shape != size:
            stretched = F.interpolate(given[None, None].float(), size=size, mode="bilinear", antialias=True)
            given = stretched[0, 0] >= 0.5
        inference_state.clicks.pop((obj_id, frame_idx), None)
        return self._prompt(inference_state, frame_idx, obj_id, Prompt(mask=given.numpy()))

    def propagate_in_video_preflight(self, inference_state: InferenceState) -> None:
        """Make sure that every object has a prompt.

        Raises:
            RuntimeError: one has none.
        """
        if not inference_state.obj_ids:
            raise RuntimeError("No object has a prompt; add points, a box or a mask first.")
        for obj_id in inference_state.obj_ids:
            if obj_id not in inference_state.predictor.object_ids:
                raise RuntimeError(f"Object {obj_id} has no prompt left; add points, a box or a mask first.")

    def propagate_in_video(
        self,
        inference_state: InferenceState,
        start_frame_idx: int | None = None,
        max_frame_num_to_track: int | None = None,
        reverse: bool = False,
    ) -> Iterator[Shown]:
        """Track through the clip.

        Args:
            inference_state: of the clip.
            start_frame_idx: the earliest prompted frame by default.
            max_frame_num_to_track: how many frames after the first; to the clip's end by default.
            reverse: towards the clip's beginning.

        Yields:
            Frame index, object ids and mask logits (N, 1, H, W).
        """
        self.propagate_in_video_preflight(inference_state)
        if start_frame_idx is None:
            start_frame_idx = min(
                frame for track in inference_state.predictor.tracks.values() for frame in track.prompted_frames
            )
        reach = inference_state.num_frames if max_frame_num_to_track is None else max_frame_num_to_track
        if reverse:
            # As in the reference: from the first frame there is nowhere to go back to, not even the frame itself.
            order = range(start_frame_idx, max(start_frame_idx - reach, 0) - 1, -1) if start_frame_idx else range(0)
        else:
            order = range(start_frame_idx, min(start_frame_idx + reach, inference_state.num_frames - 1) + 1)
        frames = ((frame_idx, inference_state.frames[frame_idx]) for frame_idx in order)
        for found in inference_state.predictor.propagate(frames, -1 if reverse else 1):
            yield self._shown(inference_state, found)

    def clear_all_prompts_in_frame(
        self, inference_state: InferenceState, frame_idx: int, obj_id: int, need_output: bool = True
    ) -> Shown | None:
        """Take back what was said about an object on a frame."""
        inference_state.clicks.pop((obj_id, frame_idx), None)
        inference_state.prompted.get(obj_id, set()).discard(frame_idx)
        if obj_id in inference_state.predictor.object_ids:
            inference_state.predictor.clear_prompts(obj_id, frame_idx)
        return self._shown(inference_state, inference_state.predictor.masks_on(frame_idx)) if need_output else None

    def remove_object(
        self, inference_state: InferenceState, obj_id: int, strict: bool = False, need_output: bool = True
    ) -> tuple[list[int], list[tuple[int, Tensor]]]:
        """Forget an object.

        Returns:
            The remaining ids, and the frames where it had prompts with their masks (N, 1, H, W) without it.

        Raises:
            RuntimeError: there is no such object, and `strict` is set.
        """
        if obj_id not in inference_state.obj_ids:
            if strict:
                raise RuntimeError(f"There is no object {obj_id}; known objects: {inference_state.obj_ids}.")
            return inference_state.obj_ids, []
        inference_state.obj_ids.remove(obj_id)
        frames = sorted(inference_state.prompted.pop(obj_id, set()))
        for key in [key for key in inference_state.clicks if key[0] == obj_id]:
            del inference_state.clicks[key]
        if obj_id in inference_state.predictor.object_ids:
            inference_state.predictor.remove(obj_id)
        if not need_output or not inference_state.obj_ids:
            return inference_state.obj_ids, []
        shown = [self._shown(inference_state, inference_state.predictor.masks_on(frame_idx)) for frame_idx in frames]
        return inference_state.obj_ids, [(frame_idx, masks) for frame_idx, _, masks in shown]

    def reset_state(self, inference_state: InferenceState) -> None:
        """Forget all objects; the clip stays."""
        inference_state.predictor.reset()
        inference_state.obj_ids.clear()
        inference_state.clicks.clear()
        inference_state.prompted.clear()

    def _prompt(self, state: InferenceState, frame_idx: int, obj_id: int, prompt: Prompt) -> Shown:
        found = state.predictor.add_prompt(obj_id, frame_idx, state.frames[frame_idx], prompt)
        if obj_id not in state.obj_ids:
            state.obj_ids.append(obj_id)
        state.prompted.setdefault(obj_id, set()).add(frame_idx)
        return self._shown(state, found)

    def _shown(self, state: InferenceState, found: FrameMasks) -> Shown:
        """The masks in the order of `obj_ids`; an object with no prompt left is there, but empty."""
        empty = torch.full((state.video_height, state.video_width), NO_OBJECT_LOGIT, device=self.device)
        rows = dict(zip(found.object_ids, found.mask_logits, strict=True))
        masks = [rows.get(obj_id, empty) for obj_id in state.obj_ids]
        return found.frame_index, list(state.obj_ids), torch.stack(masks)[:, None] if masks else empty[None, None][:0]


def _clicks(
    points: ArrayLike | Tensor | None,
    labels: ArrayLike | Tensor | None,
    box: ArrayLike | Tensor | None,
    scale: NDArray[np.float64],
) -> _Clicks:
    """Clicks and box as plain numbers in pixels; clicks labelled 2 and 3 in front are a box, as in Meta's package."""
    pairs = np.zeros((0, 2)) if points is None else np.asarray(points, dtype=np.float64).reshape(-1, 2) * scale
    signs = [] if labels is None else [int(label) for label in np.asarray(labels).reshape(-1)]
    corners = None if box is None else np.asarray(box, dtype=np.float64).reshape(2, 2) * scale
    if corners is None and tuple(signs[:2]) == BOX_LABELS:
        corners, pairs, signs = pairs[:2], pairs[2:], signs[2:]
    flat = None if corners is None else tuple(float(value) for value in corners.reshape(-1))
    box_numbers = None if flat is None else (flat[0], flat[1], flat[2], flat[3])
    return _Clicks([(float(x), float(y)) for x, y in pairs], signs, box_numbers)
