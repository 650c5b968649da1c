"""Privacy notes: which frames a person must look at before a result with covered people is shown to anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from app.rendering.footage import ClipFootage
from app.sessions.session import Session
from effects.doubts import Doubt, describe_doubts, find_doubts
from effects.layer import Layer


def doubts_of_covered(layers: Sequence[Layer], footage: ClipFootage) -> dict[int, tuple[Doubt, ...]]:
    """For each object that a layer covers wholly: the frames on which its track may be wrong."""
    covered = [layer for layer in layers if layer.effect.covers_wholly and layer.opacity > 0]
    ids = {each for layer in covered if isinstance(layer.target, tuple) for each in layer.target}
    return {each: find_doubts(footage.path((each,))) for each in sorted(ids)}


def privacy_notes(layers: Sequence[Layer], footage: ClipFootage, names: Mapping[int, str]) -> list[str]:
    """One sentence for each covered object; none where nobody is covered."""
    found = doubts_of_covered(layers, footage)
    return [describe_doubts(doubts, names.get(each, f"Object {each}")) for each, doubts in found.items()]


def session_doubts(session: Session, frames: range) -> dict[str, tuple[Doubt, ...]]:
    """For each covered object of a session's project its name and its doubts on `frames`, from its masks alone."""
    info = session.info

    def no_frame(index: int) -> NoReturn:
        raise AssertionError(f"frame {index} was asked for, but a path is told by the masks alone")

    footage = ClipFootage(
        no_frame, session.masks, num_frames=info.num_frames, fps=float(info.fps), size=(info.size[0], info.size[1])
    )
    found = doubts_of_covered(session.project.layers, footage)
    return {session.project.names[each]: tuple(_within(doubts, frames)) for each, doubts in found.items()}


def _within(doubts: Sequence[Doubt], frames: range) -> Iterator[Doubt]:
    for doubt in doubts:
        start, stop = max(doubt.start, frames.start), min(doubt.stop, frames.stop)
        if start < stop:
            yield replace(doubt, start=start, stop=stop)
