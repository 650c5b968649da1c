"""The policy of tracking: what a person may choose that is none of the network's business."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrackingOptions:
    """How to track; never changes the weights.

    Attributes:
        fill_hole_area: holes of at most this many low-res pixels are filled; 0 leaves them.
        non_overlapping: let each pixel belong to one object only.
        binarize_prompted_masks: remember prompted frames as the user saw them, hard-edged.
        corrections_are_prompts: a frame corrected after tracking is read for good, like the first prompt. The
            reference's default is False, which lets a correction be tracked over again.
        forget_around_prompts: drop the recent memories around a new prompt, which may tell the old story.
        keep_recent: recent frames whose memories stay, or None for all. Frames read at most 15 back; more are
            of use only to corrections in the midst of what was tracked.
    """

    fill_hole_area: int = 8
    non_overlapping: bool = False
    binarize_prompted_masks: bool = True
    corrections_are_prompts: bool = True
    forget_around_prompts: bool = False
    keep_recent: int | None = 16
