"""What is said to the person who brings a clip: what was left away, scaled down, or may look wrong."""

from __future__ import annotations

from fractions import Fraction

from media.clip_facts import Part, Size
from media.errors import MediaError
from media.limits import Limits

NO_FRAMES = "This file holds no picture that can be decoded; please choose another file or export it again."
DAMAGED = "Parts of this clip are damaged; the frames that could be read are used."
CUT_SHORT = "This file ends too early; the frames that are there are used."
HDR = "This clip is HDR; its colours are toned down to those of an ordinary screen."
PACKED_STILL = "This is a photo (HEIC or AVIF) that cannot be read here; please save it as a JPEG, or choose a video."
SOUND_CUT = "The sound is longer than what can be taken here ({seconds:g} seconds); the rest of it is left away."
STILL = "This is a still picture, so it becomes a clip of one frame; there is nothing to follow through time."


def length_notice(num_frames: int, duration: Fraction, limits: Limits, part: Part) -> str:
    """Says that a clip was cut to the limits; so many frames, `duration` [s] long, are left."""
    what = "The chosen part" if part.start > 0 else "This clip"
    return (
        f"{what} is longer than what can be taken here ({float(limits.max_seconds):g} seconds or {limits.max_frames} "
        f"frames); its beginning is used (frames: {num_frames}, {float(duration):.1f} seconds). "
        "In and out points choose another."
    )


def part_notice(begin: Fraction, duration: Fraction) -> str:
    """Says that only the part that was asked for is used, from `begin` on for `duration` [s]."""
    return f"Only the part from {float(begin):.1f} to {float(begin + duration):.1f} seconds is used, as chosen."


def part_too_late(end: Fraction, part: Part) -> MediaError:
    """The error where the part that was asked for begins after the `end` of the clip [s]."""
    return MediaError(
        f"This clip ends after {float(end):.1f} seconds, before the part that was asked for begins "
        f"({float(part.start):.1f} seconds); please choose an earlier one."
    )


def scale_notice(displayed: Size, size: Size) -> str:
    """Says that a picture was scaled down to the limits."""
    return (
        f"The picture was scaled down from {displayed.width}×{displayed.height} to {size.width}×{size.height} pixels, "
        "the largest that can be taken here."
    )
