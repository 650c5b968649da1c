"""Training material as one small file that can travel to another machine: `python -m training.pack FOLDER FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.material import Material, pack
from training.state import StateError, load, save_atomically

PHOTO_QUALITY, CUTOUT_QUALITY = 68, 66  # of WebP, 0–100
_PACKED = ("photos", "labels", "objects")


def load_material(path: Path, device: str = "cpu") -> Material:
    """Training material from a folder of pictures, or from a file that `write_packed` wrote.

    Raises:
        FileNotFoundError: nothing of use is there.
        ValueError: a picture, or the file, is damaged.
    """
    if not path.is_file():
        return pack(path, device)
    content = load(path)
    try:
        pictures = {name: _decoded(content[name], content[f"{name}_ends"]).to(device) for name in _PACKED}
        counts, weights, object_weights = (content[k].to(device) for k in ("counts", "weights", "object_weights"))
        return Material(
            photos=pictures["photos"],
            labels=pictures["labels"][:, 0],
            counts=counts,
            weights=weights,
            objects=pictures["objects"],
            object_weights=object_weights,
            photographed=content["photographed"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not packed material ({error}); make it with python -m training.pack.") from error


def write_packed(material: Material, path: Path) -> None:
    """Write material as compressed pictures in one file.

    Raises:
        StateError: the disk does not take it.
    """
    photos, photo_ends = _encoded(material.photos, ".webp", [cv2.IMWRITE_WEBP_QUALITY, PHOTO_QUALITY])
    labels, label_ends = _encoded(material.labels[:, None], ".png", [cv2.IMWRITE_PNG_COMPRESSION, 9])
    objects, object_ends = _encoded(material.objects, ".webp", [cv2.IMWRITE_WEBP_QUALITY, CUTOUT_QUALITY])
    content = {
        "photos": photos,
        "photos_ends": photo_ends,
        "labels": labels,
        "labels_ends": label_ends,
        "objects": objects,
        "objects_ends": object_ends,
        "counts": material.counts.cpu(),
        "weights": material.weights.cpu(),
        "object_weights": material.object_weights.cpu(),
        "photographed": material.photographed,
    }
    save_atomically(content, path)


def _encoded(pictures: Tensor, suffix: str, options: list[int]) -> tuple[Tensor, Tensor]:
    """Pictures (N, C, H, W) uint8 as one row of bytes, and where each one ends."""
    parts = []
    for picture in pictures.cpu():
        pixels = _reordered(picture.permute(1, 2, 0).numpy())
        parts.append(cv2.imencode(suffix, np.ascontiguousarray(pixels), options)[1].ravel())
    ends = np.cumsum([len(part) for part in parts])
    return torch.from_numpy(np.concatenate(parts)), torch.from_numpy(ends)


def _decoded(encoded: Tensor, ends: Tensor) -> Tensor:
    """What `_encoded` was given."""
    pictures = []
    for part in np.split(encoded.numpy(), ends.numpy()[:-1]):
        pixels = cv2.imdecode(part, cv2.IMREAD_UNCHANGED)
        if pixels is None:
            raise ValueError("A picture of the packed material is damaged; pack it again.")
        pictures.append(torch.from_numpy(_reordered(np.atleast_3d(pixels)).copy()).permute(2, 0, 1))
    return torch.stack(pictures)


def _reordered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB(A) to OpenCV's BGR(A), or back."""
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]] if pixels.shape[2] > 1 else pixels


def main() -> None:
    """Pack a folder of training material into one file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="photos, masks, textures and cut-outs")
    parser.add_argument("out", type=Path, help="the file to write, such as runs/material.pack")
    wanted = parser.parse_args()
    try:
        write_packed(pack(wanted.folder), wanted.out)
    except (FileNotFoundError, ValueError, StateError) as error:
        parser.exit(1, f"{error}\n")
    print(f"{wanted.out}: {wanted.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
