"""Commands about versions: `bump` and `changelog`, thin shells around the verbs."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from release_tasks.config.load import find_config, load_release
from release_tasks.config.schema import Release
from release_tasks.engine.options import flag, option
from release_tasks.engine.run_lock import run_lock
from release_tasks.engine.verb_command import VerbCommand
from release_tasks.errors import ConfigError
from release_tasks.formats.markdown import shortened
from release_tasks.system.clock import now, release_date
from release_tasks.verbs.bump import Bump as Bumped
from release_tasks.verbs.bump import next_commands, plan_bump, write_bump
from release_tasks.verbs.changelog import FILE, changelog_section, write_changelog

_SHOWN = 10  # reasons that are printed


def _release(params: Any) -> Release:
    environ = dict(os.environ)
    config = None if params["config"] is None else Path(params["config"])
    return load_release(find_config(Path.cwd(), config, environ), environ=environ)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


class Bump(VerbCommand):
    """`bump PART`: the next version."""

    name = "bump"
    doc_purpose = "write the next version into release.toml, and the baseline of the last release"
    doc_usage = "major|minor|patch|auto|VERSION"
    cmd_options = (
        option("config", "another release.toml"),
        flag("dry-run", "say what would be written, and write nothing"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Choose, write and tell what comes next."""
        if len(args) != 1:
            raise ConfigError(
                "bump takes one word",
                wanted="major, minor, patch, auto, or a version",
                found=" ".join(args) or "none",
            )
        release = _release(params)
        today = datetime.fromisoformat(release_date(None) or now()).date()
        with contextlib.nullcontext() if params["dry-run"] else run_lock(release.root):
            bump = plan_bump(release, args[0], today=today)
            if not params["dry-run"]:
                write_bump(bump, release.root)
        if params["json"]:
            _print_json(bump.to_json())
        else:
            sys.stdout.write("\n".join(_told(bump, release, dry=params["dry-run"])) + "\n")
        return 0


def _told(bump: Bumped, release: Release, *, dry: bool) -> Iterator[str]:
    version, name = bump.choice.version, release.file.name
    since = "" if bump.last is None else f", after {bump.last}"
    rise = "" if bump.choice.part is None else f" ({bump.choice.part}{since})"
    yield f"{bump.old} stays{rise}" if version == bump.old else f"{bump.old} → {version}{rise}"
    for reason in bump.reasons[:_SHOWN]:
        yield f"  {reason.level:<9} {shortened(reason.subject)}: {shortened(reason.text, widest=120)}"
    if len(bump.reasons) > _SHOWN:
        yield f"  and {len(bump.reasons) - _SHOWN} more"
    if bump.choice.demanded is not None:
        yield f"too low: 'doit release' will refuse it, and wants {bump.choice.demanded} or higher"
    yield from (f"note: {note}" for note in bump.notes)
    for path, _ in bump.files:
        yield f"{'would write' if dry else 'wrote'} {path}"
    for number, line in bump.elsewhere:
        yield f"look at {name}:{number}: {shortened(line)}"
    if bump.files and not dry:
        yield "next:"
        yield from (f"  {command}" for command in next_commands(bump, release.root))


class Changelog(VerbCommand):
    """`changelog`: what changed since the last release."""

    name = "changelog"
    doc_purpose = "print the changelog of the candidate, or a preview from commits"
    doc_usage = ""
    cmd_options = (
        option("config", "another release.toml"),
        flag("write", f"put the candidate's section into {FILE}, below Unreleased"),
        flag("json", "print one JSON object"),
    )

    def run(self, params: Any, args: list[str]) -> int:
        """Print the section, or write it."""
        if args:
            raise ConfigError("changelog takes no argument", found=" ".join(args))
        release = _release(params)
        section = changelog_section(release)
        written = write_changelog(section, release.root) if params["write"] else None
        if params["json"]:
            _print_json(section.to_json())
        elif written is None:
            sys.stdout.write(section.text)
        else:
            word = "wrote the section of" if written else "already there: the section of"
            sys.stdout.write(f"{word} {section.version} in {FILE}\n")
        if section.note is not None:
            sys.stderr.write(f"{section.note}\n")
        return 0
