"""The commands of the command line, as plain functions: the same pipeline as the page, without a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.command_line.following import estimate, one_after_the_other, track_all, tracked_meanwhile
from app.command_line.job import Job
from app.command_line.reporter import Reporter
from app.exports.catalogue import find_kind, read_values, write_export
from app.exports.kind import ExportError, Material
from app.projects.mask_folder import MaskError, MaskFolder
from app.projects.project import Project, ProjectError
from app.rendering.footage import clip_footage
from app.rendering.privacy_notes import privacy_notes
from app.rendering.render import render_frames
from app.scratch import scratch_folder
from effects.catalogue import EFFECTS, describe_effects
from media.format import Format
from media.video_clip import VideoClip, probe


def track(job: Job, report: Reporter) -> None:
    """Track the objects through the clip and write their masks."""
    assert job.masks is not None
    with _opened(job, report) as clip:
        project = job.with_layers(job.begin_project(clip.size))
        if job.dry_run:
            estimate(job, clip, project, report)
            return
        track_all(job, clip, project, job.masks, report)
        _save(job, project)
        report.say(f"Masks written to {job.masks}.", "done", masks=str(job.masks))


def render(job: Job, report: Reporter) -> None:
    """Render the clip with its layers, from masks on disk or from a project's prompts."""
    target = job.read_format()
    with _opened(job, report) as clip:
        project = job.project_of_masks(clip.size)
        with _masks(job, clip, project, report) as masks:
            _render(clip, masks, project, job, target, report)
        _save(job, project)
        report.say(f"Written: {job.output}", "done", output=str(job.output))


def run(job: Job, report: Reporter) -> None:
    """Track, and render each frame as soon as its masks are final; the masks are kept where `--masks` says so."""
    target = job.read_format()
    with _opened(job, report) as clip, scratch_folder() as spare:
        project = job.with_layers(job.begin_project(clip.size))
        if job.dry_run:
            estimate(job, clip, project, report)
            return
        with tracked_meanwhile(job, clip, project, job.masks or spare, report) as masks:
            _render(clip, masks, project, job, target, report)
        _save(job, project)
        report.say(f"Written: {job.output}", "done", output=str(job.output))


def export(job: Job, report: Reporter) -> None:
    """Write any kind of export; without a kind the masks, as a ZIP file with the project or as a folder of PNGs."""
    assert job.output is not None
    is_folder = job.kind is None and job.output.suffix == ""
    kind = find_kind(job.kind or "masks")
    values = read_values(kind, job.read_settings())
    suffix = kind.suffix(values)
    if not is_folder and job.output.suffix.lower() != suffix:
        asked = "" if job.kind else " (other kinds are asked for with --kind)"
        raise ExportError(f"{kind.label} becomes a {suffix} file, not {job.output.name!r}; change its name{asked}.")
    with _opened(job, report) as clip:
        project = job.project_of_masks(clip.size)
        with _masks(job, clip, project, report) as masks:
            if is_folder:
                count = _copy_masks(masks, MaskFolder(job.output))
                report.say(f"{count} masks written to {job.output}.", "done", output=str(job.output), masks=count)
            else:
                material = Material(clip, masks, project, project.layers, job.clip.name)
                steps = write_export(kind, material, values, job.output)
                report.follow(one_after_the_other(masks, steps), "export")
                report.say(f"Written: {job.output}", "done", output=str(job.output))
        _save(job, project)


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
    from app.tracking.models import available_models, default_model  # brings torch, which no other listing needs

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


@contextmanager
def _masks(job: Job, clip: VideoClip, project: Project, report: Reporter) -> Iterator[MaskFolder]:
    """The masks: those on disk, else tracked meanwhile from the project's prompts, else none are needed."""
    if job.masks is not None:
        masks = MaskFolder(job.masks)
        masks.check_size(clip.size)
        yield masks
        return
    with scratch_folder() as spare:
        if project.prompts:
            with tracked_meanwhile(job, clip, project, spare, report) as growing:
                yield growing
            return
        if job.keep or any(layer.target != "everything" for layer in project.layers):
            raise MaskError("Layers and cut-outs need masks: give --masks DIR, or a --project with prompts.")
        yield MaskFolder(spare)


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
        cut_out=job.read_keep(masks),
        keeps_location=job.keep_location,
    )
    report.follow(one_after_the_other(masks, steps), "render")
    for note in privacy_notes(project.layers, clip_footage(clip, masks), project.names):
        report.say(note, "check")


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
