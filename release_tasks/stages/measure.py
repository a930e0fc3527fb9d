"""Run a command of the user that measures something, in its sandbox, with what it declares."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from release_tasks.records.frozen_record import frozen
from release_tasks.stages.user_steps_action import split_reads
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.environment import resolve_profile
from release_tasks.workers.local import LocalWorker
from release_tasks.workers.protocol import CommandResult, UserCommand


@frozen
class Measurement:
    """What a command left: how it ended, its files by the names asked for, and what it wrote to stdout."""

    result: CommandResult
    files: Mapping[str, Path]
    answer: Path


@contextlib.contextmanager
def measured(
    workspace: Workspace,
    *,
    name: str,
    argv: Sequence[str],
    reads: Sequence[str] = (),
    shown: Mapping[str, Path] | None = None,
    writes: Sequence[str] = (),
    given: bytes | None = None,
    seed: int | None = None,
    timeout_s: float | None = None,
    may_fail: bool = False,
    answers: bool = True,
) -> Iterator[Measurement]:
    """Run a command and give what it left, for as long as the block lasts.

    `name` names the log, `.release/logs/NAME.log`, and must be a file name. `reads` are declared files and
    globs, `shown` further files under relative names, `writes` relative files that the command must write,
    `given` the bytes on its stdin. `may_fail` as in `UserCommand`; a command that does not answer has its
    stdout in its log, and no `answer`. Raises what `Worker.run` raises; the
    command's files and its staging folder are gone after the block.
    """
    state = workspace.root / STATE
    own, outside = split_reads(workspace, workspace.index.expand(tuple(reads)))
    answer, stdin = (state / "logs" / f"{name}-{end}-{os.getpid()}" for end in ("answer", "given"))
    answer.parent.mkdir(parents=True, exist_ok=True)
    answer.unlink(missing_ok=True)
    if given is not None:
        stdin.write_bytes(given)
    command = UserCommand(
        name=name,
        argv=tuple(argv),
        root=workspace.root,
        reads=own,
        shown=(*outside, *(shown or {}).items()),
        writes=tuple(writes),
        log=state / "logs" / f"{name}.log",
        answer=answer if answers else None,
        given=None if given is None else stdin,
        may_fail=may_fail,
        staging=state / "staging" / f"{name}-{os.getpid()}",
        seed=seed,
        profile=resolve_profile(workspace.release.environment.numeric),
        pass_=workspace.release.environment.pass_,
        timeout_s=timeout_s,
    )
    worker = LocalWorker(variation=workspace.variation)
    try:
        result = worker.run(command)
        yield Measurement(result=result, files=dict(result.produced), answer=answer)
    finally:
        worker.cleanup(command.staging)
        answer.unlink(missing_ok=True)
        stdin.unlink(missing_ok=True)
