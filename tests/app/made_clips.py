"""Small clips whose every frame is known, and a network whose every answer is the same each time."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (48, 64)
NUM_FRAMES = 12
FPS = 10


def square_mask(index: int) -> np.ndarray:
    """(48, 64) bool: a square of 16 px that moves 2 px a frame."""
    mask = np.zeros(SIZE, dtype=bool)
    mask[16:32, 8 + 2 * index : 24 + 2 * index] = True
    return mask


def picture(index: int) -> np.ndarray:
    """(48, 64, 3) uint8: a bright square over a slope of grey, the corner block telling the index."""
    pixels = np.repeat(np.linspace(60, 120, SIZE[1], dtype=np.uint8)[None, :, None], SIZE[0], axis=0)
    pixels = np.repeat(pixels, 3, axis=2)
    pixels[square_mask(index)] = (230, 80, 40)
    pixels[:8, :8] = 20 * (index % 12)
    return pixels


def make_clip(path: Path, *, num_frames: int = NUM_FRAMES, with_sound: bool = False) -> Path:
    """Write a lossless-looking H.264 clip of `picture`s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "6", "g": "6"})
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuv420p"
        sound = container.add_stream("aac", rate=16000) if with_sound else None
        for index in range(num_frames):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            tone = np.sin(np.arange(16000 * num_frames // FPS) / 8).astype(np.float32)[None]
            audio = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            audio.sample_rate, audio.pts = 16000, 0
            container.mux(sound.encode(audio))
            container.mux(sound.encode(None))
    return path


def make_sound_file(path: Path) -> Path:
    """A file that is no video: one second of silence."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return path


def decode(path: Path) -> tuple[list[np.ndarray], list[Fraction], float]:
    """Read a file back with PyAV alone: pictures (H, W, 3), their times [s], and the seconds of sound."""
    pictures, times, samples, rate = [], [], 0, 1
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.time_base is not None
            assert frame.pts is not None
            pictures.append(frame.to_ndarray(format="rgb24"))
            times.append(frame.pts * frame.time_base)
        if container.streams.audio:
            container.seek(0)
            for sound in container.decode(audio=0):
                samples, rate = samples + sound.samples, sound.sample_rate
    return pictures, times, samples / rate
