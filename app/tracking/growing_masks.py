"""Masks that are being tracked: whoever reads one waits until no run of tracking will touch it again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.projects.mask_folder import MaskFolder
from app.projects.project import Project
from app.tracking.passes import TrackingPass


class Growth:
    """How far tracking has come.

    Whoever waits for a mask takes over frame after frame from tracking until it is final. So the two cannot wait for
    each other, and an error of tracking is raised where a mask was waited for.
    """

    def __init__(self, project: Project, passes: Sequence[TrackingPass], steps: Iterator[tuple[int, int]]) -> None:
        """Begin before the first frame.

        Args:
            project: what is tracked.
            passes: the runs of tracking, in order.
            steps: gives for each frame whose masks lie on disk the number of the run in `passes`, and its index.
        """
        self._project, self._passes, self._steps = project, tuple(passes), steps
        self._run, self._frame_index = -1, 0
        self._error: BaseException | None = None
        self._lock = threading.Lock()  # effects may draw parts of a frame on several threads
        self.is_over = False
        self.object_ids = frozenset(each for run in passes for each in run.object_ids)

    def wait(self, object_id: int, frame_index: int) -> None:
        """Return when that mask is final; at once where none will be written."""
        if self.is_over:
            return
        last = self._last_run(object_id, frame_index)
        with self._lock:
            while not self.is_over and not self._has_passed(last, frame_index):
                self._go_on()

    def finish(self) -> None:
        """Return when all masks are final."""
        with self._lock:
            while not self.is_over:
                self._go_on()

    def _go_on(self) -> None:
        if self._error is not None:  # who overheard it must not take what is missing for what is not there
            raise self._error
        try:
            step = next(self._steps, None)
        except BaseException as error:
            self._error = error
            raise
        if step is None:
            self.is_over = True
        else:
            self._run, self._frame_index = step

    def _last_run(self, object_id: int, frame_index: int) -> int:
        """The number of the last run that writes the mask; -1 where none does."""
        for number in reversed(range(len(self._passes))):
            run = self._passes[number]
            is_on_the_way = object_id in run.object_ids and frame_index in run.frames
            if is_on_the_way and run.keeps(self._project, object_id, frame_index):
                return number
        return -1

    def _has_passed(self, run: int, frame_index: int) -> bool:
        if self._run != run or run < 0:
            return self._run > run or run < 0
        return (self._frame_index - frame_index) * self._passes[run].step >= 0


@dataclass(frozen=True)
class GrowingMasks(MaskFolder):
    """The folder of masks as it will be when tracking is done; tracking itself writes through a `MaskFolder`.

    Every way to a mask leads through here, so that no reader can forget to wait.
    """

    growth: Growth

    def path(self, object_id: int, frame_index: int) -> Path:
        """Where the final mask lies, whether it exists or not."""
        self.growth.wait(object_id, frame_index)
        return super().path(object_id, frame_index)

    def read_logits(self, object_id: int, frame_index: int) -> np.ndarray | None:
        """The logits (h, w) float32 of the final mask; None where there are none."""
        self.growth.wait(object_id, frame_index)
        return super().read_logits(object_id, frame_index)

    def object_ids(self) -> tuple[int, ...]:
        """The objects that have a folder or will get one, in ascending order."""
        return tuple(sorted({*super().object_ids(), *self.growth.object_ids}))

    def frames(self, object_id: int) -> tuple[int, ...]:
        """The frames on which the object has a mask in the end, in ascending order."""
        self.growth.finish()
        return super().frames(object_id)
