"""Footage: any frame of a clip with its masks, for effects that look at more than one, within a bounded memory."""

from __future__ import annotations

import mmap
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, partial
from pathlib import Path as FilePath
from typing import Any, Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from app.projects.mask_folder import MaskFolder
from app.projects.mask_note import read_note
from effects.camera import Motion, measure_step
from effects.footage import Pictures
from effects.path import Path, Sighting, join_sightings, sight
from effects.setting import EffectError
from media.errors import MediaError
from media.frame import Frame
from media.limits import LOCAL, Limits
from media.video_clip import VideoClip

CACHE_BYTES = 256 * 2**20
"""What one footage keeps of frames and masks: about 90 frames of 1280×720."""
_PASSING = 3
"""The frame that is drawn on, and those beside it, at which its mattes look."""
_VIDEO_BYTES = 64 * 2**20
_KNOWN_SIGHTINGS = 50_000

Array = NDArray[Any]
Kept = TypeVar("Kept")


class ByteCache(Generic[Kept]):
    """What was used last, up to so many bytes; one thing is always kept."""

    def __init__(self, most_bytes: int, bytes_of: Callable[[Kept], int]) -> None:
        self.most_bytes = most_bytes
        self.num_bytes = 0
        self._bytes_of = bytes_of
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def find(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What is known by that key; made now if nothing is."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        return self.keep(key, make())

    def keep(self, key: Hashable, found: Kept) -> Kept:
        """Remember something by a key; gives back what is kept."""
        if key not in self._kept:
            self._kept[key] = found
            self.num_bytes += self._bytes_of(found)
            while self.num_bytes > self.most_bytes and len(self._kept) > 1:
                self.num_bytes -= self._bytes_of(self._kept.popitem(last=False)[1])
        return self._kept[key]

    def drop(self, is_gone: Callable[[Any], bool]) -> None:
        """Forget what is kept by those keys."""
        for key in [key for key in self._kept if is_gone(key)]:
            self.num_bytes -= self._bytes_of(self._kept.pop(key))


class ArrayCache(ByteCache[Array]):
    """The arrays used last, read-only."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes, lambda array: array.nbytes)

    def keep(self, key: Hashable, found: Array) -> Array:
        return super().keep(key, _sealed(_apart(found)))


def _apart(array: Array) -> Array:
    """A copy in pages of its own. What outlives many frames would else come to lie among what each frame needs for a
    moment, and leave gaps between which the next does not fit: memory grew with the clip."""
    if array.nbytes < mmap.PAGESIZE:
        return array
    copy: Array = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _sealed(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


class ClipFootage:
    """A clip's frames and masks by number, as `effects.ClipFrames` wants them.

    Rendering goes through the clip in order and hands each frame over with `remember`: what an effect asks of the
    frames just passed is then in memory, and nothing is decoded twice or sought for. Not for several threads at once.
    """

    def __init__(
        self,
        read: Callable[[int], Array],
        masks: MaskFolder,
        *,
        num_frames: int,
        fps: float,
        size: tuple[int, int],
        full_size: tuple[int, int] | None = None,
        cache_bytes: int = CACHE_BYTES,
        video_limits: Limits = LOCAL,
    ) -> None:
        """Stand on a way to read frames.

        Args:
            read: gives the pixels (H, W, 3) uint8 of a frame; asked for those alone that are not in memory.
            masks: the clip's masks.
            num_frames, fps: of the clip.
            size: (height, width) of the frames that `read` gives [px].
            full_size: that of the masks, where the frames are smaller [px].
            cache_bytes: how much may be kept.
            video_limits: how large a video that an effect shows may be; those of the clip itself.
        """
        self._read, self._masks = read, masks
        self.num_frames, self.fps, self.size = num_frames, fps, size
        self._full_size = full_size or size
        self._cache = ArrayCache(cache_bytes)
        self._video_limits = video_limits
        self._paths: dict[tuple[int, ...] | None, Path] = {}
        self._steps: dict[int, Motion] = {}
        self._is_asked = False
        self._passing: dict[int, Frame] = {}

    def remember(self, frame: Frame) -> None:
        """Hand over a frame that was decoded anyway: it is at hand, with the two before it, without being converted.

        Earlier ones are kept too, once any effect has asked for frames at all.
        """
        self._passing[frame.index] = frame
        while len(self._passing) > _PASSING:
            oldest = self._passing.pop(next(iter(self._passing)))
            if self._is_asked:
                self._cache.keep(oldest.index, oldest.pixels)

    def pixels(self, index: int) -> Array:
        """(H, W, 3) uint8 RGB of a frame before any layer, read-only."""
        self._is_asked = True
        return self.pixels_beside(index)

    def pixels_beside(self, index: int) -> Array:
        """The same for whoever never looks further than to the frames beside the one that is drawn on."""
        passing = self._passing.get(index)
        return self._cache.find(index, lambda: self._read(index)) if passing is None else _sealed(passing.pixels)

    def masks(self, index: int) -> Mapping[int, Array]:
        """Object id → mask (H, W) of that frame."""
        found = {}
        for object_id in self._masks.object_ids():
            mask = self._cache.find((index, object_id), partial(self._mask, object_id, index))
            if mask.size:
                found[object_id] = mask
        return found

    def _mask(self, object_id: int, index: int) -> Array:
        mask = self._masks.read(object_id, index)
        if mask is None:
            return np.zeros((0, 0), bool)
        return mask if mask.shape == self.size else shrink_mask(mask, self.size)

    def path(self, object_ids: tuple[int, ...] | None) -> Path:
        """Where these objects are, taken as one, on each frame of the clip; all objects for None."""
        if object_ids not in self._paths:
            ids = self._masks.object_ids() if object_ids is None else object_ids
            found = [
                join_sightings(sighting_of(self._masks.path(each, index)) for each in ids)
                for index in range(self.num_frames)
            ]
            factors = self.size[1] / self._full_size[1], self.size[0] / self._full_size[0]
            tracked = [all(self._masks.path(each, index).exists() for each in ids) for index in range(self.num_frames)]
            self._paths[object_ids] = Path([_scaled(each, *factors) for each in found], tracked)
        return self._paths[object_ids]

    def camera_step(self, index: int) -> Motion:
        """How the ground moves from frame `index` to the next; measured once."""
        if index not in self._steps:
            self._steps[index] = measure_step(self.pixels(index), self.pixels(index + 1), self.masks(index))
        return self._steps[index]

    def video(self, path: str) -> Pictures:
        """The frames of another video file; raises `EffectError` where it cannot be read."""
        try:
            return _open_video(path, os.stat(path).st_mtime_ns, self._video_limits)
        except OSError:
            raise EffectError(f"there is no video {FilePath(path).name}; choose another one") from None


def clip_footage(clip: VideoClip, masks: MaskFolder) -> ClipFootage:
    """The footage of an opened clip, at its full size."""
    size = (clip.size[0], clip.size[1])

    def read(index: int) -> Array:
        return clip.frame(index).pixels

    return ClipFootage(
        read, masks, num_frames=clip.num_frames, fps=float(clip.fps), size=size, video_limits=clip.limits
    )


def shrink_mask(mask: Array, size: tuple[int, int]) -> Array:
    """A mask (H, W) bool as a matte of another size: a pixel that the edge cuts is part of both."""
    grey = np.multiply(mask, np.uint8(255), dtype=np.uint8)  # a quarter of what floats cost, and as fine as a picture
    small = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.divide(small, 255, out=small)


def sighting_of(path: FilePath) -> Sighting | None:
    """Where the object of a mask file is; looked up once for each state of the file, since a path asks for all."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return _found(path, facts.st_mtime_ns, facts.st_ino)


@lru_cache(maxsize=_KNOWN_SIGHTINGS)
def _found(path: FilePath, modified: int, inode: int) -> Sighting | None:
    note = read_note(path)
    if note is not None and note.box is not None:  # noted when the mask was made: nothing is decoded
        return Sighting(*note.box, note.x + 0.5, note.y + 0.5, note.area)
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return None if mask is None else sight(mask >= 128)


def _scaled(found: Sighting | None, across: float, down: float) -> Sighting | None:
    if found is None or across == down == 1:
        return found
    x0, y0, x1, y1, x, y, area = found
    return Sighting(x0 * across, y0 * down, x1 * across, y1 * down, x * across, y * down, area * across * down)


class _Video:
    """A video that an effect shows, opened once; several previews may ask it at the same time."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._clip = VideoClip.open(path, limits=limits)
        self._cache = ArrayCache(_VIDEO_BYTES)
        self._lock = threading.Lock()
        self.num_frames, self.fps = self._clip.num_frames, float(self._clip.fps)

    def pixels(self, index: int) -> Array:
        with self._lock:
            return self._cache.find(index, lambda: self._clip.frame(index).pixels)


@lru_cache(maxsize=4)
def _open_video(path: str, modified: int, limits: Limits) -> _Video:
    try:
        return _Video(path, limits)
    except MediaError as error:
        raise EffectError(f"{FilePath(path).name} cannot be shown: {error}") from error
