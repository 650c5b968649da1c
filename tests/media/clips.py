"""Makes small clips whose frames say which they are: a bar code of the index and a colour in each corner."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from media import Pixels

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
BITS = 8
CORNERS = {
    "top left": (210, 40, 30),
    "top right": (30, 170, 60),
    "bottom left": (40, 60, 200),
    "bottom right": (220, 200, 40),
}
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-threads", "1")
TO_709 = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int"
TAGS_709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")


def picture(index: int, height: int = 96, width: int = 128) -> Pixels:
    """A frame: corner colours above and below, the index as black and white bars between them."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    h, w = height // 3, width // 3
    places = ((slice(0, h), slice(0, w)), (slice(0, h), slice(width - w, width)))
    places += tuple((slice(height - h, height), columns) for _, columns in places)
    for place, color in zip(places, CORNERS.values(), strict=True):
        pixels[place] = color
    for bit in range(BITS):
        columns = slice(width * bit // BITS, width * (bit + 1) // BITS)
        pixels[h : height - h, columns] = 235 if index >> bit & 1 else 20
    return pixels


def read_index(pixels: Pixels) -> int:
    """The index that a frame carries."""
    height, width = pixels.shape[:2]
    centres = [int(width * (bit + 0.5) / BITS) for bit in range(BITS)]
    row = pixels[height // 2 - 2 : height // 2 + 2].mean(axis=(0, 2))
    return sum(int(row[x] > 128) << bit for bit, x in enumerate(centres))


def corner_error(pixels: Pixels) -> float:
    """The largest difference of any corner's colour from what was drawn [grey levels]."""
    height, width = pixels.shape[:2]
    y, x = height // 8, width // 8
    found = [pixels[row, column] for row in (y, height - y) for column in (x, width - x)]
    return float(np.abs(np.array(found, float) - np.array(list(CORNERS.values()), float)).max())


def ffmpeg(*arguments: str | Path, stdin: bytes | None = None) -> bytes:
    """Run ffmpeg and give back what it writes to its output."""
    command = [FFMPEG, "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def write_clip(
    path: Path,
    *,
    num_frames: int = 12,
    fps: int | str = 25,
    size: tuple[int, int] = (96, 128),
    video_filter: str = "null",
    codec: tuple[str, ...] = X264,
    sound: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
) -> Path:
    """Write a clip with ffmpeg.

    Args:
        path: its name decides the container.
        num_frames: at most 256.
        fps: frames a second.
        size: (height, width) of what is drawn.
        video_filter: what ffmpeg does to it before encoding.
        codec: encoder and its options.
        sound: an input of ffmpeg to take the sound from.
        options: further output options.
    """
    height, width = size
    raw = b"".join(picture(index, height, width).tobytes() for index in range(num_frames))
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "pipe:0")
    maps = ("-map", "0:v", "-map", "1:a", "-c:a", "aac", "-ac", "1") if sound else ("-map", "0:v")
    vf = f"{TO_709},setparams=color_primaries=bt709:color_trc=bt709,{video_filter}"
    ffmpeg(*source, *sound, *maps, "-vf", vf, *codec, "-pix_fmt", "yuv420p", *TAGS_709, *options, path, stdin=raw)
    return path


def turned_clip(path: Path, stored: str, display: tuple[str, ...], **kwargs: object) -> Path:
    """Write a clip whose pixels are stored turned, with a display matrix that makes them upright again."""
    lying = write_clip(path.with_name("lying.mp4"), video_filter=stored, **kwargs)  # type: ignore[arg-type]
    ffmpeg(*display, "-i", lying, "-map", "0", "-c", "copy", path)
    return path


def click_sound(at: float, seconds: float) -> tuple[str, ...]:
    """An input of ffmpeg: silence, and a tone that begins at `at` [s]."""
    return ("-f", "lavfi", "-i", f"aevalsrc='if(gte(t,{at}),0.7*sin(2*PI*1000*t),0)':s=44100:d={seconds}")


def color_difference(found: Pixels, wanted: Pixels) -> tuple[float, float]:
    """Mean and largest ΔE76 between two lists of colours (N, 3) in sRGB 0–255."""
    labs = [cv2.cvtColor((colors / 255.0).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0] for colors in (found, wanted)]
    distances = np.linalg.norm(labs[0] - labs[1], axis=1)
    return float(distances.mean()), float(distances.max())
