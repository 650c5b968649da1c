"""The page's scripts without a browser: the stage's can be read as one, and the pure ones answer rightly."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import subprocess
import zlib
from typing import Any

import cv2
import numpy as np
import pytest

from app.editor.assets import read_asset
from app.editor.frame_editor import FrameEditor
from app.projects.mask_folder import encode_mask, overlay_from_png
from app.projects.mask_note import measure

NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None, reason="there is no Node on this machine (Debian: apt-get install nodejs)"
)
pytestmark = needs_node


def run_script(script: str) -> Any:
    """What the script gives to `show`, back from Node through JSON."""
    assert NODE is not None
    shown = "const show = (value) => console.log(JSON.stringify(value));\n"
    done = subprocess.run([NODE, "-"], input=shown + script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def geometry(expression: str) -> Any:
    return run_script(f"{read_asset('geometry.js')}\nshow({expression});")


def test_the_stages_scripts_are_one_script_without_a_name_used_twice() -> None:
    # gradio runs it as the body of a function.
    body = json.dumps(FrameEditor().js_on_load)
    assert run_script(f'show(new Function("element", "trigger", "props", "server", "watch", {body}).length)') == 5


def test_a_picture_is_fitted_and_centred() -> None:
    view = geometry("fitPicture({ width: 400, height: 300 }, { width: 200, height: 50 })")
    assert view == {"scale": 2, "x": 0, "y": 100}


def test_stage_and_picture_coordinates_undo_each_other() -> None:
    view = "{ scale: 2.5, x: 30, y: -12 }"
    assert geometry(f"toPicture({view}, {{ x: 80, y: 13 }})") == {"x": 20, "y": 10}
    assert geometry(f"toStage({view}, {{ x: 20, y: 10 }})") == {"x": 80, "y": 13}


def test_the_pictures_right_and_lower_edges_are_outside() -> None:
    points = [[0, 0], [63.9, 47.9], [64, 10], [10, 48], [-0.1, 10]]
    picture = "{ width: 64, height: 48 }"
    found = geometry(f"{points}.map(([x, y]) => isInside({picture}, {{ x, y }}))")
    assert found == [True, True, False, False, False]


@pytest.mark.parametrize(("factor", "scale"), [(2, 4), (0.1, 2), (100, 24)])
def test_zooming_keeps_the_point_under_the_pointer_and_has_limits(factor: float, scale: float) -> None:
    stage, picture, anchor = "{ width: 400, height: 200 }", "{ width: 200, height: 100 }", "{ x: 150, y: 60 }"
    view = geometry(f"zoomAt(fitPicture({stage}, {picture}), {stage}, {picture}, {factor}, {anchor})")
    assert view["scale"] == pytest.approx(scale)
    assert (150 - view["x"]) / view["scale"] == pytest.approx(75)
    assert (60 - view["y"]) / view["scale"] == pytest.approx(30)


def test_a_zoomed_picture_cannot_be_dragged_off_the_stage() -> None:
    sides = "{ width: 400, height: 200 }, { width: 200, height: 100 }"
    assert geometry(f"clampView({{ scale: 4, x: 50, y: -900 }}, {sides})") == {"scale": 4, "x": 0, "y": -200}


def test_the_nearest_point_within_reach_is_hit() -> None:
    points, view = "[[10, 10, 1], [14, 10, 0], [50, 50, 1]]", "{ scale: 2, x: 0, y: 0 }"
    assert geometry(f"nearestPoint({points}, {view}, {{ x: 27, y: 20 }}, 11)") == 1
    assert geometry(f"nearestPoint({points}, {view}, {{ x: 60, y: 60 }}, 11)") == -1


def test_a_box_is_ordered_and_cut_to_the_picture() -> None:
    box = geometry("boxBetween({ x: 70, y: 5.04 }, { x: 20, y: -9 }, { width: 64, height: 48 })")
    assert box == [20, 0, 64, 5]


def test_the_frame_at_a_time_is_the_last_one_begun_also_at_an_uneven_pace() -> None:
    times = [5.0, 5.1, 5.5, 5.6]
    seconds = [-1, 0, 0.09, 0.1, 0.49, 0.5, 0.6, 99]
    assert geometry(f"{seconds}.map((at) => frameAtTime({times}, at))") == [0, 0, 0, 1, 1, 2, 3, 3]


def requests(story: str) -> Any:
    """Runs a story with a fresh `requests`; what it sent is in `sent`, its answers are collected by `told`."""
    return run_script(
        f"""const t = (key) => key;
        {read_asset("requests.js")}
        const sent = [];
        const told = {{}};
        const requests = new Requests((channel, data) => sent.push([channel, data]), 40);
        const ask = (name, ...request) => requests.send(...request).then((answer) => {{ told[name] = answer; }});
        const rest = (milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));
        (async () => {{ {story} }})();"""
    )


def test_one_request_flies_on_a_channel_and_of_those_waiting_the_latest_of_a_key() -> None:
    sent, told = requests(
        """ask("first", "prompt", { x: 1 }, "a"); ask("second", "prompt", { x: 2 }, "a");
        ask("other", "prompt", { x: 3 }, "b"); ask("third", "prompt", { x: 4 }, "a"); ask("apart", "look", {});
        requests.answer("prompt", { re: 1, done: true, text: "one" }); await rest();
        requests.answer("prompt", { re: 4, done: true, text: "four" }); await rest();
        requests.abandon("prompt", {}); requests.abandon("look", {}); await rest();
        show([sent, told]);"""
    )
    assert sent == [
        ["prompt", {"x": 1, "n": 1}],
        ["look", {"n": 5}],
        ["prompt", {"x": 4, "n": 4}],
        ["prompt", {"x": 3, "n": 3}],
    ]
    assert told["first"]["text"] == "one"
    assert told["second"]["text"] == told["third"]["text"] == "four"
    assert told["other"]["done"]


def test_a_late_answer_ends_nothing() -> None:
    is_busy = requests(
        """ask("stopped", "track", {}); requests.abandon("track", {}); ask("again", "track", {});
        requests.answer("track", { re: 1, done: true });
        show(requests.isBusy("track") && !requests.isAwaited("track", { re: 1 }));
        requests.abandon("track", {});"""
    )
    assert is_busy is True


def test_a_silent_server_is_given_up_but_signs_of_life_keep_a_request_alive() -> None:
    alive, told = requests(
        """ask("long", "track", {});
        for (let beat = 0; beat < 6; beat += 1) { await rest(20); requests.answer("track", { re: 1, done: false }); }
        const alive = requests.isBusy("track");
        await rest(150);
        show([alive, told]);"""
    )
    assert alive is True
    assert told["long"]["error"] == "error.silent"


def test_pictures_are_kept_up_to_so_many_pixels_and_closed_when_they_go() -> None:
    kept, closed, pixels = run_script(
        f"""{read_asset("picture_cache.js")}
        const closed = [];
        const picture = (name, width) => ({{ name, width, height: 10, close: () => closed.push(name) }});
        const cache = new PictureCache(250);
        for (const name of ["a", "b"]) cache.put(name, picture(name, 10));
        cache.get("a"); // b is now the one used longest ago
        cache.put("c", picture("c", 10));
        cache.put("a", picture("a2", 5));
        cache.put("huge", picture("huge", 1000));
        const kept = cache.keys();
        const shown = cache.get("huge");
        cache.clear(shown);
        show([kept, closed, cache.pixels]);"""
    )
    assert kept == ["huge"]  # too large for the cache, but the last one stays
    assert closed == ["b", "a", "c", "a2"]  # the one that is still shown is not closed
    assert pixels == 0


def test_a_frame_is_not_kept_waiting_for_those_around_it() -> None:
    asked, pictures, later = run_script(
        f"""{read_asset("picture_cache.js")}
        {read_asset("frames.js")}
        const asked = [];
        const lines = [];
        globalThis.fetch = (url, {{ headers }}) => {{
          const [start, last] = headers.Range.slice(6).split("-").map(Number);
          asked.push([start, last + 1]);
          const body = Uint8Array.from({{ length: last + 1 - start }}, (_, at) => start + at).buffer;
          const answer = {{ ok: true, status: 206, arrayBuffer: () => body }};
          return new Promise((resolve) => lines.push(() => resolve(answer)));
        }};
        globalThis.createImageBitmap = async (blob) => ({{
          bytes: [...new Uint8Array(await blob.arrayBuffer())], width: 1, height: 1, close: () => {{}},
        }});
        const rest = () => new Promise((resolve) => setTimeout(resolve));
        (async () => {{
          const offsets = Array.from({{ length: 31 }}, (_, at) => 2 * at);
          const frames = new FrameStore({{ url: "pack", offsets }});
          const shown = frames.picture(14);
          lines[0]();
          const alone = (await shown).bytes;
          frames.prefetch(14, 1, 3);
          const jumped = frames.picture(16); // wanted at once, though its chunk is on its way
          lines[2]();
          const pictures = [alone, (await jumped).bytes];
          const before = asked.length;
          lines[1]();
          await rest();
          await rest();
          const later = [(await frames.picture(17)).bytes, (await frames.picture(23)).bytes, asked.length - before];
          show([asked, pictures, later]);
        }})();"""
    )
    assert asked == [[28, 30], [24, 48], [32, 34]], "a frame, the chunk around it, a frame that could not wait"
    assert pictures == [[28, 29], [32, 33]]
    assert later == [[34, 35], [46, 47], 0], "what the chunk brought is not fetched again"


def png_lines(mask: np.ndarray, kinds: list[int]) -> bytes:
    """A mask as a one-bit PNG whose lines are filtered in turn by these kinds, as the format defines them."""
    rows = np.packbits(mask, axis=1).astype(int)
    lines = b""
    for y, row in enumerate(rows):
        above = rows[y - 1] if y else np.zeros_like(row)
        left, corner = (np.concatenate([[0], each[:-1]]) for each in (row, above))
        expected = left + above - corner
        far = np.abs(np.stack([left, above, corner]) - expected)
        paeth = np.choose(far.argmin(axis=0), [left, above, corner])
        kind = kinds[y % len(kinds)]
        guess = [np.zeros_like(row), left, above, (left + above) // 2, paeth][kind]
        lines += bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", mask.shape[1], mask.shape[0], 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def paint(*masks: tuple[bytes, str], most_side: int = 1280) -> tuple[dict[str, Any], np.ndarray]:
    """What the page's worker makes of PNGs in colours: the box that it covers, and (height, width, 4) RGBA."""
    asked = [{"png": base64.b64encode(png).decode(), "color": color} for png, color in masks]
    found = run_script(
        f"""{read_asset("mask_overlay.js")}
        (async () => {{
          const read = [];
          for (const {{ png, color }} of {json.dumps(asked)}) read.push({{ bits: await readMask(png), color }});
          const {{ pixels, ...overlay }} = paintMasks(read, {most_side});
          show([overlay, [...new Uint8Array(pixels.buffer)]]);
        }})();"""
    )
    overlay, numbers = found
    return overlay["box"], np.array(numbers, np.uint8).reshape(overlay["height"], overlay["width"], 4)


def some_mask() -> np.ndarray:
    rng = np.random.default_rng(5)
    mask = np.zeros((60, 83), bool)
    mask[20:50, 10:70] = rng.random((30, 60)) > 0.5
    return mask


def expected_shape(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inside, and the edge of two pixels beside it without its corners."""
    around = cv2.dilate(
        mask.astype(np.uint8),
        np.float32([[abs(x * y) < 4 for x in range(-2, 3)] for y in range(-2, 3)]).astype(np.uint8),
    )
    return mask, (around > 0) & ~mask


@pytest.mark.parametrize("kinds", [[0], [1], [2], [3], [4], [4, 0, 3, 2, 1]], ids=str)
def test_a_mask_is_read_and_painted_whatever_filter_its_file_uses(kinds: list[int]) -> None:
    mask = some_mask()
    box, pixels = paint((png_lines(mask, kinds), "#ff8000"))
    inside, edge = expected_shape(mask)
    assert box == {"x": 0, "y": 0, "width": 83, "height": 60}
    assert (pixels[edge] == (255, 128, 0, 255)).all()
    assert (pixels[inside] == (255, 128, 0, 107)).all()
    assert (pixels[~inside & ~edge] == 0).all()


def test_only_the_part_of_the_picture_that_a_masks_note_tells_is_painted() -> None:
    mask = some_mask()
    whole = paint((encode_mask(mask), "#00ff00"))[1]
    for given in (mask, mask[::-1, ::-1], np.ones_like(mask)):
        box, pixels = paint((overlay_from_png(encode_mask(given, measure(given, 0.9, "ab")), "#00ff00"), "#00ff00"))
        y, x = np.nonzero(given)
        assert (box["x"], box["y"]) == (max(0, x.min() - 2), max(0, y.min() - 2))
        assert pixels.shape[:2] == (box["height"], box["width"])
        if given is mask:
            part = whole[box["y"] : box["y"] + box["height"], box["x"] : box["x"] + box["width"]]
            assert np.array_equal(pixels, part)


def test_masks_lie_over_one_another_in_their_order() -> None:
    low, high = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    low[5:25, 5:25] = True
    high[10:20, 15:35] = True
    lower, upper = (
        (encode_mask(low, measure(low, 1, "")), "#ff0000"),
        (encode_mask(high, measure(high, 1, "")), "#0000ff"),
    )
    box, pixels = paint(lower, upper)
    assert box == {"x": 3, "y": 3, "width": 34, "height": 24}
    assert tuple(pixels[15 - 3, 10 - 3]) == (255, 0, 0, 107)
    assert tuple(pixels[15 - 3, 30 - 3]) == (0, 0, 255, 107)
    red, _, blue, alpha = (int(each) for each in pixels[15 - 3, 20 - 3])  # both: the upper one at 42 %, then the lower
    share = 107 / 255
    assert alpha == pytest.approx(255 * (1 - (1 - share) ** 2), abs=1)
    assert blue == pytest.approx(255 * share * 255 / alpha, abs=1.5)
    assert red == pytest.approx(255 - blue, abs=1.5)
    assert tuple(pixels[15 - 3, 14 - 3]) == (0, 0, 255, 255)  # the upper one's edge hides what is under it


def test_a_large_clips_masks_are_painted_smaller() -> None:
    mask = np.zeros((100, 200), bool)
    mask[40:80, 60:160] = True
    box, pixels = paint((encode_mask(mask, measure(mask, 1, "")), "#00ff00"), most_side=50)
    assert box == {"x": 52, "y": 32, "width": 116, "height": 56}
    assert pixels.shape == (14, 29, 4)
    assert (pixels[2:12, 2:27] == (0, 255, 0, 107)).all()
