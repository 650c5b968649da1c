"""The commands of the command line, as plain functions: the same pipeline as the page, without a session."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.exports.catalogue import find_kind, read_values, write_export
from app.exports.kind import ExportError, ExportProgress, Material
from app.footage import clip_footage
from app.mask_folder import MaskError, MaskFolder
from app.object_argument import with_object_argument
from app.privacy_notes import privacy_notes
from app.project import Project, ProjectError, add_object, with_layers, with_reframe
from app.render import RenderProgress, render_frames
from app.scratch import scratch_folder
from effects.catalogue import EFFECTS, describe_effects
from effects.layer import parse_layer
from effects.reframe import parse_reframe
from media.errors import MediaError
from media.format import Format
from media.formats import choose_format, format_names, format_of_suffix
from media.video_clip import VideoClip, probe

if TYPE_CHECKING:  # torch takes seconds to import, and most commands do without it
    from app.hardware import Setup
    from sam2_model import SAM2

_SECONDS_BETWEEN_LINES = 0.5


@dataclass(frozen=True)
class Job:
    """What one call of `track`, `render`, `run` or `export` was asked to do.

    Args:
        clip: a video file or a folder of numbered frames.
        model: a preset's name or a checkpoint's path; None: the project's, else this computer's default.
        objects: each `--object`, as written.
        layers: each `--layer`, as written.
        reframe: the `--reframe`, as written; None: the project's own.
        project: the project file to start from.
        save_project: where the project is written in the end.
        masks: the folder of masks, written by `track` and `run`, read by `render` and `export`.
        output: the file or folder to write.
        format: a name of `media.formats`; None: what the output's name asks for.
        quality: one of `media.format.QUALITIES`; None: the format's own.
        keep: the objects outside of which everything becomes transparent, "1,3" or "all"; None: nothing is cut out.
        keep_location: whether the place where the clip was taken stays in the file.
        kind: of the export; None: the masks.
        settings: the export's options, each as written, name=value.
        device: where the network runs; None, as for the next two: what suits the hardware.
        dtype: its number type.
        look_ahead: frames encoded in one batch.
        compiles: whether the image encoder is compiled first.
        dry_run: say how long tracking would take and how much memory it would need, and write nothing.
    """

    clip: Path
    model: str | None = None
    objects: Sequence[str] = ()
    layers: Sequence[str] = ()
    reframe: str | None = None
    project: Path | None = None
    save_project: Path | None = None
    masks: Path | None = None
    output: Path | None = None
    format: str | None = None
    quality: str | None = None
    keep: str | None = None
    keep_location: bool = False
    kind: str | None = None
    settings: Sequence[str] = ()
    device: Literal["cuda", "mps", "cpu"] | None = None
    dtype: Literal["float32", "bfloat16"] | None = None
    look_ahead: int | None = None
    compiles: bool | None = None
    dry_run: bool = False


class Reporter:
    """Says how far a job is: JSON lines on standard output for scripts, or one line that renews itself for people."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._last = 0.0
        self._is_open = False

    def progress(self, event: str, done: int, total: int, frames_per_second: float, **more: Any) -> None:
        """One step is done; people hear of it twice a second, scripts each time."""
        if self.as_json:
            self._write_json(event, done=done, total=total, fps=round(frames_per_second, 2), **more)
        elif sys.stderr.isatty() and (time.monotonic() - self._last > _SECONDS_BETWEEN_LINES or done == total):
            left = (total - done) / max(frames_per_second, 1e-6)
            sys.stderr.write(f"\r{event} {done}/{total}  {frames_per_second:.1f} frames/s  {left:.0f} s left   ")
            sys.stderr.flush()
            self._last, self._is_open = time.monotonic(), True

    def say(self, sentence: str, event: str = "notice", **more: Any) -> None:
        """A sentence for the person; `more` goes to scripts only."""
        if self.as_json:
            self._write_json(event, message=sentence, **more)
            return
        if self._is_open:
            sys.stderr.write("\n")
            self._is_open = False
        sys.stdout.write(sentence + "\n")

    def _write_json(self, event: str, **more: Any) -> None:
        sys.stdout.write(json.dumps({"event": event, **more}, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def track(job: Job, report: Reporter) -> None:
    """Track the objects through the clip and write their masks."""
    assert job.masks is not None
    with _opened(job, report) as clip:
        project = _with_job_layers(_project(job, clip), job)
        if job.dry_run:
            _estimate(job, clip, project, report)
            return
        _track(job, clip, project, MaskFolder(job.masks), report)
        _save(job, project)
        report.say(f"Masks written to {job.masks}.", "done", masks=str(job.masks))


def render(job: Job, report: Reporter) -> None:
    """Render the clip with its layers, from masks on disk or from a project's prompts."""
    target = _format(job)
    with _opened(job, report) as clip:
        project = _project_with_masks(job, clip)
        with _masks(job, clip, project, report) as masks:
            _render(clip, masks, project, job, target, report)
        _save(job, project)
        report.say(f"Written: {job.output}", "done", output=str(job.output))


def run(job: Job, report: Reporter) -> None:
    """Track and render in one go; the masks are kept where `--masks` says so."""
    target = _format(job)
    with _opened(job, report) as clip, scratch_folder() as spare:
        project = _with_job_layers(_project(job, clip), job)
        if job.dry_run:
            _estimate(job, clip, project, report)
            return
        masks = MaskFolder(job.masks or spare)
        _track(job, clip, project, masks, report)
        _render(clip, masks, project, job, target, report)
        _save(job, project)
        report.say(f"Written: {job.output}", "done", output=str(job.output))


def export(job: Job, report: Reporter) -> None:
    """Write any kind of export; without a kind the masks, as a ZIP file with the project or as a folder of PNGs."""
    assert job.output is not None
    is_folder = job.kind is None and job.output.suffix == ""
    kind = find_kind(job.kind or "masks")
    values = read_values(kind, _settings(job.settings))
    suffix = kind.suffix(values)
    if not is_folder and job.output.suffix.lower() != suffix:
        asked = "" if job.kind else " (other kinds are asked for with --kind)"
        raise ExportError(f"{kind.label} becomes a {suffix} file, not {job.output.name!r}; change its name{asked}.")
    with _opened(job, report) as clip:
        project = _project_with_masks(job, clip)
        with _masks(job, clip, project, report) as masks:
            if is_folder:
                count = _copy_masks(masks, MaskFolder(job.output))
                report.say(f"{count} masks written to {job.output}.", "done", output=str(job.output), masks=count)
            else:
                material = Material(clip, masks, project, project.layers, job.clip.name)
                _report_all(write_export(kind, material, values, job.output), "export", report)
                report.say(f"Written: {job.output}", "done", output=str(job.output))
        _save(job, project)


def _settings(words: Sequence[str]) -> dict[str, str]:
    """The words `name=value` of `--set`."""
    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ExportError(f'An option is written name=value, not "{word}".')
        given[name] = value
    return given


def describe_clip(path: Path) -> dict[str, Any]:
    """What `probe --json` prints of a good clip; raises `MediaError` for one that cannot be taken."""
    facts = probe(path)
    return {
        "ok": True,
        "frames": facts.num_frames,
        "size": [facts.size.width, facts.size.height],
        "fps": round(float(facts.fps), 3),
        "duration": round(float(facts.duration), 3),
        "has_audio": facts.has_audio,
        "codec": facts.codec,
        "notices": list(facts.notices),
    }


def list_effects(*, as_json: bool) -> str:
    """The catalogue: JSON for scripts, or one line an effect."""
    if as_json:
        return json.dumps(describe_effects(), indent=1)
    return "\n".join(f"{each.usage()}\n    {each.summary()}" for each in EFFECTS.values())


def list_models(*, as_json: bool) -> str:
    """The models that can be asked for, and which one starts by default."""
    from app.models import available_models, default_model  # brings torch, which no other listing needs

    chosen, choices = default_model(), available_models()
    if as_json:
        listed = [{"name": c.name, "title": c.title, "is_here": c.is_here, "note": c.note} for c in choices]
        return json.dumps({"default": chosen.name, "reason": chosen.reason, "models": listed}, indent=1)
    width = max(len(choice.name) for choice in choices)
    lines = [f"{'*' if c.name == chosen.name else ' '} {c.name:{width}}  {c.title}. {c.note}" for c in choices]
    return "\n".join([*lines, f"* {chosen.reason}"])


@contextmanager
def _opened(job: Job, report: Reporter) -> Iterator[VideoClip]:
    for path in (job.output, job.save_project):
        # Now, not after an hour of tracking.
        if path is not None and not path.absolute().parent.is_dir():
            raise ProjectError(f"The folder for {path.name} does not exist; make it first.")
    with VideoClip.open(job.clip) as clip:
        for notice in clip.notices:
            report.say(notice)
        yield clip


def _project(job: Job, clip: VideoClip) -> Project:
    """The project to work on: the given file or a new one, and what the other arguments add to it."""
    project = Project.load(job.project) if job.project else Project(clip=job.clip.name, model="")
    for text in job.objects:
        project = with_object_argument(project, text, clip.size)
    if job.model or not project.model:
        from app.models import default_model

        project = replace(project, model=job.model or default_model().name)
    return project


def _with_job_layers(project: Project, job: Job) -> Project:
    """The project with the layers of the command line on top of its own, and with its reframing."""
    project = with_layers(project, [*project.layers, *(parse_layer(text) for text in job.layers)])
    return with_reframe(project, parse_reframe(job.reframe)) if job.reframe else project


def _project_with_masks(job: Job, clip: VideoClip) -> Project:
    """`_project` with an object for each folder of masks, so that layers may be aimed at it."""
    project = _project(job, clip)
    for object_id in MaskFolder(job.masks).object_ids() if job.masks else ():
        if object_id not in project.object_ids:
            project = add_object(project, object_id=object_id)
    return _with_job_layers(project, job)


@contextmanager
def _masks(job: Job, clip: VideoClip, project: Project, report: Reporter) -> Iterator[MaskFolder]:
    """The masks to render with: those on disk, else tracked now from the project's prompts, else none are needed."""
    if job.masks is not None:
        masks = MaskFolder(job.masks)
        masks.check_size(clip.size)
        yield masks
        return
    with scratch_folder() as spare:
        masks = MaskFolder(spare)
        if project.prompts:
            _track(job, clip, project, masks, report)
        elif job.keep or any(layer.target != "everything" for layer in project.layers):
            raise MaskError("Layers and cut-outs need masks: give --masks DIR, or a --project with prompts.")
        yield masks


def _estimate(job: Job, clip: VideoClip, project: Project, report: Reporter) -> None:
    """Say what tracking would cost, measured on the clip's first frames."""
    from app.clip_tracker import plan_passes
    from app.estimate import estimate_tracking

    passes = plan_passes(project, clip.num_frames)
    model, setup = _load(job, project)
    report.say(setup.reason)
    frames, objects = sum(len(each.frames) for each in passes), len(passes[0].object_ids)
    found = estimate_tracking(model, clip, frames=frames, objects=objects)
    report.say(str(found), "estimate", seconds=round(found.seconds, 1), memory_mib=found.memory and round(found.memory))


def _load(job: Job, project: Project) -> tuple[SAM2, Setup]:
    """The project's model, run as the hardware and the command line have it."""
    from app import models
    from app.hardware import Wishes

    models.set_by_hand(Wishes(job.device, job.dtype, job.look_ahead, job.compiles))
    return models.load_model(project.model), models.current_setup()


def _track(job: Job, clip: VideoClip, project: Project, masks: MaskFolder, report: Reporter) -> None:
    from app.clip_tracker import ClipTracker, plan_passes
    from app.models import current_budget

    passes = plan_passes(project, clip.num_frames)
    model, _ = _load(job, project)
    tracker = ClipTracker(model, clip, masks, budget=current_budget())
    for each in passes:
        for tracked in tracker.propagate(project, each):
            report.progress(
                "track",
                tracked.done,
                len(each.frames),
                tracked.frames_per_second,
                frame=tracked.frame_index,
                objects={mask.object_id: {"area": mask.area, "score": round(mask.score, 4)} for mask in tracked.masks},
            )
    for notice in tracker.notices:
        report.say(notice)


def _render(clip: VideoClip, masks: MaskFolder, project: Project, job: Job, target: Format, report: Reporter) -> None:
    assert job.output is not None
    steps = render_frames(
        clip,
        masks,
        project.layers,
        job.output,
        colors=project.rgb_colors,
        names=project.names,
        reframe=project.reframe,
        format=target,
        cut_out=_kept(job, masks),
        keeps_location=job.keep_location,
    )
    _report_all(steps, "render", report)
    for note in privacy_notes(project.layers, clip_footage(clip, masks), project.names):
        report.say(note, "check")


def _report_all(steps: Iterable[RenderProgress | ExportProgress], event: str, report: Reporter) -> None:
    told = 0
    for step in steps:
        if step.done > told:  # the last is said again and again while the file is made whole
            report.progress(event, step.done, step.total, step.frames_per_second)
        told = step.done


def _format(job: Job) -> Format:
    """The format that `--format` and `--quality` name; without them the one that the file's name asks for."""
    assert job.output is not None
    suffix = job.output.suffix.lower()
    asked = job.format or ("webm-alpha" if job.keep and suffix == ".webm" else format_of_suffix(job.output))
    chosen = choose_format(asked, job.quality)
    if suffix != chosen.suffix:
        raise MediaError(f"{chosen.label} is a {chosen.suffix} file; please change the name {job.output.name!r}.")
    if job.keep and not chosen.has_alpha:
        known = ", ".join(format_names(has_alpha=True))
        raise MediaError(f"{chosen.label} knows no transparency; please give --format one of {known}.")
    return chosen


def _kept(job: Job, masks: MaskFolder) -> tuple[int, ...] | None:
    """The objects of `--keep`; None where nothing is cut out."""
    if job.keep is None:
        return None
    if job.keep == "all":
        return masks.object_ids()
    if not re.fullmatch(r"[0-9]+(,[0-9]+)*", job.keep):
        raise MaskError(f'--keep wants object numbers such as 1,3, or all, not "{job.keep}".')
    return tuple(int(each) for each in job.keep.split(","))


def _copy_masks(masks: MaskFolder, target: MaskFolder) -> int:
    count = 0
    for object_id in masks.object_ids():
        for frame_index in masks.frames(object_id):
            mask = masks.read(object_id, frame_index)
            if mask is not None:
                target.write(object_id, frame_index, mask)
                count += 1
    return count


def _save(job: Job, project: Project) -> None:
    if job.save_project is not None:
        project.save(job.save_project)
