"""From a decoded frame, as it is stored, to the picture that a person should see."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from media.clip_facts import Size
from media.frame import Pixels

COLORSPACE_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
TRANSFER_PQ, TRANSFER_HLG = 16, 18  # FFmpeg's AVCOL_TRC_SMPTE2084 and AVCOL_TRC_ARIB_STD_B67

# Straight 8-bit 4:2:0 has a hand-written path that is 30 times as fast as the general one and as
# true on flat colours; the general one needs these flags or it loses up to 3 ΔE.
FAST = Interpolation.BILINEAR
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
        if self.is_transposed:
            pixels = np.asarray(cv2.transpose(pixels), np.uint8)
        if self.is_mirrored_x:
            pixels = np.asarray(cv2.flip(pixels, 1), np.uint8)
        if self.is_mirrored_y:
            pixels = np.asarray(cv2.flip(pixels, 0), np.uint8)
        return pixels


@dataclass(frozen=True)
class Upright:
    """Turns stored frames of one clip into upright RGB pictures with square pixels, all of one size.

    Attributes:
        scaled: size of the stored picture once its pixels are square.
        turn: the quarter turn or mirror that follows.
    """

    scaled: Size
    turn: Turn

    @classmethod
    def of(cls, frame: av.VideoFrame, sample_aspect_ratio: Fraction | None) -> Upright:
        """Take orientation and size from a clip's first frame; the width takes up the pixels' aspect."""
        width = frame.width
        if sample_aspect_ratio is not None and sample_aspect_ratio > 0:
            width = max(1, round(width * sample_aspect_ratio))
        return cls(Size(frame.height, width), Turn.of(frame))

    @property
    def size(self) -> Size:
        """Displayed size (height, width)."""
        return self.turn.size(self.scaled)

    def pixels(self, frame: av.VideoFrame, reformatter: VideoReformatter) -> Pixels:
        """Convert one frame.

        Args:
            frame: as decoded; may differ in size from the first, it is then scaled.
            reformatter: keeps its tables from frame to frame.

        Returns:
            (H, W, 3) uint8 RGB of `size`.
        """
        is_same_size = (frame.height, frame.width) == self.scaled
        is_plain = is_same_size and frame.format.name in ("yuv420p", "yuvj420p", "nv12")
        rgb = reformatter.reformat(
            frame,
            width=self.scaled.width,
            height=self.scaled.height,
            format="rgb24",
            src_colorspace=_assumed_colorspace(frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=FAST if is_plain else ACCURATE,
            threads=1,
        )
        return self.turn.apply(np.asarray(rgb.to_ndarray(), np.uint8))


def _assumed_colorspace(frame: av.VideoFrame) -> Colorspace | None:
    """The matrix of a frame that does not say its own: bt709 for HD, bt601 below, as players assume."""
    if frame.format.is_rgb or frame.colorspace != COLORSPACE_UNSPECIFIED:
        return None
    is_hd = frame.width >= 1280 or frame.height > 576
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether a frame's brightness is coded as PQ or HLG, which an ordinary screen shows washed out."""
    return frame.color_trc in (TRANSFER_PQ, TRANSFER_HLG)
