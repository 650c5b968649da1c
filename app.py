"""The page: `python app.py` prints a local address. On a Hugging Face Space this file is the entry point."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from pathlib import Path

# Threads that wait sleep instead of spinning, which must be said before torch is imported. On two cores shared with one
# other busy program, spinning made tracking thirty times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# On an Apple GPU what it cannot do yet is done by the CPU.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401 - before torch: on ZeroGPU it must patch it first

from app.command_line.hardware_arguments import add_hardware_arguments
from app.handlers.envelope import Studio
from app.interface import launch_page
from app.reach import is_public, public_notice
from app.sessions.store import Sessions
from app.tracking import service
from app.tracking.hardware import Wishes
from app.tracking.models import DefaultModel, current_setup, default_model, set_by_hand
from media.limits import HOSTED, LOCAL

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Read the command line and serve the page."""
    parser = argparse.ArgumentParser(
        description="Masklet Studio: click an object in a video, follow it, give it an effect."
    )
    parser.add_argument("--model", help="a model's name, such as sam2.1_tiny, or a checkpoint's path")
    parser.add_argument(
        "--host", default=None, help="where to listen; 0.0.0.0 lets others in, with a public host's limits"
    )
    parser.add_argument("--port", type=int, default=None, help="the port; the first free one from 7860 by default")
    parser.add_argument("--share", action="store_true", help="also open a public address through Gradio")
    add_hardware_arguments(parser)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")

    is_space = "SPACE_ID" in os.environ
    host = args.host or ("0.0.0.0" if is_space else "127.0.0.1")
    is_hosted = is_public(host, is_shared=args.share, is_space=is_space)
    if is_hosted and not is_space:
        logging.getLogger("masklet").warning(public_notice())
    sessions = Sessions(
        FOLDER / "sessions",
        limits=HOSTED if is_hosted else LOCAL,
        idle_seconds=15 * 60.0 if is_hosted else 24 * 3600.0,
    )
    model = DefaultModel(args.model, "It was chosen on the command line.") if args.model else default_model()
    set_by_hand(Wishes(args.device, args.dtype, args.image_size, args.look_ahead, args.compiles))
    sys.stdout.write(current_setup(model.name).reason + "\n")
    # On ZeroGPU the model must be loaded here, in the main process: what a worker loads is lost with it.
    service.connect(sessions, preload=model.name if is_space else None)
    if not is_space:
        service.warm_up(model.name)
    launch_page(Studio(sessions, model, FOLDER / "examples" / "clips"), host=host, port=args.port, share=args.share)


if __name__ == "__main__":
    main()
