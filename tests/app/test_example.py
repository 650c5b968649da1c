from __future__ import annotations

from pathlib import Path

import numpy as np

from examples.follow_and_blur import follow_and_blur
from tests.app.made_clips import NUM_FRAMES, decode, picture


def test_the_example_script_runs_as_it_is(clip_path: Path, checkpoint: str, tmp_path: Path) -> None:
    follow_and_blur(clip_path, 20, 24, tmp_path / "out.mp4", checkpoint)
    pictures, _, seconds_of_sound = decode(tmp_path / "out.mp4")
    assert len(pictures) == NUM_FRAMES
    assert seconds_of_sound > 1
    assert np.abs(pictures[3].astype(int) - picture(3)).mean() > 4  # something was blurred or outlined


def test_every_example_clip_opens_and_is_credited() -> None:
    from media import probe

    folder = Path(__file__).parents[2] / "examples" / "clips"
    clips = sorted(folder.glob("*.mp4"))
    credits = (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert len(clips) >= 2
    for clip in clips:
        facts = probe(clip)
        assert clip.stat().st_size <= 1_500_000
        assert facts.duration <= 6
        assert f"`{clip.name}`" in credits
    assert any(probe(clip).has_audio for clip in clips)
