"""The changes that a project can take, each giving a new project: objects, prompts, marks, layers, reframing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.projects.project import LONGEST_NAME, FramePrompt, Project, ProjectError, ProjectObject, checked_color
from effects.color import PALETTE
from effects.layer import Layer
from effects.reframe import Reframe


def add_object(project: Project, name: str | None = None, *, object_id: int | None = None) -> Project:
    """Add an object with the next free number, a name, and the first palette colour not in use.

    The new object is `result.objects[-1]`. Numbers of removed objects are not given again while a higher
    one is in use, so that masks on disk never change their owner.
    """
    number = object_id if object_id is not None else max(project.object_ids, default=0) + 1
    if number < 1 or number in project.object_ids:
        raise ProjectError(f"Object number {number} cannot be added: it must be new and at least 1.")
    taken = set(project.colors.values())
    color = next((each for each in PALETTE if each not in taken), PALETTE[(number - 1) % len(PALETTE)])
    added = ProjectObject(number, (name or "").strip()[:LONGEST_NAME] or f"Object {number}", color)
    return replace(project, objects=(*project.objects, added))


def remove_object(project: Project, object_id: int) -> Project:
    """Remove an object, its prompts, and it from the layers aimed at it."""
    project.object(object_id)
    return replace(
        project,
        objects=tuple(each for each in project.objects if each.id != object_id),
        prompts=tuple(each for each in project.prompts if each.object_id != object_id),
        layers=tuple(kept for layer in project.layers if (kept := _without_target(layer, object_id)) is not None),
        reframe=_reframe_without(project.reframe, object_id),
    )


def rename(project: Project, object_id: int, name: str) -> Project:
    """Give an object another name; an empty one is refused."""
    wanted = project.object(object_id)
    if not name.strip():
        raise ProjectError(f"An object needs a name; {wanted.name} keeps its own.")
    return _with_object(project, replace(wanted, name=name.strip()[:LONGEST_NAME]))


def recolor(project: Project, object_id: int, color: str) -> Project:
    """Give an object another colour, `#rrggbb`."""
    return _with_object(project, replace(project.object(object_id), color=checked_color(color)))


def set_visible(project: Project, object_id: int, visible: bool) -> Project:
    """Show or hide an object's mask in the editor."""
    return _with_object(project, replace(project.object(object_id), visible=visible))


def set_locked(project: Project, object_id: int, locked: bool) -> Project:
    """Lock an object against clicks, tracking and removal, or unlock it."""
    return _with_object(project, replace(project.object(object_id), locked=locked))


def with_marks(project: Project, marks: tuple[int, int] | None) -> Project:
    """Mark the range from a frame up to, but not including, another; None marks the whole clip."""
    return replace(project, marks=marks)


def with_prompt(project: Project, prompt: FramePrompt) -> Project:
    """Put all that was said so far about an object on a frame in the place of what was known.

    A prompt that says nothing any more removes the entry. The object must exist.
    """
    project.object(prompt.object_id)
    if prompt.is_empty:
        return without_prompt(project, prompt.object_id, prompt.frame_index)
    if project.prompt(prompt.object_id, prompt.frame_index) is None:
        return replace(project, prompts=(*project.prompts, prompt))
    key = (prompt.object_id, prompt.frame_index)
    return replace(
        project,
        prompts=tuple(prompt if (each.object_id, each.frame_index) == key else each for each in project.prompts),
    )


def without_prompt(project: Project, object_id: int, frame_index: int) -> Project:
    """Forget what was said about the object on that frame; nothing changes where nothing was said."""
    project.object(object_id)
    key = (object_id, frame_index)
    return replace(
        project, prompts=tuple(each for each in project.prompts if (each.object_id, each.frame_index) != key)
    )


def with_layers(project: Project, layers: Iterable[Layer]) -> Project:
    """Replace the whole stack of effects; a layer aimed at an unknown object is refused."""
    stack = tuple(layers)
    for layer in stack:
        for object_id in layer.target if isinstance(layer.target, tuple) else ():
            project.object(object_id)
    return replace(project, layers=stack)


def with_reframe(project: Project, reframe: Reframe | None) -> Project:
    """Follow objects with the whole picture; None keeps it whole. An unknown object is refused."""
    for object_id in reframe.object_ids if reframe else ():
        project.object(object_id)
    return replace(project, reframe=reframe)


def _with_object(project: Project, changed: ProjectObject) -> Project:
    return replace(project, objects=tuple(changed if each.id == changed.id else each for each in project.objects))


def _without_target(layer: Layer, object_id: int) -> Layer | None:
    """The layer without one of its objects; None where it has no object left."""
    if not isinstance(layer.target, tuple) or object_id not in layer.target:
        return layer
    rest = tuple(each for each in layer.target if each != object_id)
    return replace(layer, target=rest) if rest else None


def _reframe_without(reframe: Reframe | None, object_id: int) -> Reframe | None:
    rest = tuple(each for each in reframe.object_ids if each != object_id) if reframe else ()
    return replace(reframe, object_ids=rest) if reframe and rest else None
