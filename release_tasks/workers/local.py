"""Runs a user's command as a child process of this machine, in a sandbox where there is one."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from release_tasks.errors import CommandFailed, CommandKilled, CommandTimedOut
from release_tasks.records.frozen_record import frozen
from release_tasks.records.variation import ordered
from release_tasks.system import sandbox
from release_tasks.system.environment import (
    PROBE_FOLDER,
    child_environment,
    search_path,
)
from release_tasks.system.mounts import Mounts, copy_into, link_into, plan_project, plan_reads
from release_tasks.system.process import ChildExit, run_child, signal_name
from release_tasks.system.surroundings import ORDINARY, Surroundings
from release_tasks.system.variation import Variation, unavailable
from release_tasks.system.varied import vary
from release_tasks.system.wrapping import inner_words, outer_words
from release_tasks.workers.diagnosis import (
    Access,
    cut_short,
    findings,
    parse_hook,
    parse_strace,
    reads_block,
    undeclared_reads,
)
from release_tasks.workers.outcome import hint_of, log_tail, numeric_report, staged_file, usual_mode
from release_tasks.workers.protocol import CommandResult, UserCommand

_SHELL_SIGNALS = 128  # bwrap says 128 + n of a command that signal n killed
_LEAST_DIAGNOSIS_S = 10.0
_MOST_DIAGNOSIS_S = 120.0
_WHERE_WRITES_GO = "outputs are written below the working directory, by the path that `writes` names"
_SIGKILL = 9  # Windows has no name for it
_REPORT = "numeric.json"
_TRACE = "strace.txt"
_OPENS = "opens.txt"


@frozen
class LocalWorker:
    """A child process on this machine; `sandbox="off"` does without bubblewrap even where it works.

    `variation` gives every command other surroundings than the ordinary ones, as far as they are to be had.
    """

    sandbox: Literal["auto", "off"] = "auto"
    on_output: Callable[[bytes], None] | None = None
    variation: Variation | None = None

    def run(self, command: UserCommand) -> CommandResult:
        """Run `command` in a fresh staging folder and check what it wrote.

        Raises CommandFailed and EnvironmentRefused, and removes the staging folder, when anything is wrong.
        """
        why_not = "bubblewrap is switched off" if self.sandbox == "off" else sandbox.why_not()
        try:
            if self.variation is None:
                return _run(command, why_not, self.on_output, ORDINARY)
            return _run_varied(command, why_not, self.on_output, self.variation)
        except BaseException:
            self.cleanup(command.staging)
            raise

    def cleanup(self, staging: Path) -> None:
        """Remove `staging` and everything in it, read-only folders too."""
        if not staging.exists():
            return
        for folder, folders, _files in os.walk(staging):
            for path in (Path(folder, name) for name in folders):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(staging)


@frozen
class _Place:
    """The folders of one execution, below the staging folder, and what it sees of the machine."""

    work: Path
    report: Path
    home: Path
    temporary: Path
    mirror: Path
    surroundings: Surroundings

    @classmethod
    def make(cls, staging: Path, writes: tuple[str, ...], surroundings: Surroundings) -> _Place:
        build, home = surroundings.build, surroundings.home
        place = cls(
            work=staging / ("work" if build == ORDINARY.build else build.lstrip("/")),
            report=staging / "report",
            home=staging / ("home" if home == ORDINARY.home else home.lstrip("/")),
            temporary=staging / "temporary",
            mirror=staging.resolve() / "mirror",
            surroundings=surroundings,
        )
        for folder in (place.work, place.report, place.home, place.temporary):
            folder.mkdir(parents=True)
        if surroundings.directory_order:
            place.mirror.mkdir()
        for write in writes:
            (place.work / write).parent.mkdir(parents=True, exist_ok=True)
        return place

    @property
    def through(self) -> str:
        """Where the file system is mirrored, or nothing."""
        return str(self.mirror) if self.surroundings.directory_order else ""


def _run_varied(
    command: UserCommand,
    why_not: str | None,
    on_output: Callable[[bytes], None] | None,
    variation: Variation,
) -> CommandResult:
    missing = unavailable(variation.names, boxed=why_not is None)
    names = ordered(variation.names - dict(missing).keys())
    surroundings = vary(names, variation.round, profile=command.profile)
    if "cpu-features" in names:  # which breaks the promise of any profile
        command = replace(command, profile="none")
    result = _run(command, why_not, on_output, surroundings)
    return replace(result, varied=names, not_varied=missing)


def _run(
    command: UserCommand,
    why_not: str | None,
    on_output: Callable[[bytes], None] | None,
    surroundings: Surroundings,
) -> CommandResult:
    both = sorted(set(command.reads).intersection(command.writes))
    if both:
        raise CommandFailed(f"step {command.name} reads what it writes", found=", ".join(both))
    LocalWorker().cleanup(command.staging)  # what a killed run left
    place = _Place.make(command.staging, command.writes, surroundings)
    start = command.log.stat().st_size if command.log.exists() else 0
    mounts = _with_shown(plan_reads(command.root, command.reads, command.writes), command)
    ended = _execute(
        command,
        place,
        mounts,
        why_not,
        log=command.log,
        timeout_s=command.timeout_s,
        on_output=on_output,
        answer=command.answer,
        given=command.given,
    )
    numeric = numeric_report(command, place.report / _REPORT)
    missing = [path for path in command.writes if not os.path.lexists(place.work / path)]
    measured = command.may_fail and ended.code > 0 and not missing
    if ended.timed_out or (ended.code != 0 and not measured):
        note = (
            _diagnose(command, ended, why_not, surroundings)
            if ended.code > 0 and not ended.timed_out
            else None
        )
        raise _failure(ended)(
            f"step {command.name} {ended.describe()}",
            found=log_tail(command.log, start),
            where=str(command.log),
            hint="\n".join(filter(None, (hint_of(ended), note))),
        )
    if missing:
        note = _diagnose(command, ended, why_not, surroundings)
        raise CommandFailed(
            f"step {command.name} did not write what it declares",
            wanted=", ".join(command.writes),
            found=f"missing: {', '.join(missing)}",
            where=str(command.log),
            hint="\n".join(filter(None, (_WHERE_WRITES_GO, note))),
        )
    produced = tuple((path, staged_file(command, place.work, path)) for path in command.writes)
    if surroundings.umask != ORDINARY.umask:
        for _path, staged in produced:
            usual_mode(staged)
    not_enforced = _not_enforced(command, why_not)
    return CommandResult(
        seconds=ended.seconds,
        exit_code=ended.code,
        hermetic=not not_enforced,
        not_enforced=not_enforced,
        numeric=numeric,
        log=command.log,
        produced=produced,
    )


def _failure(ended: ChildExit) -> type[CommandFailed]:
    """The error for a command that did not end well; SIGKILL out of nowhere is the kernel short of memory."""
    if ended.timed_out:
        return CommandTimedOut
    return CommandKilled if ended.code == -_SIGKILL else CommandFailed


def _with_shown(mounts: Mounts, command: UserCommand) -> Mounts:
    """Add the files that stand elsewhere under their relative names."""
    extra = tuple((path, name) for name, path in command.shown)
    return replace(mounts, binds=(*mounts.binds, *extra))


def _not_enforced(command: UserCommand, why_not: str | None) -> tuple[str, ...]:
    if why_not is None:
        return ("the step is allowed to use the network",) if command.network else ()
    return (f"{why_not}: undeclared reads are not prevented", f"{why_not}: the network is not cut off")


_STRACE = (
    "strace",
    "-f",
    "-y",
    "-qq",
    "--seccomp-bpf",
    "-s",
    "4096",
    "-e",
    "trace=%file",
    "-e",
    "signal=none",
)


def _environment(command: UserCommand, place: _Place, *, boxed: bool) -> dict[str, str]:
    surroundings = place.surroundings
    hostile = {name: value for name, value in surroundings.ambient if name not in command.pass_}
    return child_environment(
        profile=command.profile,
        seed=command.seed,
        pass_=command.pass_,
        surrounding={**os.environ, **hostile},
        home=surroundings.home if boxed else str(place.home),
        temporary="/tmp" if boxed else str(place.temporary),  # noqa: S108 - the sandbox has its own
        folder=surroundings.build if boxed else str(place.work),
        probe=sandbox.PROBE if boxed else str(PROBE_FOLDER),
        report=f"{_report_folder(place, boxed=boxed)}/{_REPORT}",
        surroundings=surroundings,
    )


def _report_folder(place: _Place, *, boxed: bool) -> str:
    return sandbox.REPORT if boxed else str(place.report)


def _execute(
    command: UserCommand,
    place: _Place,
    mounts: Mounts,
    why_not: str | None,
    *,
    log: Path,
    timeout_s: float | None,
    watched: Literal["no", "strace", "hook"] = "no",
    on_output: Callable[[bytes], None] | None = None,
    answer: Path | None = None,
    given: Path | None = None,
) -> ChildExit:
    boxed = why_not is None
    environment = _environment(command, place, boxed=boxed)
    report = _report_folder(place, boxed=boxed)
    argv = _argv(command)
    if watched != "no":
        environment["RELEASE_TRACE_OPENS"] = f"{report}/{_OPENS}"
    if watched == "strace":
        argv = [*_STRACE, "-o", f"{report}/{_TRACE}", "--", *argv]
    argv = [*inner_words(place.surroundings), *argv]
    outer = outer_words(place.surroundings, boxed=boxed, work=place.work, mirror=place.mirror)
    run = functools.partial(
        run_child,
        cwd=place.work,
        log=log,
        timeout_s=timeout_s,
        on_output=on_output,
        answer=answer,
        given=given,
        umask=place.surroundings.umask,
    )
    if not boxed:
        link_into(place.work, mounts, through=place.through)
        return run([*outer, *argv], env=environment)
    copy_into(place.work, mounts.copies)
    with sandbox.sandboxed(
        argv,
        root=command.root,
        work=place.work,
        report=place.report,
        probe=PROBE_FOLDER,
        shown=mounts.binds,
        outside=[path for _name, path in command.outside],
        env=environment,
        network=command.network,
        surroundings=place.surroundings,
        through=place.through,
    ) as (line, descriptors):
        around = {**dict(place.surroundings.ambient), "PATH": search_path()}
        ended = run([*outer, *line], env=around, pass_fds=descriptors, guarded=bool(outer))
    named = ended.code > _SHELL_SIGNALS and not signal_name(ended.code - _SHELL_SIGNALS).startswith("signal ")
    return replace(ended, code=_SHELL_SIGNALS - ended.code) if named else ended


def _argv(command: UserCommand) -> list[str]:
    program, *rest = command.argv
    if program == "python":
        return [sys.executable, *rest]
    found = shutil.which(program, path=search_path()) if os.path.basename(program) == program else program  # noqa: PTH119
    if found is None or not (command.root / found).exists():
        raise CommandFailed(
            f"step {command.name} cannot start: there is no program {program}",
            wanted=f"a program in {search_path()}, a file of the project that `reads` names, or `python`",
            found=program,
        )
    return [found, *rest]


def _diagnose(
    command: UserCommand, ended: ChildExit, why_not: str | None, surroundings: Surroundings
) -> str | None:
    """Run a failed command again with the project in sight; raises CommandFailed for undeclared reads.

    Returns the remark that it was cut short, if it found nothing and was.
    """
    limit_s = min(max(_LEAST_DIAGNOSIS_S, 2 * ended.seconds), _MOST_DIAGNOSIS_S)
    again, place = _watch(command, why_not, limit_s, surroundings)
    accesses: list[Access] = []
    for name, parse in ((_TRACE, parse_strace), (_OPENS, parse_hook)):
        if (place.report / name).exists():
            accesses += parse((place.report / name).read_bytes())
    missing = undeclared_reads(
        accesses,
        root=command.root,
        seen_at=surroundings.build if why_not is None else str(place.work),
        declared=command.reads,
        writes=command.writes,
    )
    if why_not is not None:  # links of the staging folder lead to the project's own paths
        missing = replace(missing, files=tuple(sorted({*missing.files, *missing.absolute})), absolute=())
    if not missing:
        return cut_short(limit_s) if again.timed_out else None
    count = len(missing.files) + len(missing.absolute)
    raise CommandFailed(
        f"step {command.name} read {count} undeclared file{'s' if count != 1 else ''}",
        found="\n".join(findings(missing, limit_s if again.timed_out else None)),
        where=str(command.log),
        hint=reads_block((*command.reads, *missing.files, *missing.absolute)),
    )


def _watch(
    command: UserCommand, why_not: str | None, limit_s: float, surroundings: Surroundings
) -> tuple[ChildExit, _Place]:
    scratch = command.staging / "diagnosis"
    strace = shutil.which("strace", path="/usr/bin:/bin")
    for attempt, watched in enumerate(("strace", "hook") if strace else ("hook",)):
        place = _Place.make(scratch / str(attempt), command.writes, surroundings)
        mounts = _with_shown(plan_project(command.root, command.writes), command)
        # Links that lead out of the project find their targets where they point.
        linked = [read for read in command.reads if (command.root / read).is_symlink()]
        targets = tuple((read, (command.root / read).resolve()) for read in linked)
        ended = _execute(
            replace(command, outside=(*command.outside, *targets)),
            place,
            mounts,
            why_not,
            log=scratch / "log",
            timeout_s=limit_s,
            given=command.given,
            watched="strace" if watched == "strace" else "hook",
        )
        trace = place.report / _TRACE
        if watched == "hook" or (trace.exists() and trace.stat().st_size):
            return ended, place
    raise AssertionError("unreachable: the hook is always the last attempt")
