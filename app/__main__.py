"""The command line: `python -m app track|render|run|export|probe|models|effects|serve`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import runpy
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

# Before torch is imported; app.py says why.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")

from app.command_line import commands
from app.command_line.hardware_arguments import add_hardware_arguments
from app.command_line.job import Job
from app.command_line.object_argument import USAGE
from app.command_line.reporter import Reporter
from app.exports.catalogue import KINDS
from app.freed_memory import keep_freed_memory
from app.projects.mask_folder import MaskError
from app.projects.project import ProjectError
from app.tracking.passes import TrackingError
from effects.effect import EffectError
from media.errors import MediaError
from media.format import QUALITIES
from media.formats import FORMATS

BAD_INPUT, STOPPED = 1, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the page of usage that argparse puts before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Bad input is one line on standard error, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["serve"]:
        return _serve(words[1:])
    args = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    keep_freed_memory()
    try:
        return args.command(args)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; no partial file was left.\n")
        return STOPPED
    except _bad_input() as error:
        if getattr(args, "json", False):
            print(json.dumps({"event": "error", "message": str(error)}, ensure_ascii=False))
        print(error, file=sys.stderr)
        return BAD_INPUT


def _bad_input() -> tuple[type[Exception], ...]:
    """The errors whose message is for the person; the model's own only where it was imported at all."""
    known: list[type[Exception]] = [MediaError, MaskError, ProjectError, EffectError, TrackingError]
    if "sam2_model.weight_files" in sys.modules:
        known.append(sys.modules["sam2_model.weight_files"].CheckpointError)
    return tuple(known)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m app", description="Click an object in a video, follow it, apply an effect.")
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    commands_of.add_parser("serve", help="the page; everything that follows goes to python app.py")

    track = commands_of.add_parser("track", help="follow objects through a clip and write their masks")
    _add_clip(track)
    _add_prompts(track)
    add_hardware_arguments(track)
    _add_dry_run(track)
    track.add_argument("--masks", type=Path, required=True, metavar="DIR", help="where the masks are written")
    _add_reporting(track, commands.track)

    render = commands_of.add_parser("render", help="lay effects over a clip, with masks from disk or from a project")
    _add_clip(render)
    render.add_argument("--model", help="the model that tracks a project's prompts")
    add_hardware_arguments(render)
    source = render.add_mutually_exclusive_group()
    source.add_argument("--masks", type=Path, metavar="DIR", help="the masks that track wrote")
    source.add_argument("--project", type=Path, metavar="P.json", help="a saved project; its prompts are tracked first")
    _add_layers(render)
    _add_output(render)
    _add_reporting(render, commands.render)

    run = commands_of.add_parser("run", help="track and render in one go")
    _add_clip(run)
    _add_prompts(run)
    add_hardware_arguments(run)
    _add_dry_run(run)
    run.add_argument("--masks", type=Path, metavar="DIR", help="keep the masks there")
    _add_layers(run)
    _add_output(run)
    _add_reporting(run, commands.run)

    export = commands_of.add_parser(
        "export",
        help="write the clip, its masks and what is known of them in any form",
        description="Write any kind of export. Masks come from disk, or are tracked now.",
        epilog=_list_kinds(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_clip(export)
    _add_prompts(export)
    add_hardware_arguments(export)
    export.add_argument(
        "--masks", type=Path, metavar="DIR", help="the masks that track wrote; else they are tracked now"
    )
    export.add_argument("--kind", choices=tuple(KINDS), help="what is written (default: masks)")
    export.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help="an option of the kind"
    )
    _add_layers(export)
    export.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    _add_reporting(export, commands.export)

    probe = commands_of.add_parser("probe", help="say what a file is and whether it can be taken")
    probe.add_argument("clip", type=Path, metavar="FILE")
    probe.add_argument("--json", action="store_true", help="as JSON, also for a file that is refused")
    probe.set_defaults(command=_probe)

    for name, listing in (("models", commands.list_models), ("effects", commands.list_effects)):
        listed = commands_of.add_parser(name, help=f"list the {name}")
        listed.add_argument("--json", action="store_true")
        listed.set_defaults(command=_printing(listing))
    return parser


def _add_clip(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "clip", type=Path, metavar="CLIP", help="a video file, or a folder of numbered JPEG or PNG frames"
    )


def _add_prompts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="a preset's name or a checkpoint's path; @512 after it: fast")
    parser.add_argument("--object", action="append", default=[], dest="objects", metavar="PROMPT", help=USAGE)
    parser.add_argument("--project", type=Path, metavar="P.json", help="start from a saved project")


def _add_dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say how long tracking would take, and write nothing")


def _add_layers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layer",
        action="append",
        default=[],
        dest="layers",
        metavar="LAYER",
        help='"background blur strength=0.7" or "1 outline color=#ff0"; the first is the lowest',
    )
    parser.add_argument(
        "--reframe",
        metavar="REFRAME",
        help='cut the picture so that it follows an object: "1 aspect=9:16 steadiness=2"',
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("-o", "--output"), type=Path, required=True, metavar="OUT.mp4",
        help="its name chooses the format: .mp4, .webm, .mov, .gif, .webp, or .zip for PNGs",
    )  # fmt: skip
    names = tuple(dict.fromkeys(each.name for each in FORMATS))
    parser.add_argument("--format", choices=names, help="the format, where the name alone does not say it")
    parser.add_argument("--quality", choices=tuple(QUALITIES), help="share: small; high: the default; lossless")
    parser.add_argument("--keep", metavar="IDS", help="make all but these objects transparent: 1,3 or all")
    parser.add_argument("--keep-location", action="store_true", help="keep the place where the clip was taken")


def _list_kinds() -> str:
    """The kinds of export and their options, for the help."""
    lines = ["kinds and their options (--set name=value):"]
    for kind in KINDS.values():
        lines.append(f"  {kind.name:11} {kind.description}")
        for option in kind.options:
            shown = {"switch": "yes or no", "objects": "such as 1,3, or all"}.get(option.type)
            shown = shown or ", ".join(choice.value for choice in option.choices)
            lines.append(f"  {'':13}{option.name}: {shown}")
    return "\n".join(lines)


def _add_reporting(parser: argparse.ArgumentParser, command: Callable[[Job, Reporter], None]) -> None:
    parser.add_argument("--save-project", type=Path, metavar="P.json", help="write what was asked for as a project")
    parser.add_argument("--json", action="store_true", help="progress as one JSON object a line")

    def run(args: argparse.Namespace) -> int:
        given = {name: value for name, value in vars(args).items() if name in Job.__dataclass_fields__}
        command(Job(**given), Reporter(as_json=args.json))
        return 0

    parser.set_defaults(command=run)


def _serve(words: Sequence[str]) -> int:
    """Run app.py, which is not importable by name: beside the package `app` nothing else can be called so."""
    script = Path(__file__).resolve().parents[1] / "app.py"
    sys.argv = [str(script), *words]
    runpy.run_path(str(script), run_name="__main__")
    return 0


def _probe(args: argparse.Namespace) -> int:
    try:
        facts = commands.describe_clip(args.clip)
    except MediaError as error:
        if not args.json:
            raise
        print(json.dumps({"ok": False, "reason": str(error)}, ensure_ascii=False))
        return BAD_INPUT
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    width, height = facts["size"]
    sound = "with sound" if facts["has_audio"] else "without sound"
    print(f"{facts['frames']} frames of {width}×{height}, {facts['fps']} a second, {facts['duration']} s, {sound}.")
    for notice in facts["notices"]:
        print(notice)
    return 0


def _printing(listing: Callable[..., str]) -> Callable[[argparse.Namespace], int]:
    def command(args: argparse.Namespace) -> int:
        print(listing(as_json=args.json))
        return 0

    return command


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)  # a job that is told to end cleans up as after Ctrl-C
    sys.exit(main())
