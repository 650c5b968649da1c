"""Contact sheets: generated clips with their masks as one picture, to be looked at."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from training.clips import ClipGenerator, Clips
from training.pack import load_material

COLORS = ((255, 64, 64), (64, 200, 64), (80, 120, 255), (255, 200, 0), (220, 60, 220))


def contact_sheet(clips: Clips) -> np.ndarray:
    """One clip a row, one frame a column, outlines in the objects' colours: (H, W, 3) uint8 RGB."""
    rows = []
    for frames, masks in zip(clips.frames, clips.masks, strict=True):
        row = []
        for frame, objects in zip(frames, masks, strict=True):
            pixels = np.ascontiguousarray(frame.permute(1, 2, 0).cpu().numpy())
            for color, mask in zip(COLORS, objects.cpu().numpy(), strict=False):
                outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
                cv2.drawContours(pixels, outlines, -1, color, 1)
            row.append(pixels)
        rows.append(np.hstack(row))
    return np.vstack(rows)


def main() -> None:
    """Write a contact sheet of generated clips."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="the PNG to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--material", type=Path, help="folder of photos, masks, textures and cut-outs")
    wanted = parser.parse_args()
    material = load_material(wanted.material) if wanted.material else None
    with torch.inference_mode():
        clips = ClipGenerator(material=material).make(wanted.seed, wanted.clips, wanted.frames)
    cv2.imwrite(str(wanted.out), cv2.cvtColor(contact_sheet(clips), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
