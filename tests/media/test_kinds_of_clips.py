"""HDR, interlaced, too long, too large, animated, still, zipped, in a photo: each becomes a clip that looks right."""

from __future__ import annotations

import io
import subprocess
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from media import LOCAL, MediaError, Pixels, VideoClip, VideoWriter
from media.motion_photo import copy_upload
from tests.media.clips import (
    FFMPEG,
    X264,
    click_sound,
    color_difference,
    corner_error,
    ffmpeg,
    picture,
    read_index,
    write_clip,
)
from tests.media.test_writing import onset

HDR_LIGHTS = (1.0, 10.0, 50.0, 100.0, 203.0, 400.0, 1000.0)
"""What an HDR picture shows from left to right [cd/m²]."""


def write_hdr(path: Path, transfer: str, colors: np.ndarray) -> Path:
    """Write coded colours (N, 3) 0–1 as stripes of a 10-bit bt2020 clip, with nothing of ours."""
    stripes = np.repeat(np.repeat(colors[None], 64, 0), 32, 1)
    raw = np.round(stripes * 65535).astype("<u2").tobytes() * 3
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{stripes.shape[1]}x64", "-r", "25", "-i", "pipe:0", "-vf",
           "scale=out_color_matrix=bt2020nc:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p10le,"
           f"setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}:range=tv",
           "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:lossless=1:pools=none",
           path, stdin=raw)  # fmt: skip
    return path


def stripes_of(pixels: Pixels) -> Pixels:
    return pixels[32, 16::32]


def pq(light: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084, from light [cd/m²] to code 0–1."""
    power = (light / 10000) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def test_hdr_is_toned_down_as_a_person_would_expect(tmp_path: Path) -> None:
    greys = np.repeat(pq(np.array(HDR_LIGHTS))[:, None], 3, axis=1)
    with VideoClip.open(write_hdr(tmp_path / "a.mp4", "smpte2084", greys)) as clip:
        found = stripes_of(clip.frame(1).pixels).astype(int)
        assert "HDR" in clip.notices[0]
    assert np.ptp(found, axis=1).max() <= 2, "grey stays grey"
    shown = found.mean(axis=1)
    assert (np.diff(shown) > 3).all(), "brighter stays brighter"
    # Dark and middle tones are shown with the light they have, on a screen whose white is at 203 cd/m².
    for light, value in list(zip(HDR_LIGHTS, shown, strict=True))[:3]:
        assert value == pytest.approx(255 * (light / 203) ** (1 / 2.2), abs=4)
    assert 215 <= shown[4] <= 240, "paper white is bright, with room above it"
    assert shown[-1] >= 253


def test_hlg_reference_white_is_bright_and_colours_keep_their_hue(tmp_path: Path) -> None:
    skin = np.array([0.60, 0.50, 0.43])
    colors = np.array([[0.75] * 3, [0.38] * 3, [0, 0, 0], skin, [0.7, 0.1, 0.1], [0.1, 0.1, 0.7]])
    with VideoClip.open(write_hdr(tmp_path / "a.mp4", "arib-std-b67", colors)) as clip:
        white, grey, black, skin_shown, red, blue = stripes_of(clip.frame(1).pixels).astype(int)
    assert 215 <= white.min() <= white.max() <= 240  # 75 % is paper white in BT.2408
    assert 100 <= grey.mean() <= 140  # 38 % is an 18 % grey card
    assert black.max() <= 2
    assert skin_shown[0] > skin_shown[1] > skin_shown[2]
    assert red.argmax() == 0
    assert blue.argmax() == 2


def test_toning_down_agrees_with_another_reader(tmp_path: Path) -> None:
    """zscale and tonemap of the bundled ffmpeg roll highlights off otherwise, but middle tones must be alike."""
    generator = np.random.default_rng(3)
    lights = generator.uniform(2, 60, (12, 3))
    path = write_hdr(tmp_path / "a.mp4", "smpte2084", pq(lights))
    chain = "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=clip,zscale=t=linear,format=gbrpf32le"
    raw = subprocess.run(
        [FFMPEG, "-loglevel", "error", "-i", path, "-vf", chain, "-frames:v", "1", "-f", "rawvideo", "pipe:1"],
        capture_output=True,
        check=True,
    ).stdout
    green, blue, red = np.frombuffer(raw, "<f4").reshape(3, 64, -1)
    linear = np.stack([red, green, blue], -1)[32, 16::32]
    wanted = np.round(255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    with VideoClip.open(path) as clip:
        mean, _ = color_difference(stripes_of(clip.frame(0).pixels), wanted)
    assert mean < 2


def test_wide_gamut_without_hdr_keeps_its_colours(tmp_path: Path) -> None:
    """A colour of bt709, told in bt2020, is shown as it was."""
    colors = np.array([[200, 60, 50], [60, 160, 70], [60, 80, 190], [180, 180, 180]], np.uint8)
    to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    coded = ((colors / 255.0) ** 2.2 @ to_2020.T) ** (1 / 2.2)
    with VideoClip.open(write_hdr(tmp_path / "a.mp4", "bt2020-10", coded)) as clip:
        mean, worst = color_difference(stripes_of(clip.frame(0).pixels), colors)
        assert clip.notices == ()
    assert mean < 1
    assert worst < 2


def moving_bar(num_fields: int) -> list[Pixels]:
    fields = []
    for field in range(num_fields):
        pixels = np.full((96, 128, 3), 40, np.uint8)
        pixels[:, 10 + 4 * field : 26 + 4 * field] = 220
        fields.append(pixels)
    return fields


@pytest.fixture(scope="module")
def interlaced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bar that moves from field to field, as a camera of long ago records it."""
    path = tmp_path_factory.mktemp("clips") / "a.mp4"
    raw = b"".join(pixels.tobytes() for pixels in moving_bar(24))
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x96", "-r", "50", "-i", "pipe:0", "-vf",
           "interlace=scan=tff:lowpass=off", *X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1:keyint=4",
           "-pix_fmt", "yuv420p", path, stdin=raw)  # fmt: skip
    return path


def combing(pixels: Pixels) -> float:
    """How much neighbouring lines differ [grey levels]."""
    lines = pixels[..., 1].astype(float)
    return float(np.abs(np.diff(lines[8:-8], axis=0)).mean())


def test_interlaced_clips_lose_their_combs_and_no_frame(interlaced: Path) -> None:
    with av.open(str(interlaced)) as container:
        combed = [combing(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    with VideoClip.open(interlaced) as clip:
        frames = list(clip.frames())
        assert clip.num_frames == len(combed) == 12
        assert clip.times == tuple(Fraction(k, 25) for k in range(12))
        assert max(combing(frame.pixels) for frame in frames) < min(combed) / 4
        # The first field of each frame is what is shown: the bar is where it then was.
        for frame, field in zip(frames, moving_bar(24)[::2], strict=True):
            assert np.abs(frame.pixels[48].astype(int) - field[48]).mean() < 6
        for index in (11, 3, 4, 0, 7, 8, 5):
            np.testing.assert_array_equal(clip.frame(index).pixels, frames[index].pixels)
        np.testing.assert_array_equal(next(clip.frames(5)).pixels, frames[5].pixels)


def test_picture_that_is_too_large_is_scaled_down_with_a_notice(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", size=(240, 320))
    with VideoClip.open(path, limits=replace(LOCAL, max_side=160)) as clip:
        assert clip.size == (120, 160)
        assert "320×240 to 160×120" in clip.notices[0]
        assert [read_index(frame.pixels) for frame in clip.frames()] == list(range(12))
        assert corner_error(clip.frame(3).pixels) < 8
    with VideoClip.open(path, limits=replace(LOCAL, max_pixels=100 * 100)) as clip:
        assert clip.size == (86, 114)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts", "a.mpg"])
@pytest.mark.parametrize("on_the_way", [False, True])
def test_part_of_a_clip(tmp_path: Path, name: str, on_the_way: bool) -> None:
    h264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-bf", "2", "-g", "15", "-threads", "1")
    codec = ("-c:v", "mpeg4", "-q:v", "3", "-g", "15") if name == "a.avi" else h264  # AVI has no place for B-frames
    codec = ("-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2") if name == "a.mpg" else codec
    path = write_clip(tmp_path / name, num_frames=75, codec=codec)
    seen: dict[int, int] = {}

    def on_picture(index: int, pixels: Pixels) -> None:
        seen[index] = read_index(pixels)

    with VideoClip.open(path, start=1.0, stop=2.0, on_picture=on_picture if on_the_way else None) as clip:
        assert clip.num_frames == 25
        assert [float(time) for time in clip.times] == pytest.approx([k / 25 for k in range(25)], abs=0.0015)
        assert [read_index(frame.pixels) for frame in clip.frames()] == list(range(25, 50))
        assert [read_index(clip.frame(index).pixels) for index in (24, 0, 11)] == [49, 25, 36]
        assert "1.0 to 2.0 seconds" in clip.notices[0]
        assert float(clip.facts.cut) == pytest.approx(1, abs=0.0015)
        assert clip.facts.is_trimmed
    assert not on_the_way or seen == {index: index + 25 for index in range(25)}
    with VideoClip.open(path, start=1.51) as clip:  # the frame that is shown then is the first
        assert read_index(clip.frame(0).pixels) == 37
        assert clip.num_frames == 75 - 37
    with VideoClip.open(path, start=0.4, limits=replace(LOCAL, max_seconds=Fraction(1))) as clip:
        assert [read_index(frame.pixels) for frame in clip.frames()] == list(range(10, 35))
        assert "1 seconds" in clip.notices[0]
    with pytest.raises(MediaError, match="ends after 3"):
        VideoClip.open(path, start=5)
    for start, stop in ((-1, None), (2, 2), (2, 1)):
        with pytest.raises(MediaError, match="must begin at 0"):
            VideoClip.open(path, start=start, stop=stop)


def test_part_of_a_clip_keeps_its_sound(tmp_path: Path) -> None:
    """A tone that begins at 1.5 s is heard half a second into what begins at 1 s; read by a plain reader."""
    path = write_clip(tmp_path / "a.mp4", num_frames=75, sound=click_sound(1.5, 3))
    with VideoClip.open(path, start=1, stop=2.2) as clip, VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
        for frame in clip.frames():
            writer.write(frame.pixels, frame.time)
    with av.open(str(tmp_path / "b.mp4")) as container:
        parts = [
            (float(frame.time or 0), frame.to_ndarray()[0], frame.sample_rate) for frame in container.decode(audio=0)
        ]
    loud = next(time + np.argmax(np.abs(wave) > 0.2) / rate for time, wave, rate in parts if (np.abs(wave) > 0.2).any())
    assert loud == pytest.approx(0.5, abs=0.04)
    assert parts[-1][0] < 1.3


def test_a_part_of_a_long_clip_is_reached_without_decoding_what_lies_before(tmp_path: Path) -> None:
    """It fits into a limit of time in which the whole clip does not."""
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "250", "-threads", "1")
    path = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1200", *codec, "-pix_fmt", "yuv420p", path)
    packets: list[int] = []
    with VideoClip.open(path, start=1100, stop=1101, on_picture=lambda index, _: packets.append(index)) as clip:
        assert clip.num_frames == 25
        assert clip.facts.file_duration == 1200
        assert float(clip.facts.cut) == pytest.approx(1100)
    assert packets == list(range(25))


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_animated_pictures(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    images = [Image.fromarray(picture(index)) for index in range(8)]
    images[0].save(path, kind, save_all=True, append_images=images[1:], duration=[40] * 4 + [100] * 4, lossless=True,
                   quality=100)  # fmt: skip
    with VideoClip.open(path) as clip:
        assert clip.times == tuple(Fraction(ms, 1000) for ms in (0, 40, 80, 120, 160, 260, 360, 460))
        assert clip.duration == Fraction(56, 100)
        assert [read_index(frame.pixels) for frame in clip.frames()] == list(range(8))
        assert [read_index(clip.frame(index).pixels) for index in (5, 2, 7)] == [5, 2, 7]
        assert corner_error(clip.frame(1).pixels) <= 2
        assert clip.notices == ()
    with VideoClip.open(path, start=0.1, stop=0.3) as clip:
        assert [read_index(frame.pixels) for frame in clip.frames()] == [2, 3, 4, 5]
        assert clip.times[0] == 0


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_still_is_one_frame_and_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    exif = Image.Exif()
    is_lying = suffix in (".jpg", ".avif")
    exif[0x0112] = 6 if is_lying else 1
    stored = np.rot90(picture(5)).copy() if is_lying else picture(5)
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    with VideoClip.open(path) as clip:
        assert (clip.num_frames, clip.size, clip.duration) == (1, (96, 128), 1)
        assert corner_error(clip.frame(0).pixels) < 10
        assert "still picture" in clip.notices[0]
    (tmp_path / f"broken{suffix}").write_bytes(path.read_bytes()[:300])
    with pytest.raises(MediaError):
        VideoClip.open(tmp_path / f"broken{suffix}")


def test_transparent_still_lies_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (200, 0, 0, 0)).save(tmp_path / "a.png")
    with VideoClip.open(tmp_path / "a.png") as clip:
        assert clip.frame(0).pixels.min() == 255


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def png(index: int, **size: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(index, **size)).save(buffer, "PNG")
    return buffer.getvalue()


def test_zip_of_numbered_frames_is_read_in_place(tmp_path: Path) -> None:
    files = {f"shot/frame_{k}.png": png(k) for k in (10, 9, 2)}
    files |= {"__MACOSX/shot/._frame_1.png": b"x", "../../escape_11.png": png(11), "/etc/readme.txt": b"no image"}
    path = zip_of(tmp_path / "a.zip", files)
    with VideoClip.open(path, image_fps=10) as clip:
        assert [read_index(frame.pixels) for frame in clip.frames()] == [2, 9, 10, 11]
        assert clip.times[-1] == Fraction(3, 10)
        assert read_index(clip.frame(1).pixels) == 9
    with VideoClip.open(path, image_fps=10, start=0.1, stop=0.2) as clip:
        assert [read_index(frame.pixels) for frame in clip.frames()] == [9]
    assert sorted(file.name for file in tmp_path.parent.rglob("*escape*")) == []


def test_zips_that_are_no_clip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no numbered"):
        VideoClip.open(zip_of(tmp_path / "a.zip", {"notes.txt": b"hello"}))
    with pytest.raises(MediaError, match="one size"):
        VideoClip.open(zip_of(tmp_path / "b.zip", {"0.png": png(0), "1.png": png(1, height=48, width=64)}))
    whole = zip_of(tmp_path / "c.zip", {"0.png": png(0)}).read_bytes()
    (tmp_path / "d.zip").write_bytes(whole[:100])
    with pytest.raises(MediaError, match="damaged"):
        VideoClip.open(tmp_path / "d.zip")
    bomb = zip_of(tmp_path / "e.zip", {"0.png": bytes(300 * 2**20)})
    assert bomb.stat().st_size < 2**20
    with pytest.raises(MediaError, match="too large"):
        VideoClip.open(bomb)


def test_photo_that_holds_a_video(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", sound=click_sound(0.1, 0.5)).read_bytes()
    buffer = io.BytesIO()
    Image.fromarray(picture(99)).save(buffer, "JPEG")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(buffer.getvalue() + video)
    with VideoClip.open(photo) as clip:
        assert [read_index(frame.pixels) for frame in clip.frames()] == list(range(12))
        assert clip.has_audio
        with VideoWriter(tmp_path / "b.mp4", like=clip) as writer:
            for frame in clip.frames():
                writer.write(frame.picture, frame.time)
    assert onset(tmp_path / "b.mp4") == pytest.approx(0.1, abs=0.03)
    copied = copy_upload(photo, tmp_path, "copied", ".jpg")
    assert copied.name == "copied.mp4"
    assert copied.read_bytes() == video
    with VideoClip.open(copied) as clip:
        assert clip.has_audio
    plain = tmp_path / "plain.jpg"
    plain.write_bytes(buffer.getvalue())
    assert copy_upload(plain, tmp_path, "same", ".jpg").read_bytes() == plain.read_bytes()


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(2000)


def test_photo_that_is_packed_as_a_video_is_none(tmp_path: Path) -> None:
    """FFmpeg would show one tile of it."""
    for name in ("a.heic", "a.mp4", "a.avif"):
        (tmp_path / name).write_bytes(HEIC)
        with pytest.raises(MediaError, match="save it as a JPEG"):
            VideoClip.open(tmp_path / name)
    video = write_clip(tmp_path / "b.mp4", sound=click_sound(0.1, 0.5)).read_bytes()
    photo = tmp_path / "motion.heic"
    photo.write_bytes(HEIC + video)
    with VideoClip.open(photo) as clip:
        assert (clip.num_frames, clip.has_audio) == (12, True)
    assert copy_upload(photo, tmp_path, "copied", ".heic").read_bytes() == video


def test_addresses_are_no_clips() -> None:
    for address in (
        "http://127.0.0.1:9/a.mp4",
        "https://example.org/a.mp4",
        "rtsp://127.0.0.1/a",
        "file:///etc/hostname",
    ):
        with pytest.raises(MediaError, match="no file or folder"):
            VideoClip.open(address)


def test_animated_gif(tmp_path: Path) -> None:
    raw = b"".join(cv2.resize(picture(index), (128, 96)).tobytes() for index in range(6))
    ffmpeg(
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x96", "-r", "10", "-i", "pipe:0", tmp_path / "a.gif", stdin=raw
    )
    with VideoClip.open(tmp_path / "a.gif") as clip:
        assert clip.fps == 10
        assert [read_index(frame.pixels) for frame in clip.frames()] == list(range(6))
