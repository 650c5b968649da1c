"""How large a clip may be, and what reading it may cost. Checked on what is decoded, never on what a header claims."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from media.clip_facts import Size
from media.errors import MediaError


@dataclass(frozen=True)
class Limits:
    """What a host takes in.

    A clip that is too long is cut to its beginning and a picture that is too large is scaled down, both
    with a notice. Everything else that is over a limit is refused, because no part of it could be used.

    Attributes:
        max_bytes: largest file [bytes].
        max_seconds: longest clip [s].
        max_frames: most frames of a clip.
        max_side: longest side of the displayed picture; a longer one is scaled down [px].
        max_pixels: largest area of the displayed picture; a larger one is scaled down [px²].
        max_coded_pixels: largest area that is decoded at all; a larger one is refused [px²].
        max_memory: address space of the process that decodes [bytes].
        max_open_seconds: how long opening, which decodes every frame once, may take [s].
        max_silence: how long the process that decodes may give no sign of life [s].
        max_idle: how long a process that decodes is kept while nothing is asked of it [s].
        max_export_bytes: largest file that is made of a clip [bytes]; None: whatever the disk holds.
        min_side: shortest side [px]; below it there is nothing to click.
        max_aspect: longest side divided by the shortest; a strip rounds to nothing when it is shrunk.
    """

    max_bytes: int
    max_seconds: Fraction
    max_frames: int
    max_side: int
    max_pixels: int
    max_coded_pixels: int
    max_memory: int
    max_open_seconds: int
    max_silence: int = 15
    max_idle: int = 60
    max_export_bytes: int | None = None
    min_side: int = 16
    max_aspect: int = 8

    def check_coded_size(self, size: Size) -> None:
        """Refuse a stored picture that would cost too much memory to decode.

        Raises:
            MediaError: with the size that came and the size that is wanted.
        """
        if size.height * size.width > self.max_coded_pixels:
            raise MediaError(
                f"The picture is {size.width}×{size.height} pixels, but at most "
                f"{self.max_coded_pixels / 1e6:.0f} million pixels can be decoded; please scale the clip down."
            )

    def fit(self, size: Size) -> Size:
        """The displayed size with which a picture of `size` is taken: its own, or scaled down to even numbers.

        Raises:
            MediaError: it is too small or too narrow.
        """
        longest, shortest = max(size), min(size)
        if shortest < self.min_side:
            raise MediaError(
                f"The picture is {size.width}×{size.height} pixels, but each side must have at least "
                f"{self.min_side}; please choose a larger clip."
            )
        if longest > self.max_aspect * shortest:
            raise MediaError(
                f"The picture is {size.width}×{size.height} pixels, but one side may be at most {self.max_aspect} "
                "times the other; please crop the clip."
            )
        scale = min(self.max_side / longest, math.sqrt(self.max_pixels / (size.height * size.width)))
        if scale >= 1:
            return size
        height, width = (max(2, int(side * scale) // 2 * 2) for side in size)
        longest = self.max_aspect * min(height, width)  # the rounding must not make it too narrow
        return Size(min(height, longest), min(width, longest))

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
    max_coded_pixels=8192 * 4320,
    max_memory=2**30,
    max_open_seconds=120,
    max_export_bytes=500_000_000,
)
"""For a public host, where strangers share one machine."""

LOCAL = Limits(
    max_bytes=2_000_000_000,
    max_seconds=Fraction(300),
    max_frames=9000,
    max_side=8192,
    max_pixels=8192 * 4320,
    max_coded_pixels=8192 * 4320,
    max_memory=8 * 2**30,
    max_open_seconds=1800,
)
"""For a person's own machine."""
