"""How long tracking will take and how much memory it will need, measured on the clip's own first frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from media.video_clip import VideoClip
from sam2_model import SAM2, Prompt, VideoPredictor

_MIB = 2**20


@dataclass(frozen=True)
class Estimate:
    """What tracking will cost.

    Args:
        frames: how many are tracked.
        objects: how many are followed.
        seconds_per_frame: with all memories there; the first few frames are quicker.
        memory: largest use of memory, the GPU's where there is one, else the process's [MiB]; None if unknown.
    """

    frames: int
    objects: int
    seconds_per_frame: float
    memory: float | None

    @property
    def seconds(self) -> float:
        return self.frames * self.seconds_per_frame

    def __str__(self) -> str:
        things = f"{self.frames} frames and {self.objects} object{'' if self.objects == 1 else 's'}"
        memory = "" if self.memory is None else f", with at most about {self.memory / 1024:.1f} GB of memory"
        return (
            f"Tracking {things} takes about {_in_words(self.seconds)} ({self.seconds_per_frame:.2f} s a frame){memory}."
        )


def estimate_tracking(model: SAM2, clip: VideoClip, *, frames: int, objects: int) -> Estimate:
    """Track a spot of the clip's first frames by way of trial, with as many memories as there will be later.

    Takes about four frames' time. Nothing is written and the clip is left as it was.

    Args:
        model: the network, where it will run.
        clip: the opened clip.
        frames: how many frames will be tracked.
        objects: how many objects will be followed.
    """
    height, width = clip.size
    tracker = VideoPredictor(model, clip.size, num_frames=None)
    prompt = Prompt(points=((width / 2, height / 2),), labels=(1,))
    first = clip.frame(0).pixels
    tracker.add_prompt(1, 0, first, prompt)
    tracker.track(1, first)
    _fill_bank(tracker, upto=1 + model.config.pointer_frames)
    index = 2 + model.config.pointer_frames
    whole = _seconds(model, tracker.track, index, first)
    # The frame's features are at hand now: tracking it again is what each further object costs.
    again = _seconds(model, tracker.track, index, first)
    per_frame = whole + (objects - 1) * min(again, whole)
    return Estimate(frames, objects, per_frame, _memory(model, tracker, objects))


def _fill_bank(tracker: VideoPredictor, upto: int) -> None:
    """Repeat the memory of frame 1, as if the object had been followed for long."""
    bank = tracker.tracks[1].memory
    memory = bank.recent[1]
    for frame_index in range(2, upto + 1):
        copy = replace(memory, frame_index=frame_index, features=memory.features.clone())
        bank.remember(copy, is_prompted=False)


def _seconds(model: SAM2, work: Callable[..., Any], *arguments: Any) -> float:
    began = time.perf_counter()
    found = work(*arguments)
    if model.device.type != "cpu":
        found.mask_logits.cpu()  # the device works on its own; a result on the host says that it is done
    return time.perf_counter() - began


def _memory(model: SAM2, tracker: VideoPredictor, objects: int) -> float | None:
    """The peak so far, and the memories of the objects that are still to come [MiB]."""
    bank = tracker.tracks[1].memory
    kept = [*bank.prompted.values(), *bank.recent.values()]
    tensors = [part for memory in kept for part in (memory.features, memory.mask_logits)]
    one = sum(tensor.numel() * tensor.element_size() for tensor in tensors) / _MIB
    if model.device.type == "cuda":
        return torch.cuda.max_memory_allocated(model.device) / _MIB + (objects - 1) * one
    status = Path("/proc/self/status")
    if model.device.type != "cpu" or not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024 + (objects - 1) * one


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
