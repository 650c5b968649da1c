"""From a decoded frame, as it is stored, to the picture that a person should see."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from media.clip_facts import Size
from media.frame import Picture, Pixels
from media.frame_filters import ColorTable
from media.limits import Limits
from media.planes import FAST, PIXEL_FORMAT, Planes
from media.tone_map import ColorCoding, screen_colors

COLORSPACE_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED

NEARLY_SQUARE = Fraction(1, 500)
"""Pixels this little off square come from sizes that were rounded; stretching would only blur the picture."""

# What does not take the fast path needs these flags, or it loses up to 3 ΔE.
ACCURATE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class Turn(NamedTuple):
    """How a stored picture is turned upright: first transposed, then mirrored."""

    is_transposed: bool = False
    is_mirrored_x: bool = False
    is_mirrored_y: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Turn:
        """Read the display matrix of a frame, rounded to the nearest of the eight quarter turns and mirrors.

        The nine numbers are read rather than `frame.rotation`, which cannot express a mirror.
        They map (x, y) to (a·x + c·y, b·x + d·y) with y downwards.
        """
        data = frame.side_data.get(SideDataType.DISPLAYMATRIX)  # type: ignore[call-overload]
        if data is None:
            return cls()
        a, b, _, c, d, *_ = (int(value) for value in np.frombuffer(bytes(data), np.int32))
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(is_transposed=True, is_mirrored_x=c < 0, is_mirrored_y=b < 0)
        return cls(is_mirrored_x=a < 0, is_mirrored_y=d < 0)

    def size(self, stored: Size) -> Size:
        """The size of the picture after the turn."""
        return Size(stored.width, stored.height) if self.is_transposed else stored

    def apply(self, pixels: Pixels) -> Pixels:
        """Turn a picture upright.

        Args:
            pixels: (H, W, 3) uint8.

        Returns:
            (H, W, 3) uint8, or (W, H, 3) when transposed; contiguous.
        """
        if self == Turn():
            return pixels
        whole = np.ascontiguousarray(pixels).view("V3")[..., 0]  # one item a pixel: thrice as fast to move
        if self.is_transposed:
            whole = whole.T
        whole = whole[:: -1 if self.is_mirrored_y else 1, :: -1 if self.is_mirrored_x else 1]
        return np.ascontiguousarray(whole)[..., None].view(np.uint8)


@dataclass(frozen=True)
class Upright:
    """What makes upright RGB pictures with square pixels of a clip's stored frames, all of one size.

    Attributes:
        displayed: size of the picture as it was made (height, width), upright, its pixels square.
        size: size with which it is taken: the same, or scaled down to the limits.
        turn: the quarter turn or mirror from stored to upright.
        coding: how its colours are coded.
    """

    displayed: Size
    size: Size
    turn: Turn
    coding: ColorCoding

    @classmethod
    def of(cls, frame: av.VideoFrame, sample_aspect_ratio: Fraction | None, limits: Limits) -> Upright:
        """Take orientation, size and colours from a clip's first frame; the width takes up the pixels' aspect.

        Raises:
            MediaError: the picture is too small or too narrow.
        """
        width = frame.width
        ratio = sample_aspect_ratio or Fraction(1)
        if ratio > 0 and abs(ratio - 1) > NEARLY_SQUARE:
            width = max(1, round(width * ratio))
        turn = Turn.of(frame)
        displayed = turn.size(Size(frame.height, width))
        return cls(displayed, limits.fit(displayed), turn, ColorCoding(frame.color_trc, frame.color_primaries))


class Developer:
    """Makes pictures of one clip's frames; keeps tables from frame to frame."""

    def __init__(self, upright: Upright) -> None:
        self._upright = upright
        self._scaled = upright.turn.size(upright.size)  # the size before the turn; a turn back has the same effect
        self._reformatter = VideoReformatter()
        self._colors = None if upright.coding.is_ordinary else ColorTable(screen_colors(upright.coding))

    def picture(self, frame: av.VideoFrame) -> Picture:
        """Make the picture of one frame: of the clip's size, and in planes if that is all that it takes.

        Args:
            frame: as decoded; may differ in size from the first, it is then scaled.
        """
        return Planes.of(frame) if self._is_ready(frame) else self._pixels(frame)

    def _is_ready(self, frame: av.VideoFrame) -> bool:
        """Whether a frame is stored just as `Planes` are."""
        return (
            (frame.height, frame.width) == self._scaled
            and self._upright.turn == Turn()
            and self._colors is None
            and frame.format.name == PIXEL_FORMAT
            and frame.color_range != ColorRange.JPEG
            and (_assumed_colorspace(frame) or frame.colorspace) == Colorspace.ITU709
            and frame.height % 2 == frame.width % 2 == 0
        )

    def _pixels(self, frame: av.VideoFrame) -> Pixels:
        is_same_size = (frame.height, frame.width) == self._scaled
        is_plain = is_same_size and self._colors is None and frame.format.name in ("yuv420p", "yuvj420p", "nv12")
        rgb = self._reformatter.reformat(
            frame,
            width=self._scaled.width,
            height=self._scaled.height,
            format="rgb24" if self._colors is None else "rgb48le",
            src_colorspace=_assumed_colorspace(frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=FAST if is_plain else ACCURATE,
            threads=1,
        )
        if self._colors is not None:
            rgb = self._colors.apply(rgb)
        return self._upright.turn.apply(np.asarray(rgb.to_ndarray(), np.uint8))


def _assumed_colorspace(frame: av.VideoFrame) -> Colorspace | None:
    """The matrix of a frame that does not say its own: bt709 for HD, bt601 below, as players assume."""
    if frame.format.is_rgb or frame.colorspace != COLORSPACE_UNSPECIFIED:
        return None
    is_hd = frame.width >= 1280 or frame.height > 576
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601
