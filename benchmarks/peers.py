"""The three that are measured side by side, behind one face: ours, Meta's package, transformers."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sam2_model import PRESETS, SAM2, Prompt, TrackingOptions, VideoPredictor
from sam2_model.checkpoints import build
from sam2_model.memory_bank import Recall
from sam2_model.preprocessing import to_model_input
from sam2_model.prompt_encoder import prompt_tensors
from sam2_model.weight_names import to_meta
from tests.parity import oracles

CPU = torch.device("cpu")
RESULTS = Path(__file__).parent / "results"
# The official package fills holes only where its CUDA extension was built.
OPTIONS = TrackingOptions(fill_hole_area=0)

Point = tuple[float, float]


class Clip:
    """Discs that drift over a pattern; frames are made when asked for, so that no clip lies in memory but the last one.

    Args:
        size: (height, width) [px].
        length: number of frames.
    """

    clicks: tuple[Point, ...] = ((0.25, 0.44), (0.7, 0.33), (0.5, 0.74))
    """One an object, in 0–1 of width and height."""

    def __init__(self, size: tuple[int, int], length: int) -> None:
        self.size = size
        self.length = length
        height, width = size
        self.y, self.x = np.mgrid[:height, :width].astype(np.float32)
        self.frame = lru_cache(maxsize=1)(self._make)  # who is asked first would else pay for it, on the clock

    def _make(self, index: int) -> NDArray[np.uint8]:
        """Frame (H, W, 3)."""
        height, width = self.size
        scale = width / 960
        waves = [np.sin(self.x / scale / 37 + index / 9), np.sin(self.y / scale / 29 - index / 11)]
        pixels = np.stack([*(120 + 60 * wave for wave in waves), np.full(self.size, 120, np.float32)], axis=-1)
        for number, (cx, cy) in enumerate(self.clicks):
            inside = (self.x - cx * width - 2 * scale * (index % 60)) ** 2 + (self.y - cy * height) ** 2
            pixels[inside < (70 * scale) ** 2] = np.roll((230, 70, 40), number)
        return pixels.astype(np.uint8)

    def point(self, number: int) -> Point:
        """Where an object is clicked on frame 0 [px]."""
        height, width = self.size
        return self.clicks[number][0] * width, self.clicks[number][1] * height


class Side(Protocol):
    """One of those that are compared; opened once, then frames are asked for in order, from 0."""

    def open(self) -> None:
        """Take in the clip, as far as a side wants it whole before its first click."""

    def click(self, number: int) -> Any:
        """Click an object on frame 0."""

    def track(self, index: int) -> Tensor:
        """Logits (N, H, W) of a frame."""

    def repeat(self, index: int, upto: int) -> None:
        """Let the memories of a tracked frame stand for those of the frames after it, up to another one."""


class Ours:
    """This project's predictor."""

    def __init__(
        self,
        preset: str,
        state: Mapping[str, Tensor],
        clip: Clip,
        image_size: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device = CPU,
    ) -> None:
        config = replace(PRESETS[preset], image_size=image_size)
        model = build(config, state, source="seeded weights", dtype=dtype, device=device)
        self.clip = clip
        self.predictor = VideoPredictor(model, clip.size, clip.length, OPTIONS)

    @torch.inference_mode()
    def click_and_decoder(self, rounds: int) -> tuple[float, float]:
        """Median seconds of a click on a frame whose features are there, and of the decoder alone."""
        model, pixels = self.predictor.model, self.clip.frame(0)
        tracker = VideoPredictor(model, self.clip.size, self.clip.length, OPTIONS)
        tracker.prepare(0, pixels)
        features = tracker._segmenter.features.of(0, pixels)
        conditioned = model.condition(features.low, [Recall([], [])])
        prompt = Prompt(points=(self.clip.point(0),), labels=(1,))
        tensors = prompt_tensors(prompt, self.clip.size, model.config.image_size, device=model.device)
        clicks, decodings = [], []
        for _ in range(rounds + 1):
            began = time.perf_counter()
            tracker.add_prompt(0, 0, pixels, prompt)
            clicked = time.perf_counter()
            model.decode(features, conditioned, tensors)
            decodings.append(time.perf_counter() - clicked)
            clicks.append(clicked - began)
            tracker.reset()
        return statistics.median(clicks[1:]), statistics.median(decodings[1:])  # without the first, which warms up

    def open(self) -> None:
        """Frames are handed in one by one."""

    def click(self, number: int) -> Any:
        return self.predictor.add_prompt(
            number, 0, self.clip.frame(0), Prompt(points=(self.clip.point(number),), labels=(1,))
        )

    def track(self, index: int) -> Tensor:
        return self.predictor.track(index, self.clip.frame(index)).mask_logits

    def repeat(self, index: int, upto: int) -> None:
        for track in self.predictor.tracks.values():
            memory = track.memory.recent[index]
            for later in range(index + 1, upto + 1):
                track.memory.remember(replace(memory, frame_index=later), is_prompted=False)


class Official:
    """Meta's package; its frames are prepared by our code, before the clock runs, as its loader does up front.

    In bfloat16 it runs by autocast, as in its own examples.
    """

    def __init__(
        self, preset: str, state: Mapping[str, Tensor], clip: Clip, image_size: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self.clip, self.side = clip, image_size
        self.numbers = torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)
        self.network = oracles.official_predictor(preset, image_size).eval()
        self.network.load_state_dict(state)
        self.frames: Any = None

    def open(self) -> None:
        pixels = torch.zeros(self.clip.length, 3, self.side, self.side)
        for index in range(self.clip.length):
            pixels[index] = to_model_input(self.clip.frame(index), self.side, device=CPU, dtype=torch.float32)[0]
        self.state = oracles.official_session(self.network, pixels, self.clip.size)
        self.state["cached_features"].clear()  # its first click pays for the encoder, as ours does

    def click(self, number: int) -> Any:
        points, labels = np.array([self.clip.point(number)], np.float32), np.array([1], np.int32)
        with self.numbers:
            return self.network.add_new_points_or_box(self.state, 0, number, points=points, labels=labels)

    def track(self, index: int) -> Tensor:
        if self.frames is None or self.next_index != index:
            self.frames = self.network.propagate_in_video(self.state, start_frame_idx=index)
        with self.numbers:
            found, _, logits = next(self.frames)
        assert found == index
        self.next_index = index + 1
        return logits[:, 0]

    def repeat(self, index: int, upto: int) -> None:
        for outputs in self.state["output_dict_per_obj"].values():
            tracked = outputs["non_cond_frame_outputs"]
            tracked.update(dict.fromkeys(range(index + 1, upto + 1), tracked[index]))


class Transformers:
    """Hugging Face's `Sam2VideoModel`."""

    def __init__(self, preset: str, state: Mapping[str, Tensor], clip: Clip, image_size: int) -> None:
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        self.clip, self.side = clip, image_size
        self.network = oracles.transformers_model(preset, image_size)
        self.network.load_state_dict(oracles.in_hub_layout(self.network, state))
        self.session = Sam2VideoInferenceSession(None, *clip.size, dtype=torch.float32)
        self.session.processed_frames = {}

    def open(self) -> None:
        """Frames are handed in one by one."""

    def _show(self, index: int) -> None:
        if index not in self.session.processed_frames:
            pixels = to_model_input(self.clip.frame(index), self.side, device=CPU, dtype=torch.float32)
            self.session.add_new_frame(pixels, index)

    @torch.inference_mode()
    def click(self, number: int) -> Any:
        self._show(0)
        width, height = self.clip.size[1], self.clip.size[0]
        x, y = self.clip.point(number)
        place = torch.tensor([[[[x / width * self.side, y / height * self.side]]]])
        which = self.session.obj_id_to_idx(number)
        self.session.add_point_inputs(which, 0, {"point_coords": place, "point_labels": torch.tensor([[[1]]])})
        self.session.obj_with_new_inputs = [number]
        return self.network(inference_session=self.session, frame_idx=0)

    @torch.inference_mode()
    def track(self, index: int) -> Tensor:
        self._show(index)
        found = self.network(inference_session=self.session, frame_idx=index).pred_masks
        return torch.nn.functional.interpolate(found.float(), self.clip.size, mode="bilinear")[:, 0]

    def repeat(self, index: int, upto: int) -> None:
        for outputs in self.session.output_dict_per_obj.values():
            tracked = outputs["non_cond_frame_outputs"]
            tracked.update(dict.fromkeys(range(index + 1, upto + 1), tracked[index]))


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in ("torch", "sam2", "transformers", "numpy")},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def seeded_weights(preset: str) -> dict[str, Tensor]:
    """Meta's layout of a preset, filled from a seed; Meta's package is not needed."""
    with torch.device("meta"):
        shapes = {to_meta(name): tuple(value.shape) for name, value in SAM2(PRESETS[preset]).state_dict().items()}
    return oracles.seeded_weights(shapes)
