"""The pictures and tables of docs/effects.md, made of catalogue and example clip: `python -m benchmarks.effect_sheet`.

Every effect at its default, every look, and an edge before and after the matte. The mask was drawn by hand and lies
beside the pictures. Give names to see only those, and `--out` to leave the documentation alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from effects import EFFECTS, Layer, compose, parse_layer, settings_of
from effects.effect import Effect
from effects.looks import LOOKS, look
from effects.refine import refine
from media.video_clip import VideoClip

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images" / "effects"
DOCUMENT = ROOT / "docs" / "effects.md"
CLIP, FRAME = ROOT / "examples" / "clips" / "bird.mp4", 20
THUMBNAIL = (135, 240)
COLUMNS = 4

Array = np.ndarray[Any, Any]

EVERYWHERE = ("adjust", "grain", "halftone", "thermal", "hue", "glitch", "duotone", "gradient_map")
BEHIND = ("background_picture", "background_video", "blur", "bokeh", "cartoon", "desaturate", "edges", "gradient")
BEHIND += ("motion_blur", "negative", "pixelate", "sketch", "solid", "zoom_blur")


def effect_table() -> str:
    """Every effect with what it does and its settings, as a table in Markdown."""
    lines = ["| effect | what it does | settings |", "|---|---|---|"]
    for name, effect in EFFECTS.items():
        settings = "; ".join(
            f"`{each.name}` {each.describe()} ({_shown(each.default)})" for each in settings_of(effect)
        )
        lines.append(f"| `{name}` | {effect.summary()} | {settings.replace('|', '/')} |")
    return "\n".join(lines)


def look_table() -> str:
    """Every look with its layers, as a table in Markdown."""
    rows = [f"| {name} | {'<br>'.join(f'`{layer}`' for layer in layers)} |" for name, layers in LOOKS.items()]
    return "\n".join(["| look | layers, the lowest first |", "|---|---|", *rows])


def fill(text: str, name: str, table: str) -> str:
    """Put a table between its two marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def write_tables(document: Path) -> None:
    """Bring both tables of the document up to date."""
    text = fill(document.read_text(encoding="utf-8"), "effects", effect_table())
    document.write_text(fill(text, "looks", look_table()), encoding="utf-8")


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default) or "none"


def read_shot() -> tuple[Array, Array]:
    """The frame (H, W, 3) uint8 and its mask (H, W) bool."""
    with VideoClip.open(CLIP) as clip:
        pixels = clip.frame(FRAME).pixels
    mask = cv2.imread(str(IMAGES / "bird_mask.png"), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    return pixels, mask > 127


def aim(effect: type[Effect]) -> Layer:
    """An effect as people use it most: on everything, on the background or on the object."""
    target = "everything" if effect.name in EVERYWHERE else "background" if effect.name in BEHIND else (1,)
    return Layer(effect(), target)


def label(picture: Array, text: str) -> Array:
    """A thumbnail with a name under it."""
    small = cv2.resize(picture, THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)
    strip = np.full((22, THUMBNAIL[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([small, strip])


def write_sheet(path: Path, pictures: Sequence[tuple[str, Array]]) -> None:
    """Thumbnails in rows, as one JPEG."""
    cells = [label(picture, name) for name, picture in pictures]
    blank = np.full_like(cells[0], 255)
    cells += [blank] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[at : at + COLUMNS]) for at in range(0, len(cells), COLUMNS)]
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 86])


def write_edges(path: Path, pixels: Array, mask: Array) -> None:
    """An edge four times enlarged: plainly enlarged masks of two grids, and the mattes made of the same grids."""
    pictures = []
    for grid in (64, 256):
        covered = cv2.resize(mask.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA)
        logits = np.log(np.clip(covered, 1e-3, 0.999) / np.clip(1 - covered, 1e-3, 0.999))
        hard = cv2.resize((covered > 0.5).astype(np.float32), pixels.shape[1::-1]) >= 0.5
        for alpha in (hard.astype(np.float32), refine(pixels, logits)):
            cut = compose(pixels, {1: alpha}, [parse_layer("1 cutout color=#e0245e feather=0")])
            part = cut[130:250, 290:450]
            pictures.append(cv2.resize(part, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST))
    sheet = np.vstack([np.hstack(pictures[:2]), np.hstack(pictures[2:])])
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only these effects")
    parser.add_argument("--out", type=Path, default=IMAGES)
    given = parser.parse_args()
    pixels, mask = read_shot()
    masks = {1: refine(pixels, mask)}

    def show(layers: Sequence[Layer]) -> Array:
        return compose(pixels, masks, layers, frame_index=FRAME, time=FRAME / 24, names={1: "Bird"})

    chosen = [effect for name, effect in EFFECTS.items() if not given.names or name in given.names]
    write_sheet(given.out / "catalogue.jpg", [(each.name, show([aim(each)])) for each in chosen])
    if not given.names:
        write_sheet(given.out / "looks.jpg", [(name, show(look(name, (1,)))) for name in LOOKS])
        write_edges(given.out / "matte.jpg", pixels, mask)
    if given.out == IMAGES:
        write_tables(DOCUMENT)


if __name__ == "__main__":
    main()
