"""Click one object, follow it through a clip, blur everything else: the library without the app.

From the folder of the project, after `make install`:

    .venv/bin/python -m examples.follow_and_blur
    .venv/bin/python -m examples.follow_and_blur my.mp4 420 310 blurred.mp4 --model sam2.1_tiny
"""

from __future__ import annotations

import argparse
from itertools import tee
from pathlib import Path

import sam2_model
from effects import compose, parse_layer
from media import VideoClip, VideoWriter
from sam2_model import Prompt, VideoPredictor

BIRD = Path(__file__).parent / "clips" / "bird.mp4"


def follow_and_blur(clip_path: Path, x: float, y: float, out: Path, model_name: str = "nano") -> None:
    """Follow what lies at pixel (x, y) of the first frame, and write the clip with everything else blurred."""
    model = sam2_model.load(model_name)
    # Without its loose parts, because one click on a small model takes crumbs along that an outline would show.
    layers = [parse_layer("background blur strength=0.7 specks=2000"), parse_layer("1 outline width=3 specks=2000")]
    with VideoClip.open(clip_path) as clip, VideoWriter(out, like=clip) as writer:
        tracker = VideoPredictor(model, size=clip.size, num_frames=clip.num_frames)
        click = Prompt(points=((x, y),), labels=(1,))
        tracker.add_prompt(object_id=1, frame_index=0, pixels=clip.frame(0).pixels, prompt=click)
        # The tracker looks at the coming frames already while one is written, so each is kept for a moment.
        kept, coming = tee(clip.frames())
        tracked = tracker.propagate((frame.index, frame.pixels) for frame in coming)
        for frame, found in zip(kept, tracked, strict=True):
            writer.write(compose(frame.pixels, found.masks_by_id(), layers, frame_index=frame.index), frame.time)


def main() -> None:
    """Read the command line; without one, follow the bird of the example clip."""
    parser = argparse.ArgumentParser(description="Follow one object and blur everything else.")
    parser.add_argument("clip", type=Path, nargs="?", default=BIRD)
    parser.add_argument("x", type=float, nargs="?", default=395, help="where to click on the first frame [px]")
    parser.add_argument("y", type=float, nargs="?", default=180, help="where to click on the first frame [px]")
    parser.add_argument("out", type=Path, nargs="?", default=Path("blurred.mp4"))
    parser.add_argument("--model", default="nano", help="a preset's name or a checkpoint's path")
    args = parser.parse_args()
    follow_and_blur(args.clip, args.x, args.y, args.out, args.model)
    print(f"Written: {args.out}")


if __name__ == "__main__":
    main()
