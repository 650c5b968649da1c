"""Which frames of which objects a press of "Track" goes over: what is missing or out of date, or what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from app.projects.mask_note import Basis
from app.projects.project import Project
from app.sessions.session import Session
from app.tracking.passes import TrackingError, TrackingPass

Direction = Literal["missing", "both", "forward", "backward"]


@dataclass(frozen=True)
class Wish:
    """What the person asks for.

    Args:
        direction: "missing" does what is not done yet, "both" does everything anew; forward and backward begin at
            the playhead.
        frame: the playhead.
        across_cuts: whether to go on into a scene in which an object has no click.
    """

    direction: Direction = "missing"
    frame: int = 0
    across_cuts: bool = False


@dataclass(frozen=True)
class Plan:
    """The runs, and the first frame of the scene before which some of them stop, if any."""

    passes: tuple[TrackingPass, ...]
    cut: int | None = None


@dataclass(frozen=True)
class _Spans:
    """The frames of one object, each way: (first, one after the last), or None."""

    forward: tuple[int, int] | None
    backward: tuple[int, int] | None


def plan_tracking(session: Session, wish: Wish, cuts: Sequence[int] = ()) -> Plan:
    """Plan the runs within the marked range, for all objects that are prompted and not locked.

    Raises:
        TrackingError: nothing is prompted, or nothing is left to do.
    """
    project = session.project
    ids = [each.id for each in project.objects if not each.locked and project.prompted_frames(each.id)]
    if not ids:
        raise TrackingError("There is nothing to track yet; click an object on a frame first.")
    start, stop = project.marks or (0, session.info.num_frames)
    stop = min(stop, session.info.num_frames)
    spans = {each: _wanted(session, each, wish, start, stop) for each in ids}
    if wish.direction == "missing" and not any(each.forward or each.backward for each in spans.values()):
        spans = {each: _whole(project, each, start, stop) for each in ids}
    cut = None
    if not wish.across_cuts:
        spans, cut = _within_scenes(project, spans, cuts)
    passes = tuple(_passes(spans))
    if not passes and cut is None:
        raise TrackingError("There is no frame to track that way; move the playhead or the marks.")
    return Plan(passes, cut)


def _whole(project: Project, object_id: int, start: int, stop: int) -> _Spans:
    first = project.prompted_frames(object_id)[0]
    return _Spans(_span(max(first, start), stop), _span(start, min(first, stop)))


def _wanted(session: Session, object_id: int, wish: Wish, start: int, stop: int) -> _Spans:
    frames = session.project.prompted_frames(object_id)
    if wish.direction == "forward":
        return _Spans(_span(max(wish.frame, frames[0], start), stop), None)
    if wish.direction == "backward":
        return _Spans(None, _span(start, min(wish.frame, frames[-1], stop - 1) + 1))
    whole = _whole(session.project, object_id, start, stop)
    if wish.direction == "both":
        return whole
    basis, notes = Basis(session.project, object_id), session.masks.notes(object_id)

    def is_due(index: int) -> bool:
        return index not in notes or notes[index].basis not in ("", basis.of(index))

    return _Spans(_trimmed(whole.forward, is_due), _trimmed(whole.backward, is_due))


def _within_scenes(
    project: Project, spans: dict[int, _Spans], cuts: Sequence[int]
) -> tuple[dict[int, _Spans], int | None]:
    """Cut the spans where they would go into a scene in which the object was never clicked."""
    stops: list[int] = []
    kept = {}
    for object_id, each in spans.items():
        prompted = project.prompted_frames(object_id)
        forward, backward = each.forward, each.backward
        if forward:
            wall = next((cut for cut in cuts if cut >= forward[0] and not _is_known(cut, cuts, prompted)), None)
            if wall is not None and wall < forward[1]:
                stops.append(wall)
                forward = _span(forward[0], wall)
        if backward:
            scenes = [0, *cuts]
            # Backwards over a cut one comes into the scene that ends there.
            entered = [(cut, scenes[at]) for at, cut in enumerate(cuts) if cut <= backward[1]]
            walls = [cut for cut, scene in entered if not _is_known(scene, cuts, prompted)]
            if walls and walls[-1] > backward[0]:
                stops.append(walls[-1])
                backward = _span(walls[-1], backward[1])
        kept[object_id] = _Spans(forward, backward)
    return kept, min(stops, default=None)


def _is_known(scene: int, cuts: Sequence[int], prompted: Iterable[int]) -> bool:
    """Whether one of the prompted frames lies in the scene that begins at frame `scene`."""
    end = next((cut for cut in cuts if cut > scene), None)
    return any(scene <= frame and (end is None or frame < end) for frame in prompted)


def _passes(spans: dict[int, _Spans]) -> Iterable[TrackingPass]:
    forward = {each: span.forward for each, span in spans.items() if span.forward}
    backward = {each: span.backward for each, span in spans.items() if span.backward}
    if forward:
        ends = list(forward.values())
        yield TrackingPass(min(a for a, _ in ends), max(b for _, b in ends), 1, tuple(forward), tuple(forward.values()))
    if backward:
        ends = list(backward.values())
        first, last = min(a for a, _ in ends), max(b for _, b in ends)
        yield TrackingPass(last - 1, first - 1, -1, tuple(backward), tuple(backward.values()))


def _span(start: int, stop: int) -> tuple[int, int] | None:
    return (start, stop) if start < stop else None


def _trimmed(span: tuple[int, int] | None, is_due: Callable[[int], bool]) -> tuple[int, int] | None:
    """From the first to the last frame of the span that is due."""
    due = [index for index in range(*span) if is_due(index)] if span else []
    return (due[0], due[-1] + 1) if due else None
