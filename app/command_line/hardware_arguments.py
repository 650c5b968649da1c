"""What may be set by hand of how a network runs, on the command line and where the page is started."""

from __future__ import annotations

import argparse


def add_hardware_arguments(parser: argparse.ArgumentParser) -> None:
    """`--device`, `--dtype`, `--image-size`, `--look-ahead` and `--compile`; unset, the hardware decides."""
    parser.add_argument("--device", choices=("cuda", "mps", "cpu"), help="where the network runs")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="its numbers")
    parser.add_argument(
        "--image-size", type=_at_least_one, metavar="PX", help="side of its square input, 256 to 1024; 512 is fast"
    )
    parser.add_argument("--look-ahead", type=_at_least_one, metavar="FRAMES", help="frames encoded in one batch")
    parser.add_argument(
        "--compile", dest="compiles", action="store_true", default=None,
        help="compile the network first, which takes a minute and more; of use on a GPU",
    )  # fmt: skip


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} came; 1 or more is wanted")
    return number
