"""How large a clip may be. Checked on what is decoded, never on what a header claims."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from media.errors import MediaError


@dataclass(frozen=True)
class Limits:
    """What a host takes in.

    A clip that is only too long is cut to its beginning with a notice; everything else that is
    over a limit is refused, because no part of it could be used.

    Attributes:
        max_bytes: largest file [bytes].
        max_seconds: longest clip, counted from the container's start [s].
        max_frames: most frames of a clip.
        max_side: longest side of the displayed and of the coded picture [px].
        max_pixels: largest area of the picture [px²].
        min_side: shortest side [px]; below it there is nothing to click.
        max_aspect: longest side divided by the shortest; a strip rounds to nothing when it is shrunk.
    """

    max_bytes: int
    max_seconds: Fraction
    max_frames: int
    max_side: int
    max_pixels: int
    min_side: int = 16
    max_aspect: int = 8

    def check_size(self, height: int, width: int) -> None:
        """Refuse a picture that is too large, too small or too narrow.

        Raises:
            MediaError: with the size that came and the size that is wanted.
        """
        longest, shortest = max(height, width), min(height, width)
        if shortest < self.min_side:
            raise MediaError(
                f"The picture is {width}×{height} pixels, but each side must have at least {self.min_side}; "
                "please choose a larger clip."
            )
        if longest > self.max_side or height * width > self.max_pixels:
            raise MediaError(
                f"The picture is {width}×{height} pixels, but at most "
                f"{self.max_side}×{self.max_pixels // self.max_side} can be taken; please scale the clip down."
            )
        if longest > self.max_aspect * shortest:
            raise MediaError(
                f"The picture is {width}×{height} pixels, but one side may be at most {self.max_aspect} times "
                "the other; please crop the clip."
            )

    def check_bytes(self, num_bytes: int) -> None:
        """Refuse a file that is empty or too large.

        Raises:
            MediaError: with the size that came and the size that is wanted.
        """
        if num_bytes == 0:
            raise MediaError("This file is empty; please choose a video file.")
        if num_bytes > self.max_bytes:
            raise MediaError(
                f"This file has {num_bytes / 1e6:.0f} MB, but at most {self.max_bytes / 1e6:.0f} MB can be taken; "
                "please cut it shorter or compress it."
            )


HOSTED = Limits(
    max_bytes=100_000_000,
    max_seconds=Fraction(20),
    max_frames=600,
    max_side=4096,
    max_pixels=4096 * 2304,
)
"""For a public host, where strangers share one machine."""

LOCAL = Limits(
    max_bytes=2_000_000_000,
    max_seconds=Fraction(300),
    max_frames=9000,
    max_side=8192,
    max_pixels=8192 * 4320,
)
"""For a person's own machine."""
