"""Privacy notes: which frames a person must look at before a result with covered people is shown to anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.footage import ClipFootage
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
