"""What tracking tells of a frame: small messages without tensors, on their way to a browser."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectMask:
    """One object's mask on one frame, small enough to send to a browser.

    Args:
        object_id: whose mask it is.
        frame_index: where.
        png: the mask as a palette PNG of the clip's size, in the object's colour, clear outside.
        score: the object score as a probability 0-1; under 0.5 the object is taken as not visible.
        area: the number of mask pixels [px²].
        sure: how sure the model is of the mask, 0-1: the score, times the share of the mask that does not lie on
            the fence.
    """

    object_id: int
    frame_index: int
    png: bytes
    score: float
    area: int
    sure: float = 1.0

    @property
    def is_visible(self) -> bool:
        return self.area > 0


@dataclass(frozen=True)
class TrackedFrame:
    """One frame of a propagation: the masks of all objects there, and how the run goes.

    Args:
        frame_index: the frame just tracked; its masks are on disk already.
        masks: one for each object that was kept on this frame.
        done: frames tracked so far in this run.
        total: frames of this run.
        frames_per_second: the mean rate since the run began.
        notices: sentences for the person about what had to shrink on this frame, because memory was full.
    """

    frame_index: int
    masks: tuple[ObjectMask, ...]
    done: int
    total: int
    frames_per_second: float
    notices: tuple[str, ...] = ()
