"""How long tracking will take and how much memory it will need, measured on the clip's own first frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch

from app.projects.changes import add_object
from app.projects.mask_folder import MaskFolder
from app.projects.mask_note import Basis
from app.projects.project import Project
from app.scratch import scratch_folder
from app.tracking.clip_tracker import ClipTracker
from app.tracking.passes import TrackingPass
from media.video_clip import VideoClip
from sam2_model import SAM2, Budget, Prompt

_MIB = 2**20
# A quick network is timed over some frames, a slow one over one.
_TIMED_SECONDS, _MOST_TIMED = 0.6, 6
# Frames of one trial where the next is encoded while one is tracked.
_OVERLAPPING = 3


@dataclass(frozen=True)
class Estimate:
    """What tracking will cost.

    Args:
        frames: how many are tracked; one that is gone over both ways counts twice.
        objects: how many are followed.
        seconds: of all frames together.
        memory: largest use of memory, the GPU's where there is one, else the process's [MiB]; None if unknown.
    """

    frames: int
    objects: int
    seconds: float
    memory: float | None

    def __str__(self) -> str:
        things = f"{self.frames} frames and {self.objects} object{'' if self.objects == 1 else 's'}"
        memory = "" if self.memory is None else f", with at most about {self.memory / 1024:.1f} GB of memory"
        rate = self.seconds / max(self.frames, 1)
        return f"Tracking {things} takes about {_in_words(self.seconds)} ({rate:.2f} s a frame){memory}."


@dataclass(frozen=True)
class Pace:
    """What tracking costs here, for one network and one size of clip.

    Args:
        first: seconds a frame with one object and all memories there; a run's first few frames are quicker.
        further: seconds a frame for each further object.
        memory: as in `Estimate`, for one object.
        memory_of_further: of each further object [MiB].
    """

    first: float
    further: float
    memory: float | None
    memory_of_further: float

    def estimate(self, passes: Sequence[TrackingPass]) -> Estimate:
        """What these runs will cost."""
        seconds = sum(len(run.frames) * (self.first + (len(run.object_ids) - 1) * self.further) for run in passes)
        objects = len({object_id for run in passes for object_id in run.object_ids})
        at_once = max((len(run.object_ids) for run in passes), default=1)
        memory = None if self.memory is None else self.memory + (at_once - 1) * self.memory_of_further
        return Estimate(sum(len(run.frames) for run in passes), objects, seconds, memory)


def measure_pace(
    model: SAM2, clip: VideoClip, budget: Budget | None = None, *, pause: Callable[[], None] = lambda: None
) -> Pace:
    """Track a spot of the clip's first frame by way of trial, with as many memories as there will be later.

    Takes about four frames' time, or nine where frames overlap. Nothing stays of it, and the clip is left as it was.

    Args:
        model: the network, where it will run.
        clip: the opened clip.
        budget: how much is done at once; what suits the network's device by default.
        pause: called between two steps; may wait, or raise to give up.
    """
    with scratch_folder() as spare:
        trial = _Trial(ClipTracker(model, clip, MaskFolder(spare), budget=budget))
        pause()
        trial.seconds()  # the first run of anything is slower than all others
        rounds: list[float] = []
        while not rounds or (sum(rounds) < _TIMED_SECONDS and len(rounds) < _MOST_TIMED):
            pause()
            rounds.append(trial.seconds())
        first = median(rounds)
        pause()
        further = trial.seconds_of_further(first)
        memory, memory_of_further = trial.memory()
        return Pace(first, min(max(further, 0.0), first), memory, memory_of_further)


class _Trial:
    """A tracker that follows a spot of the first frame, which stands for all frames."""

    def __init__(self, tracker: ClipTracker) -> None:
        self.tracker = tracker
        height, width = tracker.clip.size
        self.pixels = tracker.clip.frame(0).pixels
        self.project = add_object(add_object(Project(clip="", model=""), object_id=1), object_id=2)
        predictor = tracker.predictor
        predictor.num_frames = None  # the trial may go past the end of a short clip
        predictor.add_prompt(1, 0, self.pixels, Prompt(points=((width / 2, height / 2),), labels=(1,)))
        predictor.track(0, self.pixels)
        # As if the object had been followed for long.
        bank = predictor.tracks[1].memory
        memory = bank.prompted[0]
        self.next = 1 + predictor.model.config.pointer_frames
        for index in range(1, self.next):
            bank.remember(replace(memory, frame_index=index, features=memory.features.clone()), is_prompted=False)

    def seconds(self) -> float:
        """How long a frame takes with as many objects as there are [s], from its pixels to the mask on disk."""
        budget = self.tracker.predictor.budget
        frames = _OVERLAPPING if budget.side_by_side else budget.look_ahead
        self.next += frames
        moments = self._moments(range(self.next - frames, self.next))
        if budget.side_by_side:  # only the first frame waits for its encoder
            moments = moments[1:]
        return (moments[-1] - moments[0]) / (len(moments) - 1)

    def seconds_of_further(self, first: float) -> float:
        """How much longer a frame takes for each further object [s], where with one it takes `first`; adds one."""
        budget, tracks = self.tracker.predictor.budget, self.tracker.predictor.tracks
        alone = first if budget.side_by_side else self._seconds_again()
        if budget.objects_at_once == 1 and not budget.side_by_side:
            return alone  # one by one each costs the same
        tracks[2] = replace(deepcopy(tracks[1]), object_id=2)
        return (self.seconds() if budget.side_by_side else self._seconds_again()) - alone

    def _seconds_again(self) -> float:
        """How long the last frame takes again [s], whose features are at hand: what its objects cost alone."""
        began, ended = self._moments(range(self.next - 1, self.next))
        return ended - began

    def _moments(self, frames: range) -> list[float]:
        """When tracking through these frames began, and when the masks of each were on disk."""
        moments, basis = [time.perf_counter()], Basis(self.project, 1)
        for found in self.tracker.predictor.propagate((index, self.pixels) for index in frames):
            for object_id in found.object_ids:
                self.tracker.write(found, object_id, self.project, basis)
            moments.append(time.perf_counter())
        return moments

    def memory(self) -> tuple[float | None, float]:
        """The largest use so far, and what is kept of one object [MiB]."""
        bank, device = self.tracker.predictor.tracks[1].memory, self.tracker.predictor.model.device
        kept = [*bank.prompted.values(), *bank.recent.values()]
        tensors = [part for memory in kept for part in (memory.features, memory.mask_logits)]
        one = sum(tensor.numel() * tensor.element_size() for tensor in tensors) / _MIB
        if device.type == "cuda":
            return torch.cuda.max_memory_allocated(device) / _MIB, one
        status = Path("/proc/self/status")
        if device.type != "cpu" or not status.exists():
            return None, one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024, one


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
