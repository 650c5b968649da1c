"""The runs of tracking: which frames, in which direction, for which objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.projects.project import Project


class TrackingError(Exception):
    """A click or a run that makes no sense; the message is one sentence for the person."""


@dataclass(frozen=True)
class TrackingPass:
    """One run over the frames of `range(start, stop, step)`, for these objects only.

    `spans` says for each object between which frames (first, one after the last) its masks are written; without it
    they are from the object's first prompted frame on, in the direction of the run.
    """

    start: int
    stop: int
    step: Literal[1, -1]
    object_ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...] | None = None

    def keeps(self, project: Project, object_id: int, frame_index: int) -> bool:
        """Whether the run writes the object's mask on that frame."""
        if self.spans is None:
            return _is_reached(project, object_id, frame_index, self.step)
        start, stop = self.spans[self.object_ids.index(object_id)]
        return start <= frame_index < stop

    @property
    def frames(self) -> range:
        return range(self.start, self.stop, self.step)


def plan_passes(project: Project, num_frames: int) -> tuple[TrackingPass, ...]:
    """The runs that give every prompted object a mask on every frame.

    Forwards from the first prompted frame to the end; then backwards, for those objects that were
    prompted first on a later frame, from there to the clip's beginning. Tracking an object backwards to
    frames before its first prompt beats guessing it there while the others run forwards.

    Raises:
        TrackingError: nothing is prompted yet.
    """
    first = {each: project.prompted_frames(each)[0] for each in project.object_ids if project.prompted_frames(each)}
    if not first:
        raise TrackingError("There is nothing to track yet; click an object on a frame first.")
    passes = [TrackingPass(min(first.values()), num_frames, 1, tuple(first))]
    later = tuple(object_id for object_id, frame_index in first.items() if frame_index > 0)
    if later:
        passes.append(TrackingPass(max(first[each] for each in later), -1, -1, later))
    return tuple(passes)


def _is_reached(project: Project, object_id: int, frame_index: int, step: int) -> bool:
    """Whether tracking in this direction has come to the object's first prompted frame on its way."""
    frames = project.prompted_frames(object_id)
    return frame_index >= frames[0] if step == 1 else frame_index <= frames[-1]
