from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from app.projects.mask_folder import MaskError, MaskFolder, encode_mask, overlay_from_png, read_mask
from app.projects.mask_note import measure


def some_mask(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) > 0.6


@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (48, 64), (480, 854)])
def test_a_mask_on_disk_is_black_and_white_to_any_reader(tmp_path: Path, shape: tuple[int, int]) -> None:
    folder, mask = MaskFolder(tmp_path / "masks"), some_mask(shape)
    folder.write(3, 12, mask)

    path = tmp_path / "masks" / "3" / "00012.png"
    assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), mask * np.uint8(255))
    assert path.read_bytes()[24] == 1  # bits a pixel
    assert np.array_equal(folder.read(3, 12), mask)
    assert [each.name for each in path.parent.iterdir()] == ["00012.png"]


def test_masks_of_other_programs_are_read(tmp_path: Path) -> None:
    mask = some_mask((20, 30))
    (tmp_path / "1").mkdir()
    cv2.imwrite(str(tmp_path / "1" / "00000.png"), mask * np.uint8(255))
    cv2.imwrite(str(tmp_path / "1" / "00001.png"), np.repeat(mask[..., None] * np.uint8(255), 3, axis=2))
    for frame_index in (0, 1):
        assert np.array_equal(MaskFolder(tmp_path).read(1, frame_index), mask)


def test_what_is_there_is_listed(tmp_path: Path) -> None:
    folder = MaskFolder(tmp_path / "masks")
    assert folder.object_ids() == ()
    for object_id, frame_index in ((10, 3), (2, 5), (2, 0)):
        folder.write(object_id, frame_index, some_mask((8, 8)))
    folder.write(2, 7, np.zeros((8, 8), dtype=bool))
    (folder.folder / "2" / "notes.txt").write_text("not a mask")

    assert folder.object_ids() == (2, 10)
    assert folder.frames(2) == (0, 5, 7)
    assert {frame: note.area > 0 for frame, note in folder.notes(2).items()} == {0: True, 5: True, 7: False}
    assert set(folder.read_frame(5)) == {2}
    folder.delete(2, 5)
    folder.remove(10)
    assert folder.object_ids() == (2,)
    assert folder.frames(2) == (0, 7)
    assert folder.read(10, 3) is None


def test_the_overlay_shows_the_colour_inside_and_nothing_outside(tmp_path: Path) -> None:
    mask = some_mask((31, 45))
    folder = MaskFolder(tmp_path)
    folder.write(1, 0, mask)
    eight_bit = cv2.imencode(".png", mask * np.uint8(255))[1].tobytes()
    for png in (folder.overlay_png(1, 0, "#1fa0ff"), overlay_from_png(eight_bit, "#1fa0ff")):
        assert png is not None
        with Image.open(io.BytesIO(png)) as image:
            assert image.mode == "P"
            pixels = np.asarray(image.convert("RGBA"))
        assert np.array_equal(pixels[..., 3], mask * np.uint8(255))
        assert (pixels[mask] == (0x1F, 0xA0, 0xFF, 255)).all()
    assert folder.overlay_png(1, 1, "#000000") is None


def test_an_overlay_is_small(tmp_path: Path) -> None:
    disc = np.zeros((540, 960), dtype=np.uint8)
    cv2.circle(disc, (400, 300), 150, 1, -1)
    assert len(overlay_from_png(encode_mask(disc.astype(bool)), "#ff0000")) < 3000


def test_only_a_flat_bool_array_is_a_mask(tmp_path: Path) -> None:
    for wrong in (np.zeros((4, 4), dtype=np.uint8), np.zeros((1, 4, 4), dtype=bool)):
        with pytest.raises(MaskError, match="height, width"):
            MaskFolder(tmp_path).write(1, 0, wrong)


def test_a_write_that_fails_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = MaskFolder(tmp_path)
    folder.write(1, 0, some_mask((8, 8), seed=1))

    def full_disk(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        folder.write(1, 0, some_mask((8, 8), seed=2))
    assert [each.name for each in (tmp_path / "1").iterdir()] == ["00000.png"]
    assert np.array_equal(folder.read(1, 0), some_mask((8, 8), seed=1))


def test_masks_of_another_size_and_no_masks_are_refused(tmp_path: Path) -> None:
    folder = MaskFolder(tmp_path / "masks")
    with pytest.raises(MaskError, match="no masks in masks"):
        folder.check_size((8, 8))
    folder.write(1, 4, some_mask((8, 10)))
    folder.check_size((8, 10))
    with pytest.raises(MaskError, match="10×8, but the clip is 64×48"):
        folder.check_size((48, 64))


def test_a_file_that_is_no_png_is_named(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "00000.png").write_bytes(b"GIF89a not a PNG at all")
    with pytest.raises(MaskError, match=r"00000\.png"):
        MaskFolder(tmp_path).read(1, 0)


def test_the_score_travels_with_the_mask(tmp_path: Path) -> None:
    folder, mask = MaskFolder(tmp_path), some_mask((9, 17))
    png = folder.write(1, 0, mask, note=measure(mask, 0.87654, ""))
    folder.write(1, 1, mask)
    assert folder.score(1, 0) == 0.8765
    assert folder.score(1, 1) is None
    assert folder.score(1, 2) is None
    assert np.array_equal(folder.read(1, 0), mask)
    with Image.open(io.BytesIO(overlay_from_png(png, "#ff0000"))) as image:
        assert np.array_equal(np.asarray(image.convert("RGBA"))[..., 3] == 255, mask)


def test_a_tiny_file_with_a_huge_mask_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (7000, 7000)).save(tmp_path / "bomb.png")
    with pytest.raises(MaskError, match="7000×7000"):
        read_mask(tmp_path / "bomb.png")


def test_an_overlay_of_an_interlaced_mask_is_not_interlaced() -> None:
    mask = some_mask((9, 21))
    lines = b""
    for x, y, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for row in mask[y::down, x::across]:
            lines += b"\0" + np.packbits(row).tobytes()  # the seven passes of the format, unfiltered
    header = struct.pack(">IIBBBBB", 21, 9, 1, 0, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    overlay = overlay_from_png(png, "#ff0000")
    assert overlay[28] == 0
    with Image.open(io.BytesIO(overlay)) as image:
        assert np.array_equal(np.asarray(image.convert("RGBA"))[..., 3] > 0, mask)
