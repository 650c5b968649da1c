"""A picture file as a source of frames: a still becomes one frame, an animated WebP or PNG all of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

from PIL import Image

from media.byte_view import ByteView
from media.clip_facts import Part
from media.errors import MediaError
from media.frame import Pixels
from media.limits import Limits
from media.notices import STILL
from media.picture_times import choose_pictures
from media.still import open_still, upright_pixels, upright_size

logger = logging.getLogger(__name__)

SHORTEST, USUAL = Fraction(11, 1000), Fraction(1, 10)
"""A frame said to be shown for less than the first is shown for the second, as browsers do [s]."""

STILL_SECONDS = Fraction(1)


class PictureFile:
    """One picture, or the frames of an animated one, decoded one after the other."""

    def __init__(self, view: ByteView, limits: Limits, part: Part, on_frame: Callable[[], None]) -> None:
        """Count the frames by decoding them.

        Args:
            view: the file.
            limits: how large it may be; a longer one is cut to its beginning.
            part: the part that is wanted.
            on_frame: called for every frame, as a sign of life.

        Raises:
            MediaError: it is no picture, or as `choose_pictures`.
        """
        self._view = view
        self._limits = limits
        self._on_frame = on_frame
        self._cursor: Iterator[tuple[int, Pixels]] | None = None
        self._cursor_index = 0
        with self._open() as image:
            self._displayed = upright_size(image)
            is_still = getattr(image, "n_frames", 1) == 1
            ends = [STILL_SECONDS] if is_still else self._ends(image, part)
            self._first, self._last, self.facts = choose_pictures(self._displayed, ends, limits, part)
        if is_still:
            self.facts = replace(self.facts, notices=(STILL, *self.facts.notices))
            next(iter(self.decode(0)))  # a damaged one is refused at once

    def decode(self, start: int) -> Iterator[tuple[int, Pixels]]:
        """Yield (index, pixels) from frame `start` to the last, as `FrameSource` asks.

        Raises:
            MediaError: a frame cannot be decoded.
        """
        with self._open() as image:
            for place in range(self._first + start, self._last):
                self._on_frame()
                try:
                    image.seek(place)
                    pixels = upright_pixels(image, self.facts.size)
                except MemoryError:
                    raise
                except Exception as error:  # a damaged picture can raise nearly anything
                    logger.info("picture not decoded: %s", error)
                    raise MediaError("This picture is damaged; please export it again.") from error
                yield place - self._first, pixels

    def frame(self, index: int) -> Pixels:
        """One frame; quick when one goes forward.

        Raises:
            MediaError: it cannot be decoded.
        """
        if self._cursor is None or index < self._cursor_index:
            self._cursor = self.decode(index)
        for found, pixels in self._cursor:
            if found == index:
                self._cursor_index = index + 1
                return pixels
        raise MediaError(f"Frame {index} can no longer be decoded; please open the clip again.")

    def _open(self) -> Image.Image:
        return open_still(cast(Any, self._view.again()), "This file", self._limits)

    def _ends(self, image: Image.Image, part: Part) -> list[Fraction]:
        """When each frame ends [s], as far as the limits reach."""
        ends: list[Fraction] = []
        end = Fraction(0)
        most = self._limits
        while end <= part.start or (end - part.start <= most.max_seconds and len(ends) <= most.max_frames):
            self._on_frame()
            try:
                image.seek(len(ends))
                image.load()
            except EOFError:
                break
            except MemoryError:
                raise
            except Exception as error:  # what can be read until here is the animation
                logger.info("animation ends early: %s", error)
                break
            length = Fraction(round(image.info.get("duration", 0)), 1000)
            end += length if length >= SHORTEST else USUAL
            ends.append(end)
        if not ends:
            raise MediaError("This picture is damaged; please export it again.")
        return ends
