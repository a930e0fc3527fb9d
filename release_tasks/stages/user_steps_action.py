"""Run one command of the user in its sandbox and publish what it wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from release_tasks.config.command import expand_command
from release_tasks.config.schema import UserStep
from release_tasks.errors import IntegrityError
from release_tasks.records.json_value import JSONObject
from release_tasks.records.step import RECORDS
from release_tasks.stages.execution import Context
from release_tasks.stages.records_io import write_record
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.environment import resolve_profile
from release_tasks.system.hashing import digest_file
from release_tasks.system.index import leave_tick
from release_tasks.system.stat_key import stat_key
from release_tasks.workers.local import LocalWorker
from release_tasks.workers.protocol import CommandResult, UserCommand


def shown_name(declared: str) -> str:
    """The relative name under which a command sees a declared file: `NAME:path` becomes `NAME/path`."""
    return declared.replace(":", "/", 1)


def expand_reads(context: Context) -> tuple[str, ...]:
    """Every file that a step declares, globs expanded, sorted, each once."""
    files = set(context.step.files)
    for tree in context.step.trees:
        files.update(context.workspace.index.tree_files(tree))
    return tuple(sorted(files))


def split_reads(
    workspace: Workspace, reads: Iterable[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, Path], ...]]:
    """Tell the project's own files from those of `[roots]`, which are shown under another name."""
    own = tuple(read for read in reads if ":" not in read)
    outside = tuple((shown_name(read), workspace.index.locate(read)) for read in reads if ":" in read)
    return own, outside


def describe_run(result: CommandResult) -> JSONObject:
    """What the record of a command says of how it ran; of variation only where there was one."""
    numeric = result.numeric
    varied: JSONObject = {}
    if result.varied or result.not_varied:
        varied = {"varied": list(result.varied), "not_varied": dict(result.not_varied)}
    return {
        "seconds": round(result.seconds, 3),
        "hermetic": result.hermetic,
        "not_enforced": list(result.not_enforced),
        "numeric": {
            "profile": numeric.profile,
            "status": numeric.status,
            "architecture": numeric.architecture,
            "threads": numeric.threads,
            "numpy": numeric.numpy,
            "features": list(numeric.features),
            "libc": numeric.libc,
        },
        **varied,
    }


def publish_files(workspace: Workspace, produced: Iterable[tuple[str, Path]]) -> None:
    """Move finished files into the project and remember the digests that they had before the move."""
    moved = []
    for path, staged in produced:
        final = workspace.root / path
        leave_tick(stat_key(staged))
        digests = digest_file(staged, blake3=False, sync=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, final)  # noqa: PTH105 - the same call on every system, atomic
        moved.append((path, digests, stat_key(final)))
    workspace.index.remember_moved(moved)


def _command(context: Context, user: UserStep) -> UserCommand:
    workspace = context.workspace
    release = context.plan.release
    reads = expand_reads(context)
    own, outside = split_reads(workspace, reads)
    state = workspace.root / STATE
    return UserCommand(
        name=user.name,
        argv=expand_command(user, reads=tuple(shown_name(read) for read in reads)),
        root=workspace.root,
        reads=own,
        shown=outside,
        writes=user.writes,
        log=state / "logs" / f"step-{user.name}.log",
        staging=state / "staging" / f"step-{user.name}-{os.getpid()}",
        seed=user.seed,
        profile=resolve_profile(release.environment.numeric),
        pass_=release.environment.pass_,
        network=context.step.network,
    )


def run_command(context: Context) -> None:
    """Run the step's command; its outputs appear in the project only when all of them are there."""
    user = next(step for step in context.plan.release.steps if step.name == context.step.subject)
    command = _command(context, user)
    workspace = context.workspace
    before = _digests(workspace, command.reads)
    worker = LocalWorker(
        on_output=lambda block: context.report(_last_line(block)), variation=workspace.variation
    )
    try:
        result = worker.run(command)
        workspace.index.forget()
        if _digests(workspace, command.reads) != before:
            raise IntegrityError(
                f"an input of {context.step.name} changed while it ran",
                wanted="inputs that stay as they are",
                found=", ".join(command.reads[:5]),
                hint="its outputs are thrown away; run again when nobody edits these files",
            )
        publish_files(workspace, result.produced)
    finally:
        worker.cleanup(command.staging)
    write_record(workspace, f"{RECORDS}/step-{user.name}.json", describe_run(result))


def _last_line(block: bytes) -> str:
    lines = block.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _digests(workspace: Workspace, reads: tuple[str, ...]) -> list[str]:
    return [str(workspace.index.sha256(read)) for read in reads]
