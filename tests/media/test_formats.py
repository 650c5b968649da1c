"""Every format: what is in the file, told by ffmpeg's own decoders and Pillow, not by our reader."""

from __future__ import annotations

import io
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from media import FORMATS, MediaError, Pixels, VideoClip, VideoWriter, choose_format, format_names
from media.format import Format
from media.formats import format_of_suffix
from tests.media.clips import click_sound, color_difference, ffmpeg, picture, read_index, write_clip
from tests.media.test_writing import UNEVEN, onset, shown_times

VIDEOS = [each for each in FORMATS if each.is_video]
WITH_ALPHA = [each for each in FORMATS if each.has_alpha]
SIZE = (96, 128)


def named(formats: list[Format]) -> list[object]:
    return [pytest.param(each, id=f"{each.name} {each.quality}") for each in formats]


@pytest.fixture(scope="module")
def late_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames at uneven times from 0.4 s on, with a click at 0.5 s."""
    folder = tmp_path_factory.mktemp("late")
    silent = write_clip(folder / "silent.mp4", num_frames=24, **UNEVEN)
    ffmpeg(*click_sound(0.5, 2.9), "-itsoffset", "0.4", "-i", silent, "-map", "1:v", "-map", "0:a", "-c:v", "copy",
           "-c:a", "aac", folder / "a.mp4")  # fmt: skip
    return folder / "a.mp4"


def alpha_of(index: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W) uint8: a moving block with a soft right edge."""
    alpha = np.zeros(size, np.uint8)
    left = 8 + 2 * index
    alpha[20:76, left : left + 40] = 255
    alpha[20:76, left + 40 : left + 48] = np.linspace(224, 32, 8).astype(np.uint8)
    return alpha


def write(source: Path, target: Path, format: Format, *, with_alpha: bool = False) -> Path:
    """Write a clip again, unchanged or cut out by `alpha_of`."""
    with VideoClip.open(source) as clip, VideoWriter(target, like=clip, format=format) as writer:
        for frame in clip.frames():
            alpha = alpha_of(frame.index, clip.size)
            writer.write(np.dstack([frame.pixels, alpha]) if with_alpha else frame.pixels, frame.time)
    return target


def decode(path: Path, channels: str = "rgb24", size: tuple[int, int] = SIZE) -> Pixels:
    """All frames (N, H, W, 3 or 4) as ffmpeg decodes them; its own VP9 decoder knows no alpha, libvpx does."""
    decoder = ("-c:v", "libvpx-vp9") if path.suffix == ".webm" else ()
    scaled = "scale=flags=bicubic+accurate_rnd+full_chroma_int"
    raw = ffmpeg(*decoder, "-i", path, "-vf", scaled, "-fps_mode", "passthrough", "-pix_fmt", channels,
                 "-f", "rawvideo", "-")  # fmt: skip
    return np.frombuffer(raw, np.uint8).reshape(-1, *size, 3 if channels == "rgb24" else 4)


@pytest.mark.parametrize("format", named(VIDEOS))
def test_a_video_keeps_frames_times_sound_and_tags_colours(format: Format, late_clip: Path, tmp_path: Path) -> None:
    result = write(late_clip, tmp_path / f"b{format.suffix}", format)
    assert shown_times(result) == pytest.approx(shown_times(late_clip), abs=0.001)
    assert [read_index(pixels) for pixels in decode(result)] == list(range(24))
    assert onset(result) == pytest.approx(onset(late_clip), abs=0.03)
    with av.open(str(result)) as container:
        context = container.streams.video[0].codec_context
        assert (context.height, context.width) == SIZE
        assert (context.color_primaries, context.color_trc) == (1, 1)
        if format.pixels.startswith("yuv"):
            assert (context.colorspace, context.color_range) == (1, 1)
        if format.name == "h264" and format.quality != "lossless":
            assert (context.profile, context.pix_fmt) == ("High", "yuv420p")
    assert [each.name for each in tmp_path.iterdir()] == [result.name]


@pytest.mark.parametrize("format", named([each for each in VIDEOS if each.quality != "lossless"]))
def test_colours_survive_every_codec(format: Format, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    wanted = np.concatenate(
        [rng.integers(0, 256, (18, 3)), [[255, 0, 0], [0, 255, 0], [0, 0, 255]], 255 - np.diag([255] * 3)]
    )
    pixels = wanted.astype(np.uint8).reshape(4, 6, 3).repeat(32, axis=0).repeat(32, axis=1)
    like = write_clip(tmp_path / "like.mp4", num_frames=2, size=pixels.shape[:2])
    target = tmp_path / f"a{format.suffix}"
    with VideoClip.open(like) as clip, VideoWriter(target, like=clip, format=format) as writer:
        for frame in clip.frames():
            writer.write(pixels, frame.time)
    shown = decode(target, size=pixels.shape[:2])[-1]
    found = shown.reshape(4, 32, 6, 32, 3)[:, 8:-8, :, 8:-8].mean(axis=(1, 3)).reshape(24, 3)
    mean, largest = color_difference(found, wanted.astype(np.uint8))
    assert (mean <= 1.0, largest <= 3.0) == (True, True), (mean, largest)


@pytest.mark.parametrize("name", ["h264", "vp9", "prores"])
@pytest.mark.parametrize("layout", ["mono", "5.1(side)", "quad", "7.1"])
def test_sound_of_any_layout_is_carried_over(layout: str, name: str, tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    tone = f"sine=1000:r=44100:d=0.4,aformat=channel_layouts={layout}"
    ffmpeg("-i", write_clip(tmp_path / "v.mp4", num_frames=10), "-f", "lavfi", "-i", tone, "-c:v", "copy", "-c:a",
           "flac", source)  # fmt: skip
    format = choose_format(name)
    with av.open(str(write(source, tmp_path / f"b{format.suffix}", format))) as container:
        expected = {"mono": 1, "quad": 4, "5.1(side)": 6, "7.1": 8}[layout]
        assert container.streams.audio[0].codec_context.channels == expected


def test_lossless_is_every_pixel(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (3, 33, 47, 3), np.uint8)
    like = write_clip(
        tmp_path / "like.webm", num_frames=3, size=(33, 47), codec=("-c:v", "libvpx-vp9", "-cpu-used", "8")
    )
    with VideoClip.open(like) as clip:
        assert clip.size == (33, 47)
        with VideoWriter(tmp_path / "a.mp4", like=clip, format=choose_format("h264", "lossless")) as writer:
            for frame in clip.frames():
                writer.write(noise[frame.index], frame.time)
    assert np.array_equal(decode(tmp_path / "a.mp4", size=(33, 47)), noise)


@pytest.mark.parametrize("name", ["h264", "h265", "vp9", "av1"])
def test_a_file_to_share_is_smaller(name: str, tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=1,noise=alls=12:allf=t", "-pix_fmt", "yuv420p", source)
    sizes = [write(source, tmp_path / f"b-{quality}{choose_format(name, quality).suffix}", choose_format(name, quality))
             .stat().st_size for quality in ("share", "high")]  # fmt: skip
    assert sizes[0] < 0.7 * sizes[1]


@pytest.mark.parametrize("format", named([each for each in WITH_ALPHA if each.is_video]))
def test_soft_transparency_survives_in_videos(format: Format, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=12)
    found = decode(write(source, tmp_path / f"b{format.suffix}", format, with_alpha=True), "rgba")
    wanted = np.stack([alpha_of(index) for index in range(12)])
    difference = np.abs(found[..., 3].astype(int) - wanted)
    assert len(found) == 12
    assert difference.mean() < 1
    assert difference.max() <= (1 if format.name == "prores" else 24)
    kept = wanted == 255
    pictures = np.stack([picture(index) for index in range(12)])
    assert np.abs(found[..., :3].astype(int) - pictures)[kept].mean() < 4
    assert found[..., :3][wanted == 0].mean() < 60  # what is hidden is not there either


def test_numbered_pngs_are_exact(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=5)
    with VideoClip.open(source) as clip:
        pictures = [frame.pixels for frame in clip.frames()]
    target = write(source, tmp_path / "b.zip", choose_format("png"), with_alpha=True)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == [f"{index:05d}.png" for index in range(5)]
        for index, name in enumerate(archive.namelist()):
            found = np.asarray(Image.open(io.BytesIO(archive.read(name))))
            alpha = alpha_of(index)
            assert np.array_equal(found[..., 3], alpha)
            assert np.array_equal(found[alpha > 0, :3], pictures[index][alpha > 0])
            assert not found[alpha == 0].any()


def shown_pictures(path: Path) -> tuple[list[np.ndarray], list[int]]:
    """The pictures (H, W, 4) of an animation and how long each is shown [ms]."""
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        shown = [(np.asarray(each.convert("RGBA")), each.info["duration"]) for each in ImageSequence.Iterator(image)]
    return [pixels for pixels, _ in shown], [milliseconds for _, milliseconds in shown]


@pytest.mark.parametrize("name", ["webp", "gif"])
def test_animations_keep_time_and_transparency(name: str, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=12, fps=10)
    pictures, durations = shown_pictures(write(source, tmp_path / f"b.{name}", choose_format(name), with_alpha=True))
    assert durations == [100] * 12
    for index, pixels in enumerate(pictures):
        alpha = alpha_of(index)
        difference = np.abs(pixels[..., 3].astype(int) - (alpha if name == "webp" else 255 * (alpha >= 128)))
        assert difference.max() == 0
        assert np.abs(pixels[alpha == 255, :3].astype(int) - picture(index)[alpha == 255]).mean() < 12


@pytest.mark.parametrize(("name", "longest", "fps"), [("webp", 720, 25), ("gif", 480, 15)])
def test_animations_are_small_and_last_as_long(name: str, longest: int, fps: int, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", num_frames=30, fps=60, size=(450, 900))
    pictures, durations = shown_pictures(write(source, tmp_path / f"b.{name}", choose_format(name)))
    assert pictures[0].shape == (longest // 2, longest, 4)
    assert sum(durations) == pytest.approx(500, abs=5)
    assert len(pictures) == pytest.approx(fps / 2, abs=1)
    assert min(durations) > 10  # browsers show a shorter one for a tenth of a second
    slots = [index * fps // 60 for index in range(30)]
    assert [read_index(pixels[..., :3]) for pixels in pictures] == [slots.index(slot) for slot in sorted(set(slots))]


@pytest.mark.parametrize(("name", "rounding"), [("webp", 1), ("gif", 10)])
def test_animations_of_a_late_uneven_clip_begin_at_once_and_keep_its_pace(
    name: str, rounding: int, late_clip: Path, tmp_path: Path
) -> None:
    pictures, durations = shown_pictures(write(late_clip, tmp_path / f"b.{name}", choose_format(name)))
    shown = [read_index(pixels[..., :3]) for pixels in pictures]
    with VideoClip.open(late_clip) as clip:
        moments = [1000 * float(each - clip.times[0]) for each in (*clip.times, clip.duration)]
    began = np.concatenate([[0], np.cumsum(durations)])
    assert shown[0] == 0
    assert len(shown) >= 18
    assert began[:-1] == pytest.approx([moments[index] for index in shown], abs=rounding)
    assert began[-1] == pytest.approx(moments[-1], abs=rounding)


def test_a_gif_takes_its_colours_from_the_whole_clip(tmp_path: Path) -> None:
    like = write_clip(tmp_path / "like.mp4", num_frames=4, fps=10)
    colors = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (250, 250, 10)]
    with (
        VideoClip.open(like) as clip,
        VideoWriter(tmp_path / "a.gif", like=clip, format=choose_format("gif")) as writer,
    ):
        for color, frame in zip(colors, clip.frames(), strict=True):
            writer.write(np.full((*SIZE, 3), color, np.uint8), frame.time)
    for pixels, color in zip(shown_pictures(tmp_path / "a.gif")[0], colors, strict=True):
        assert np.abs(pixels[..., :3].astype(int) - color).max() <= 8


def test_what_is_not_transparent_takes_no_alpha(tmp_path: Path) -> None:
    with (
        VideoClip.open(write_clip(tmp_path / "a.mp4", num_frames=2)) as clip,
        pytest.raises(ValueError, match=r"128, 3\) and"),
        VideoWriter(tmp_path / "b.mp4", like=clip) as writer,
    ):
        writer.write(np.zeros((*SIZE, 4), np.uint8), Fraction(0))


def test_formats_are_found_by_name_quality_and_suffix() -> None:
    assert choose_format("h264").quality == "high"
    assert choose_format("vp9", "share").options != choose_format("vp9", "high").options
    assert {"h264", "h265", "vp9", "av1", "webm-alpha", "prores", "png", "webp", "gif"} == set(format_names())
    assert set(format_names(has_alpha=True)) == {"webm-alpha", "prores", "png", "webp", "gif"}
    assert format_of_suffix(Path("a.WEBM")) == "vp9"
    with pytest.raises(MediaError, match="choose one of h264, h265"):
        choose_format("h266")
    with pytest.raises(MediaError, match="choose one of high, share"):
        choose_format("vp9", "lossless")
    with pytest.raises(MediaError, match=r"a\.mkv.*\.mp4"):
        format_of_suffix(Path("a.mkv"))


@pytest.mark.parametrize("quality", ["share", "high"])
def test_the_estimate_is_within_a_factor_of_three_on_a_real_clip(quality: str, tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "examples" / "clips" / "cars.mp4"
    format = choose_format("h264", quality)
    with VideoClip.open(source) as clip:
        guess = format.estimate(clip.size, clip.num_frames, float(clip.duration))
    assert guess / 3 < write(source, tmp_path / "b.mp4", format).stat().st_size < guess * 3
