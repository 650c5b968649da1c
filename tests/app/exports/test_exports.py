"""Every kind of export, read again by the tools that it is for."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from app.__main__ import main
from app.exports.catalogue import KINDS, describe_kinds, estimate_bytes, export, read_values, write_export
from app.exports.davis import davis_palette
from app.exports.kind import ExportError, ExportProgress, Material
from app.exports.rle import encode_rle
from app.projects.changes import add_object, rename, with_layers, with_marks, with_reframe
from app.projects.mask_folder import MaskFolder
from app.projects.mask_note import measure
from app.projects.project import Project, ProjectError
from app.scratch import scratch_folder
from app.sessions.session import Session
from app.sessions.store import Sessions
from effects.layer import parse_layer
from effects.reframe import parse_reframe
from media import HOSTED, LOCAL, MediaError
from tests.app.made_clips import FPS, NUM_FRAMES, SIZE, decode, picture, square_mask
from tests.media.test_faults import small_disk

IN_PYCOCOTOOLS = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HIDDEN_ON = 5
"""The frame on which object 1 is hidden."""

UNTRACKED_FROM = 9
"""From here on object 2 has no masks."""


def first(index: int) -> np.ndarray:
    return square_mask(index) if index != HIDDEN_ON else np.zeros(SIZE, bool)


def second(index: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[24:44, 4:34] = True
    return mask if index < UNTRACKED_FROM else np.zeros(SIZE, bool)


@pytest.fixture
def tracked(sessions: Sessions, clip_path: Path) -> Session:
    """A session with two objects that overlap, as if they had been tracked."""
    *_, last = sessions.create(clip_path, name="my clip.mp4")
    assert last.session_id is not None
    session = sessions.open(last.session_id)
    project = rename(add_object(add_object(Project(clip="my clip.mp4"))), 1, "=Dog, black")
    sessions.save(session.id, with_layers(project, [parse_layer("1 cutout color=#00ff00")]))
    for index in range(NUM_FRAMES):
        note = measure(first(index), 0.25 if index == HIDDEN_ON else 0.75, "")
        session.masks.write(1, index, first(index), note=note)
        if index < UNTRACKED_FROM:
            session.masks.write(2, index, second(index))
    return sessions.open(session.id)


def made(session: Session, name: str, **given: object) -> Path:
    """Run an export to its end."""
    *_, last = export(session, name, given)
    assert last.path is not None
    return last.path


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_tells_how_far_it_is_and_leaves_only_its_file(name: str, tracked: Session) -> None:
    heard: list[ExportProgress] = list(export(tracked, name, {}))
    assert [each.done for each in heard] == sorted(each.done for each in heard)
    assert {each.total for each in heard} == {heard[-1].done}
    assert len({each.done for each in heard}) >= NUM_FRAMES // 4
    assert heard[-1].seconds_left == 0
    assert [each.path for each in heard[:-1]] == [None] * (len(heard) - 1)
    path = heard[-1].path
    assert path is not None
    assert list(path.parent.iterdir()) == [path]
    assert path.name == f"my clip-{'masklet' if name == 'video' else name}{path.suffix}"
    assert path.stat().st_size / 60 < estimate_bytes(tracked, name, {}) < path.stat().st_size * 60


@pytest.mark.parametrize("name", KINDS)
def test_a_cancelled_export_leaves_nothing(name: str, tracked: Session) -> None:
    steps = export(tracked, name, {})
    for step in steps:
        if step.done >= step.total // 2:
            break
    steps.close()
    assert [each for each in tracked.results.folder.rglob("*") if each.is_file()] == []


@pytest.mark.parametrize(
    ("name", "kilobytes"),
    [*((each, 4) for each in ("masks", "davis", "coco", "csv", "matte", "cutout", "everything")), ("davis", 8),
     ("everything", 16)],
)  # fmt: skip
def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    name: str, kilobytes: int, tracked: Session, tmp_path: Path
) -> None:
    kind = KINDS[name]
    values = read_values(kind, {})
    with small_disk(tmp_path / "disk", kilobytes) as disk, tracked.open_clip() as clip:
        material = Material(clip, tracked.masks, tracked.project, tracked.project.layers, "a.mp4")
        (disk / "full").write_bytes(b"x" * 4096)
        with pytest.raises(MediaError, match="disk is full"):
            list(write_export(kind, material, values, disk / f"b{kind.suffix(values)}"))
        assert [each.name for each in disk.iterdir()] == ["full"]


def test_run_lengths_are_those_of_pycocotools() -> None:
    rng = np.random.default_rng(0)
    masks = [
        rng.random((height, width)) > level for height, width in ((1, 1), (7, 13), (64, 48)) for level in (0.1, 0.5)
    ]
    masks += [np.zeros((5, 9), bool), np.ones((5, 9), bool), np.ones((2000, 3000), bool), square_mask(3)]
    long_runs = np.zeros((1500, 1500), bool)
    long_runs[:, 700:702] = long_runs[3, 5] = True
    for mask in [*masks, long_runs]:
        wanted = coco_mask.encode(np.asfortranarray(mask, np.uint8))
        assert encode_rle(mask) == wanted["counts"].decode()


def test_masks_come_with_a_project_that_opens(tracked: Session, tmp_path: Path) -> None:
    with zipfile.ZipFile(made(tracked, "masks")) as archive:
        archive.extractall(tmp_path)
    masks = MaskFolder(tmp_path / "masks")
    assert Project.load(tmp_path / "project.json") == tracked.project
    assert masks.frames(2) == tuple(range(UNTRACKED_FROM))
    assert np.array_equal(masks.read(1, 4), first(4))
    with zipfile.ZipFile(made(tracked, "masks", objects=[2])) as archive:
        assert {name.split("/")[1] for name in archive.namelist() if "/" in name} == {"2"}


def test_davis_pictures_hold_the_objects_numbers(tracked: Session) -> None:
    with zipfile.ZipFile(made(tracked, "davis")) as archive:
        assert archive.namelist() == [f"my clip/{index:05d}.png" for index in range(NUM_FRAMES)]
        for index, name in enumerate(archive.namelist()):
            image = Image.open(io.BytesIO(archive.read(name)))
            assert image.mode == "P"
            wanted = np.where(second(index), 2, first(index).astype(int))
            assert np.array_equal(np.asarray(image), wanted)
    colors = np.frombuffer(davis_palette(), np.uint8).reshape(256, 3)
    assert colors[:9].tolist() == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128], [128, 0, 128], [0, 128, 128], [128, 128, 128],
        [64, 0, 0],
    ]  # fmt: skip
    assert colors[255].tolist() == [224, 224, 192]


@IN_PYCOCOTOOLS
def test_coco_is_read_by_its_own_tools(tracked: Session) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(made(tracked, "coco")))
    assert {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())} == {1: "=Dog, black", 2: "Object 2"}
    assert len(coco.getImgIds()) == NUM_FRAMES
    for index in range(NUM_FRAMES):
        for object_id, wanted in ((1, first(index)), (2, second(index))):
            found = coco.loadAnns(coco.getAnnIds(imgIds=[index], catIds=[object_id]))
            assert len(found) == wanted.any()
            for each in found:
                assert np.array_equal(coco.annToMask(each) > 0, wanted)
                assert each["area"] == wanted.sum()
                assert each["bbox"] == coco_mask.toBbox(each["segmentation"]).tolist()
    assert coco.loadAnns([1])[0]["score"] == 0.75


@IN_PYCOCOTOOLS
@pytest.mark.parametrize("every", [4, 1])
def test_sav_is_read_as_its_tools_do(every: int, tracked: Session, clip_path: Path) -> None:
    data = json.loads(made(tracked, "sav", every=str(every)).read_text())
    reader, frames = cv2.VideoCapture(str(clip_path)), []
    while (read := reader.read())[0]:
        frames.append(read[1])
    frames = frames[::every]
    assert len(data["masklet"]) == len(frames) == data["masklet_frame_count"][0]
    for place, encoded in enumerate(data["masklet"]):
        found = [coco_mask.decode(each) > 0 for each in encoded]
        assert found[0].shape == frames[place].shape[:2]
        assert np.array_equal(found[0], first(place * every))
        assert np.array_equal(found[1], second(place * every))
    assert data["video_id"] == "my clip"
    assert (data["video_frame_count"], data["video_height"], data["video_width"]) == (NUM_FRAMES, *SIZE)
    assert data["masklet_id"] == [1, 2]
    assert data["masklet_num"] == 2
    assert data["masklet_visibility_changes"] == ([2, 1] if every == 1 else [0, 0])
    assert data["masklet_size_abs"] == [256, 600]
    assert data["masklet_size_bucket"] == ["small", "small"]
    assert data["video_environment"] == data["video_split"] == ""
    assert data["masklet_stability_score"] == [None, None]


def test_sav_counts_annotated_frames_alone(tracked: Session) -> None:
    """As in SA-V's own example, where a masklet that appears on frame 452 of the clip has 113."""
    for index in range(8):
        tracked.masks.write(1, index, np.zeros(SIZE, bool))
    data = json.loads(made(tracked, "sav", every="4").read_text())
    assert data["masklet_first_appeared_frame"] == [2, 0]
    assert data["masklet_visibility_changes"] == [0, 0]
    assert data["masklet_size_abs"] == [256, 600]


def test_the_table_has_a_line_for_each_mask(tracked: Session) -> None:
    lines = list(csv.DictReader(made(tracked, "csv").read_text().splitlines()))
    assert len(lines) == NUM_FRAMES + UNTRACKED_FROM
    found = {(int(line["frame"]), int(line["object"])): line for line in lines}
    line = found[3, 1]
    assert [float(line[name]) for name in ("x0", "y0", "x1", "y1")] == [14, 16, 30, 32]
    assert (float(line["center_x"]), float(line["center_y"]), int(line["area"])) == (22, 24, 256)
    assert (float(line["time"]), float(line["score"]), line["visible"]) == (3 / FPS, 0.75, "1")
    assert line["name"] == "'=Dog, black"  # no formula
    hidden = found[HIDDEN_ON, 1]
    assert (hidden["visible"], hidden["x0"], hidden["area"], hidden["score"]) == ("0", "", "0", "0.2500")
    assert found[3, 2]["score"] == ""


def test_the_matte_is_white_inside_and_black_outside(tracked: Session) -> None:
    pictures, times, seconds_of_sound = decode(made(tracked, "matte", objects="1"))
    assert times == [Fraction(index, FPS) for index in range(NUM_FRAMES)]
    assert seconds_of_sound == 0
    for index, pixels in enumerate(pictures):
        inside = cv2.erode(first(index).astype(np.uint8), np.ones((5, 5))) > 0
        outside = cv2.dilate(first(index).astype(np.uint8), np.ones((5, 5))) == 0
        assert pixels[outside].mean() < 3
        assert index == HIDDEN_ON or pixels[inside].mean() > 250
    exact = decode(made(tracked, "matte", objects="1", quality="lossless"))[0]
    edge = exact[3][24, 8:20, 0].astype(int)
    assert np.all(np.diff(edge) >= 0)
    assert (edge[0], edge[-1]) == (0, 255)


def test_a_cut_out_is_transparent_outside_the_objects(tracked: Session) -> None:
    with zipfile.ZipFile(made(tracked, "cutout", format="png", objects=[2])) as archive:
        pixels = np.asarray(Image.open(io.BytesIO(archive.read("00003.png"))))
    alpha = pixels[..., 3]
    assert alpha[26:42, 6:32].min() >= 250  # the matte follows the picture, which has no edge there
    assert not alpha[:20].any()
    assert not pixels[alpha == 0].any()


def test_the_video_is_the_render(tracked: Session) -> None:
    pictures, _, seconds_of_sound = decode(made(tracked, "video"))
    assert seconds_of_sound > 1
    assert pictures[0][4, 60].tolist() == pytest.approx([0, 255, 0], abs=12)  # the layer of the project


def test_a_reframed_project_is_exported_as_it_is_rendered(tracked: Session) -> None:
    reframed = replace(tracked, project=with_reframe(tracked.project, parse_reframe("1 aspect=1:1")))
    for name, given in (("video", {}), ("cutout", {"format": "prores", "objects": [1]})):
        with av.open(str(made(reframed, name, **given))) as container:
            context = container.streams.video[0].codec_context
            assert context.width == context.height < SIZE[1]
    assert estimate_bytes(reframed, "video", {}) < estimate_bytes(tracked, "video", {})


@pytest.mark.parametrize("marks", [(0, 4), (3, 8), (7, NUM_FRAMES)])
def test_the_marked_range_is_exported_as_it_is_in_the_whole(tracked: Session, marks: tuple[int, int]) -> None:
    project = with_layers(tracked.project, [parse_layer("1 highlight"), parse_layer("1 trail")])
    marked = replace(tracked, project=with_marks(project, marks))
    for name, given in (("video", {"quality": "lossless"}), ("matte", {"quality": "lossless"})):
        whole, times, _ = decode(made(marked, name, **given))
        part, part_times, seconds_of_sound = decode(made(marked, name, **given, marked=True))
        assert part_times == times[: len(part)]
        assert np.array_equal(part, whole[slice(*marks)])
        assert (seconds_of_sound > 0) == (name == "video")
        assert seconds_of_sound == pytest.approx(len(part) / FPS, abs=0.1) or name == "matte"
        assert estimate_bytes(marked, name, {"marked": True}) < estimate_bytes(marked, name, {})


def test_a_range_that_is_not_there_is_a_sentence(tracked: Session) -> None:
    beyond = with_marks(tracked.project, (NUM_FRAMES, NUM_FRAMES + 5))
    for project in (tracked.project, beyond):
        with pytest.raises(ExportError, match="No range of this clip is marked; mark one first"):
            made(replace(tracked, project=project), "video", marked=True)


def test_everything_opens_again(tracked: Session, clip_path: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(made(tracked, "everything")) as archive:
        assert archive.testzip() is None
        archive.extractall(unpacked)
    assert {each.name for each in unpacked.iterdir()} == {
        "project.json", "clip", "masks", "davis", "my clip.coco.json", "my clip_manual.json", "my clip.csv",
        "matte.mp4", "render.mp4",
    }  # fmt: skip
    assert (unpacked / "clip" / "my clip.mp4").read_bytes() == clip_path.read_bytes()
    again = unpacked / "again.mp4"
    layers = ["--layer", "1 cutout color=#00ff00"]
    assert main(["render", str(unpacked / "clip" / "my clip.mp4"), "--masks", str(unpacked / "masks"), *layers,
                 "-o", str(again)]) == 0  # fmt: skip
    for one, other in zip(decode(again)[0], decode(unpacked / "render.mp4")[0], strict=True):
        assert np.array_equal(one, other)
    with zipfile.ZipFile(made(tracked, "everything", clip=False, video=False)) as archive:
        assert not {"clip/my clip.mp4", "render.mp4"} & set(archive.namelist())


def test_what_cannot_be_exported_is_a_sentence(tracked: Session, sessions: Sessions, clip_path: Path) -> None:
    for name, given, words in (
        ("film", {}, "choose one of video, animation"),
        ("video", {"colour": "red"}, "no option 'colour'; it takes format, quality, marked, aspect, location"),
        ("video", {"format": "avi"}, "must be one of h264"),
        ("video", {"format": "vp9", "quality": "lossless"}, "not offered in the quality"),
        ("video", {"location": "perhaps"}, "yes or no"),
        ("masks", {"objects": "dog"}, "numbers such as 1,3"),
        ("masks", {"objects": {"1": 1}}, "numbers such as 1,3"),
        ("masks", {"objects": [True]}, "numbers such as 1,3"),
        ("video", {"format": ["h264"]}, "must be one of h264"),
    ):
        with pytest.raises(MediaError, match=words):
            list(export(tracked, name, given))
    with pytest.raises(ProjectError, match="no object 7"):
        list(export(tracked, "masks", {"objects": [7]}))
    *_, last = sessions.create(clip_path)
    assert last.session_id is not None
    with pytest.raises(ExportError, match="track an object first"):
        list(export(sessions.open(last.session_id), "coco", {}))


def test_a_part_of_a_clip_is_packed_as_that_part(tracked: Session, tmp_path: Path) -> None:
    for index in range(4, NUM_FRAMES):
        tracked.masks.delete(2, index)
    part = replace(tracked, info=replace(tracked.info, start=0.2, stop=0.6, num_frames=4))
    with zipfile.ZipFile(made(part, "everything", video=False)) as archive:
        archive.extractall(tmp_path / "unpacked")
    pictures, times, seconds_of_sound = decode(tmp_path / "unpacked" / "clip" / "my clip.mp4")
    assert times == [Fraction(index, FPS) for index in range(4)]
    assert seconds_of_sound == pytest.approx(0.4, abs=0.1)
    for index, pixels in enumerate(pictures):
        assert np.abs(pixels.astype(int) - picture(index + 2)).mean() < 6


def test_names_in_a_zip_stay_in_it(tracked: Session) -> None:
    named = replace(tracked, info=replace(tracked.info, name="..\\..\\evil:name.mp4"))
    for kind in ("davis", "everything"):
        with zipfile.ZipFile(made(named, kind)) as archive:
            for name in archive.namelist():
                assert not {"\\", ":"} & set(name)
                assert not {"..", ""} & set(name.split("/"))


def test_davis_has_no_place_for_large_numbers(tracked: Session) -> None:
    tracked.masks.write(300, 0, first(0))
    project = replace(tracked.project, objects=(*tracked.project.objects, replace(tracked.project.objects[0], id=300)))
    with pytest.raises(ExportError, match="Object 300"):
        list(export(replace(tracked, project=project), "davis", {}))


def test_the_dialog_is_told_everything() -> None:
    told = json.loads(json.dumps(describe_kinds()))
    assert [each["name"] for each in told] == list(KINDS)
    for each in told:
        assert each["description"].endswith(".")
        defaults = {option["name"]: option["default"] for option in each["options"]}
        assert read_values(KINDS[each["name"]], defaults) == read_values(KINDS[each["name"]], {})
        for option in each["options"]:
            assert option["type"] in ("choice", "switch", "objects")
            assert (option["type"] == "choice") == bool(option["choices"])
    estimate = KINDS["video"].suffix(read_values(KINDS["video"], {"format": "vp9"}))
    assert estimate == ".webm"


def test_scratch_of_a_killed_process_is_cleaned_up(tmp_path: Path) -> None:
    (tmp_path / ".masklet-scratch-old").mkdir()
    (tmp_path / ".masklet-scratch-old" / "half.mp4").write_bytes(b"x")
    with scratch_folder(tmp_path) as one, scratch_folder(tmp_path) as other:
        assert sorted(tmp_path.iterdir()) == sorted([one, other])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for index in range(NUM_FRAMES):
        MaskFolder(tmp_path / "masks").write(1, index, square_mask(index))
    return tmp_path / "masks"


def test_the_command_line_writes_every_kind(masks: Path, clip_path: Path, tmp_path: Path) -> None:
    for kind, settings, name in (
        ("video", ["format=av1", "quality=share"], "a.mp4"),
        ("animation", [], "a.gif"),
        ("cutout", ["format=prores", "objects=1"], "a.mov"),
        ("coco", [], "a.json"),
        ("everything", ["clip=no", "video=no"], "all.zip"),
    ):
        words = [word for each in settings for word in ("--set", each)]
        call = ["export", str(clip_path), "--masks", str(masks), "--kind", kind, *words, "-o", str(tmp_path / name)]
        assert main(call) == 0, kind
        assert (tmp_path / name).stat().st_size > 0
    with av.open(str(tmp_path / "a.mov")) as container:
        assert container.streams.video[0].codec_context.name == "prores"


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("o.webm", [], "vp9"),
        ("o.webm", ["--keep", "all"], "vp9"),
        ("o.mov", ["--keep", "1"], "prores"),
        ("o.mp4", ["--format", "h265", "--quality", "share"], "hevc"),
        ("o.mp4", ["--quality", "lossless"], "h264"),
    ],
)
def test_render_chooses_the_format_by_name_or_word(
    name: str, options: list[str], codec: str, masks: Path, clip_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / name
    assert main(["render", str(clip_path), "--masks", str(masks), *options, "-o", str(out)]) == 0
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == codec
        assert (stream.metadata.get("alpha_mode") == "1") == (name == "o.webm" and "--keep" in options)
        assert len(container.streams.audio) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["render", "CLIP", "-o", "o.mkv"], "o.mkv"),
        (["render", "CLIP", "-o", "o.mp4", "--format", "gif"], "is a .gif file"),
        (["render", "CLIP", "-o", "o.mp4", "--keep", "1"], "no transparency"),
        (["render", "CLIP", "-o", "o.webp", "--keep", "1"], "need masks"),
        (["render", "CLIP", "-o", "o.webm", "--quality", "lossless"], "not offered"),
        (["export", "CLIP", "--masks", "masks", "-o", "o.json"], "becomes a .zip file"),
        (["export", "CLIP", "--masks", "masks", "--kind", "csv", "-o", "o.zip"], "becomes a .csv file"),
        (["export", "CLIP", "--masks", "masks", "--set", "objects", "-o", "o.zip"], "name=value"),
        (["export", "CLIP", "--masks", "masks", "--set", "size=3", "-o", "o.zip"], "no option 'size'"),
        (["export", "CLIP", "--masks", "masks", "--set", "objects=4", "-o", "o.zip"], "no object 4"),
        (["export", "CLIP", "--masks", "masks", "--kind", "csv", "-o", "nowhere/o.csv"], "folder"),
    ],
)
def test_a_wrong_word_is_one_line_and_leaves_nothing(
    call: list[str],
    words: str,
    masks: Path,
    clip_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main([str(clip_path) if each == "CLIP" else each for each in call]) == 1
    shown = capsys.readouterr().err
    assert words in shown
    assert shown.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_the_help_lists_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    shown = capsys.readouterr().out
    for kind in KINDS.values():
        assert kind.description in shown
        assert all(f"{option.name}: " in shown for option in kind.options)


def test_a_file_that_grows_too_large_for_the_host_is_stopped_and_leaves_nothing(tracked: Session) -> None:
    small = replace(tracked, limits=replace(tracked.limits, max_export_bytes=20_000))
    before = set(tracked.folder.rglob("*"))
    with pytest.raises(ExportError, match=r"grows beyond the 0 MB that are allowed here; please choose a smaller"):
        list(export(small, "cutout", {"format": "prores"}))
    assert [each for each in set(tracked.folder.rglob("*")) - before if each.is_file()] == []
    assert list(export(small, "csv", {}))[-1].path is not None
    assert HOSTED.max_export_bytes == 500_000_000
    assert LOCAL.max_export_bytes is None


def make_moving_clip(path: Path, *, moving: float) -> Path:
    """A texture of which a share is in motion, compressed as a phone does it."""
    rng = np.random.default_rng(3)
    texture = cv2.resize(rng.integers(0, 255, (90, 200, 3), np.uint8), (1200, 540), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for index in range(40):
            pixels = texture[:270, :480].copy()
            rows = round(270 * moving)
            pixels[:rows] = texture[3 * index : 3 * index + rows, 7 * index : 7 * index + 480]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("moving", [0.0, 0.2, 1.0])
def test_a_videos_size_is_foretold_within_a_factor_of_three(sessions: Sessions, tmp_path: Path, moving: float) -> None:
    *_, last = sessions.create(make_moving_clip(tmp_path / "clip.mp4", moving=moving))
    assert last.session_id is not None
    session = sessions.open(last.session_id)
    values = {"format": "h264"}
    *_, done = export(session, "video", values)
    assert done.path is not None
    written, foretold = done.path.stat().st_size, estimate_bytes(session, "video", values)
    assert written / 3 < foretold < written * 3, (written, foretold)
