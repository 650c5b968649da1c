"""Serves the page for the browser test, in a process of its own: `python -m tests.browser.serve FOLDER PORT [nano]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from app.handlers.envelope import Studio
from app.interface import launch_page
from app.sessions.store import Sessions
from app.tracking import service
from app.tracking.models import DefaultModel
from sam2_model import SAM2
from tests.app.conftest import make_model

ROOT = Path(__file__).resolve().parents[2]
_LEFT_OUT = (0.67, 0.85, 0.5)  # the share of the picture that each candidate leaves out


def tame(network: SAM2) -> SAM2:
    """Let a random network find smooth masks of a third of the picture; its own are all, nothing or dust.

    Its other candidates, where it gives any, are of other sizes: a part, and more.
    """

    def keep_highest(_: object, __: object, decoded: Any) -> Any:
        smooth = functional.avg_pool2d(decoded.mask_logits, 9, stride=1, padding=4, count_include_pad=False)
        flat = smooth.flatten(2)
        thresholds = [flat[:, at].quantile(_LEFT_OUT[at % 3], dim=-1) for at in range(flat.shape[1])]
        centred = flat - torch.stack(thresholds, dim=1)[..., None]
        scaled = centred / (flat.std(dim=-1, keepdim=True) + 1e-6)
        return decoded._replace(mask_logits=8 * scaled.unflatten(-1, smooth.shape[-2:]))

    network.mask_decoder.register_forward_hook(keep_highest)
    return network


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    sessions = Sessions(folder / "sessions")
    if "nano" in sys.argv[3:]:
        service.connect(sessions)
        service.warm_up("nano")
    else:
        network = tame(make_model())
        # Slow enough that a cancel comes in time on any machine.
        network.memory_encoder.register_forward_hook(lambda *_: time.sleep(0.15))
        service.connect(sessions, load=lambda name: network)
    model = DefaultModel("nano", "It is the test's own.")
    launch_page(Studio(sessions, model, ROOT / "examples" / "clips"), port=port)


if __name__ == "__main__":
    main()
