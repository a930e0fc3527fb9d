"""`reproduce`: build a release again from its commit, compare, and keep the report beside it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from release_tasks.config.load import find_config, load_release
from release_tasks.config.schema import Release
from release_tasks.engine.options import flag, option
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.policy.rebuild_text import terminal_text
from release_tasks.records.variation import parse_vary
from release_tasks.system.source_place import fresh_place, remove_place
from release_tasks.system.variation import Variation
from release_tasks.verbs.rebuild_claim import newest_release, read_claim
from release_tasks.verbs.rebuild_steps import Wish
from release_tasks.verbs.reproduce import REBUILD_DIFFOSCOPE, Reproduction, Request, keep_report, reproduce

_EXIT = {"match": 0, "mismatch": 1, "inconclusive": 2}


class Reproduce(VerbCommand):
    """`reproduce [PATH]`: does the release come out again, from its commit, in a clean place."""

    name = "reproduce"
    doc_purpose = "build a release again from its commit and compare every file"
    doc_usage = "[PATH]"
    cmd_options = (
        option("config", "another release.toml"),
        flag("all", "build every step again, whatever is on record"),
        option("spot-check", "build this many of the steps on record again, old and cheap ones first", "0"),
        option("vary", "what the second build shall find otherwise, as '+all -clock'", ""),
        flag(
            "explain",
            "after a mismatch, try each step that differs again, until the variation behind it is found",
        ),
        flag(
            "fresh-env", "install the packages that the release records, and build with them (needs an index)"
        ),
        option("records", "folder of rebuild records, which may be shared, else that of [reproduce]"),
        option("inputs", f"folders with files that git does not hold, separated by '{os.pathsep}'"),
        option("root", "the root digest that you were told on another way"),
        option("tag", "the annotated git tag whose message holds the root digest"),
        flag("json", "print one JSON object"),
    )

    def parse_execute(self, in_args: list[str]) -> int:
        """Parse as every verb; what was typed is kept for a process in another environment."""
        self._typed = list(in_args)
        return super().parse_execute(in_args)

    def run(self, params: Any, args: list[str]) -> int:
        """Reproduce, keep the report, print it."""
        signal.signal(signal.SIGTERM, _leave)
        if len(args) > 1:
            raise ConfigError("wrong number of paths", wanted="one release, or none", found=" ".join(args))
        environ = dict(os.environ)
        config = None if params["config"] is None else Path(params["config"])
        project = load_release(find_config(Path.cwd(), config, environ), environ=environ)
        request = _request(params, args, project)
        if params["fresh-env"]:
            return _elsewhere(request, [word for word in self._typed if word != "--fresh-env"])
        done = reproduce(request, environ=environ, told=_Progress())
        kept = keep_report(done)
        page = _redraw(done)
        if params["json"]:
            sys.stdout.write(json.dumps(done.to_json(), indent=2) + "\n")
        else:
            sys.stdout.write("\n" + terminal_text(done.report, done.level, refused=done.refused))
            sys.stdout.write(f"  {'report':<14}{os.path.relpath(kept)}\n")
            if page is not None:
                sys.stdout.write(f"  {'page':<14}{os.path.relpath(page)}\n")
            if done.diffoscope is not None:
                told = kept.with_name(REBUILD_DIFFOSCOPE)
                sys.stdout.write(f"  {'diffoscope':<14}{os.path.relpath(told)}\n")
        return _EXIT[done.outcome]


def _redraw(done: Reproduction) -> Path | None:
    """The page beside the release, drawn anew: what is published must not say that nothing was rebuilt."""
    folder = done.attestations.with_name(done.attestations.name.removesuffix(".attestations"))
    if not folder.with_name(f"{folder.name}.html").is_file():
        return None
    from release_tasks.verbs.page import redraw_page  # noqa: PLC0415 - only where there is a page

    return redraw_page(folder, root=done.report.root)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Leave as Ctrl-C does: commands are ended, and the fresh place is removed."""
    raise SystemExit(128 + number)


def _request(params: Any, args: list[str], project: Release) -> Request:
    folders = tuple(Path(part).absolute() for part in (params["inputs"] or "").split(os.pathsep) if part)
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError("--inputs names no folder", wanted="a folder", found=str(folder))
    return Request(
        path=Path(args[0]) if args else newest_release(project),
        project=project.root,
        records=_records(params["records"], project),
        wish=Wish(
            all=params["all"],
            spot_check=_count(params["spot-check"]),
            variation=Variation(names=parse_vary(params["vary"])),
        ),
        explain=params["explain"],
        inputs=folders,
        root=params["root"],
        tag=params["tag"],
    )


def _elsewhere(request: Request, typed: list[str]) -> int:
    """Run the same command in an environment that is made for it, and removed afterwards."""
    from release_tasks.verbs.fresh_environment import run_in_fresh_environment  # noqa: PLC0415 - only then

    place = fresh_place()
    try:
        claim = read_claim(request.path, place, root=request.root, tag=request.tag, cwd=Path.cwd())
        return run_in_fresh_environment(claim, place, [Reproduce.name, *typed], project=request.project)
    finally:
        remove_place(place)


def _records(given: str | None, project: Release) -> Path:
    """The folder of rebuild records: a given one relative to the current folder, else that of the project."""
    return project.root / project.reproduce.records if given is None else Path(given).absolute()


class _Progress:
    """One line when a step begins and one when it has ended, on stderr: stdout may be JSON."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, name: str, event: str) -> None:
        """Tell of a step."""
        if event == "building":
            self._began = time.monotonic()
            sys.stderr.write(f"build   {name}\n")
        elif event == "on record":
            sys.stderr.write(f"record  {name}\n")
        elif event.startswith("try"):
            sys.stderr.write(f"try     {name:<22} {event.partition(' ')[2]}\n")
        else:
            sys.stderr.write(f"{event:<7} {name:<22} {time.monotonic() - self._began:6.1f} s\n")
        sys.stderr.flush()


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ConfigError("--spot-check wants a number", wanted="0 or more steps", found=text)
    return int(text)
