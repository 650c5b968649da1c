"""Opening a clip, a project or a session that was left, and which model looks at it."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from app.handlers.envelope import Message, Request, RequestError, Studio, change_project, open_session
from app.handlers.sentences import keyed
from app.heartbeat import beats
from app.panels.clip import describe_clip, describe_models
from app.panels.objects import describe_objects
from app.projects.changes import add_object
from app.projects.history import Step
from app.projects.mask_folder import MaskFolder
from app.projects.project import Project
from app.sessions.archive import is_archive, open_archive, write_archive
from app.sessions.lanes import describe_lanes
from app.sessions.session import Session
from app.tracking import service
from app.tracking.models import available_models


class Opened(NamedTuple):
    """One message on the way to an open clip; the last one tells what came of it.

    Args:
        message: for the page.
        session_id: the new session, with the last message.
        waiting: a project whose clip is still wanted, with the last message.
    """

    message: Message
    session_id: str | None = None
    waiting: Project | None = None


def open_files(studio: Studio, files: Sequence[Path], waiting: Project | None) -> Iterator[Opened]:
    """Open what was dropped: a clip, a project file, both, or one archive of both.

    Args:
        studio: what all requests share.
        files: the uploads, under the names that people gave them.
        waiting: a project that was opened before and wants its clip.

    Raises:
        RequestError, ProjectError, MediaError, SessionError: with one sentence.
    """
    archives = [path for path in files if path.suffix.lower() == ".zip" and is_archive(path)]
    projects = [path for path in files if path.suffix.lower() == ".json"]
    clips = [path for path in files if path not in (*archives, *projects)]
    if len(files) > 2 or len(clips) > 1 or len(archives) + len(projects) > 1:
        raise RequestError("Open one clip at a time, alone or together with its project file.")
    with tempfile.TemporaryDirectory() as folder:
        masks = None
        project = read_project(studio, Project.load(projects[0]).to_json()) if projects else waiting
        if archives:
            archive = open_archive(archives[0], Path(folder), studio.sessions.limits.max_bytes)
            project, masks = _with_known_model(studio, archive.project), archive.masks
            clips = clips or ([archive.clip] if archive.clip else [])
        if not clips:
            assert project is not None
            yield _wanting(project)
            return
        yield from _open_clip(studio, clips[0], project, masks)


def open_part(studio: Studio, session_id: str | None, part: Any) -> Iterator[Opened]:
    """Open another part of the file whose clip was cut: `[start, stop]` [s], counted from the file's beginning."""
    session = open_session(studio, session_id)
    whole = session.info.file_duration
    if whole is None or not _is_part(part, whole):
        raise RequestError("This part is not in the clip; choose where it begins and where it ends.")
    start, stop = part
    with tempfile.TemporaryDirectory() as folder:
        # The session it comes from goes once the new one stands.
        file = Path(folder) / Path(session.info.name).name
        shutil.copyfile(session.clip_path, file)
        yield from _open_clip(studio, file, None, None, (float(start), float(stop)))


def _is_part(part: Any, whole: float) -> bool:
    if not (isinstance(part, list) and len(part) == 2 and all(isinstance(each, int | float) for each in part)):
        return False
    start, stop = part
    return 0 <= start < stop and start < whole  # also false for what is no number


def stop_opening(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Called when the page has stopped `open`: the clip before it, and a project that waits for its clip, stay."""
    yield {"task": None}


def resume(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Give a page that was reloaded all that it showed."""
    session = open_session(studio, session_id)
    yield {**describe_everything(studio, session), "status": {"key": "status.back"}}


def describe_everything(studio: Studio, session: Session) -> Message:
    """A session as a page that knows nothing needs it; masks are asked for as they are shown."""
    project = session.project
    return {
        "task": None,
        "session": session.id,
        "wanted": None,
        "models": models_of(studio, project.model),
        "clip": {**describe_clip(session), "suggests": service.can_suggest(project.model)},
        "objects": describe_objects(project),
        "layers": [layer.to_json() for layer in project.layers],
        "marks": list(project.marks) if project.marks else None,
        "lanes": describe_lanes(session),
    }


def read_project(studio: Studio, data: Any) -> Project:
    """Check a project that came from outside."""
    return _with_known_model(studio, Project.from_json(data))


def _with_known_model(studio: Studio, project: Project) -> Project:
    """A project from outside names a model of the menu, never a file of this computer."""
    known = {each.name for each in available_models()} | {studio.model.name}
    return project if project.model in known else replace(project, model=studio.model.name)


def _wanting(project: Project) -> Opened:
    text = {"key": "start.wanted", "name": project.clip}
    return Opened({"task": None, "wanted": project.clip, "status": text}, None, project)


def _open_clip(
    studio: Studio,
    clip: Path,
    project: Project | None,
    masks: MaskFolder | None,
    part: tuple[float, float | None] = (0.0, None),
) -> Iterator[Opened]:
    yield Opened({"task": {"kind": "open", "text": {"key": "start.reading", "name": clip.name}, "begins": True}})
    session_id = None
    for progress in studio.sessions.create(clip, name=clip.name, model=studio.model.name, start=part[0], stop=part[1]):
        session_id = progress.session_id
        text = {"key": "start.reading_frame", "name": clip.name, "frame": progress.frames_done}
        task = {"kind": "open", "text": text, "done": progress.frames_done}
        if progress.first_jpeg is not None:
            task["picture"] = f"data:image/jpeg;base64,{base64.b64encode(progress.first_jpeg).decode('ascii')}"
        yield Opened({"task": task})
    assert session_id is not None
    session = studio.sessions.open(session_id)
    if project is None:
        # Not by change_project: no step leads back from here.
        studio.sessions.save(session_id, add_object(session.project))
    else:
        try:
            yield from _take_project(studio, session, project, masks)
        except BaseException:  # also where the page has gone
            studio.sessions.delete(session_id)
            raise
    session = studio.sessions.open(session_id)
    message = describe_everything(studio, session)
    if project is None:
        del message["models"]  # the page's choice holds for a new clip
    notices = [keyed(each) for each in session.info.notices]
    done = {"key": "status.project"} if project else {"key": "status.ready"}
    yield Opened({**message, "status": notices or done}, session_id)


def _take_project(studio: Studio, session: Session, project: Project, masks: MaskFolder | None) -> Iterator[Opened]:
    """Put a project into a fresh session; the masks of its clicks are found again where none came with it."""
    _check_fit(session, project)
    studio.sessions.save(session.id, replace(project, clip=session.info.name))
    finding = Opened({"task": {"kind": "open", "text": {"key": "start.finding"}}})

    def take_masks() -> Iterator[int]:
        for object_id in project.object_ids if masks else ():
            assert masks is not None
            for frame_index in masks.frames(object_id):
                mask = masks.read(object_id, frame_index) if frame_index < session.info.num_frames else None
                if mask is not None and mask.shape == tuple(session.info.size):
                    session.masks.adopt(object_id, frame_index, masks.path(object_id, frame_index))
                yield frame_index

    for _ in beats(take_masks):
        yield finding
    missing = [each for each in project.prompts if session.masks.read(each.object_id, each.frame_index) is None]

    def find_again() -> Iterator[int]:
        for done, prompt in enumerate(missing, start=1):
            service.segment(session.id, prompt.object_id, prompt.frame_index)
            yield done

    for _ in beats(find_again):
        yield finding


def _check_fit(session: Session, project: Project) -> None:
    """Refuse a clip that is plainly not the project's."""
    height, width = session.info.size
    points = [point for each in project.prompts for point in each.points]
    is_inside = all(0 <= x < width and 0 <= y < height for x, y in points)
    last = max((each.frame_index for each in project.prompts), default=0)
    if not is_inside or last >= session.info.num_frames:
        raise RequestError(
            f"This clip is {width} × {height} with {session.info.num_frames} frames, and the project's clicks do not "
            f"fit in; choose the clip {project.clip}."
        )


def save(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Pack the project with its clip and masks into one file, to be opened again later, here or elsewhere."""
    session = open_session(studio, session_id)
    with session.results.new_folder() as folder:
        out = folder / f"{Path(session.info.name).stem[:80]}.masklet.zip"
        for _ in beats(lambda: iter((write_archive(session, out),))):
            yield {"status": {"key": "status.packing"}}
    size = out.stat().st_size / 1e6
    told = {"key": "status.saved", "size": round(size, 1)}
    yield {"saved": {"path": str(out), "name": out.name}, "status": told}


def example_path(studio: Studio, request: Request) -> Path:
    """The file of the example that the page asks for; a name that is none is refused."""
    for path in sorted(studio.examples.glob("*.mp4")):
        if path.stem == request.get("example"):
            return path
    raise RequestError("There is no such example; pick another one.")


def models_of(studio: Studio, current: str) -> Message:
    """The models for the page's menu."""
    reason = studio.model.reason if current == studio.model.name else "You chose another model than the default."
    models = describe_models(available_models(), current, reason)
    told = [{**each, "note": keyed(each["note"])} for each in models["choices"]]
    return {**models, "choices": told, "reason": keyed(models["reason"])}


def model(studio: Studio, session_id: str | None, request: Request) -> Iterator[Message]:
    """Use another model from the next click on: {name}."""
    name = str(request["name"])
    choice = next((each for each in available_models() if each.name == name), None)
    if choice is None and name != studio.model.name:
        raise RequestError(f"There is no model {name}; pick one of the list.")
    title = choice.title if choice else Path(name).stem
    if session_id is not None:
        change_project(studio, session_id, lambda project: replace(project, model=name), Step("model", title))
    note = [] if choice is None or choice.is_here else [keyed(choice.note)]
    yield {"models": models_of(studio, name), "status": [{"key": "status.model", "name": title}, *note]}
