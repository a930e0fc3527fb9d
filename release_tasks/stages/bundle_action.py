"""Write the accepted directory as one archive: at most one more copy of its bytes, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from release_tasks.errors import IntegrityError
from release_tasks.formats.archive_member import Member
from release_tasks.formats.checksum_file import dump_checksums
from release_tasks.formats.tar_archive import write_tar
from release_tasks.formats.zip_archive import write_zip
from release_tasks.policy.release_check import check_release
from release_tasks.stages.bundle import bundle_path
from release_tasks.stages.execution import Context
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.records_io import read_record
from release_tasks.system.disk import fsync_dir, write_atomic
from release_tasks.system.release_archive import read_release_archive
from release_tasks.system.storage import storage_errors
from release_tasks.system.walk import walk_regular

Writer = Callable[[BinaryIO, str, Iterable[Member]], int]
_WRITERS: dict[str, Writer] = {"zip": write_zip, "tar": write_tar}


def _open(path: Path) -> BinaryIO:
    return path.open("rb", buffering=0)


def _members(folder: Path) -> list[Member]:
    return [
        Member(path=name, size=(folder / name).stat().st_size, open=partial(_open, folder / name))
        for name in walk_regular(folder)
    ]


def write_archive(folder: Path, stem: str, kind: str, final: Path, *, root: str) -> None:
    """Write `folder`, whose root is `root`, as the archive `final` with the top folder `stem`.

    Nothing half-written stays: what the disk holds is verified before it gets its name (IntegrityError). The
    checksum of an older archive goes first: a kill never leaves one beside bytes that it does not fit.
    """
    temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        with storage_errors(final):
            with temporary.open("xb") as out:
                _WRITERS[kind](out, stem, _members(folder))
                out.flush()
                os.fsync(out.fileno())
            _verify(temporary, root, final)
            final.with_name(final.name + ".sha256").unlink(missing_ok=True)
            os.replace(temporary, final)  # noqa: PTH105 - atomic on every system
            fsync_dir(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _verify(temporary: Path, root: str, final: Path) -> None:
    check = check_release(read_release_archive(temporary))
    if check.problems or str(check.root) != root:
        first = check.problems[0] if check.problems else None
        raise IntegrityError(
            "the bundle is not the release that was accepted",
            wanted=first.wanted if first else f"root {root}",
            found=f"{first.code} {first.path}: {first.found}" if first else f"root {check.root}",
            where=str(final),
            hint="run again; if it persists, the disk does not keep what is written",
        )


def write_bundle(context: Context) -> None:
    """Write the bundle and `<bundle>.sha256`, whose line names the bare file (K9)."""
    plan, workspace = context.plan, context.workspace
    kind = str(context.argument("kind"))
    path = bundle_path(plan, kind)
    final = workspace.root / path
    context.report(f"writing {final.name}")
    root = str(read_record(workspace, PACKAGE)["root"])
    write_archive(workspace.root / plan.folder, plan.bundle_stem, kind, final, root=root)
    workspace.index.forget()
    digest = workspace.index.sha256(path)
    if digest is None:
        raise IntegrityError("the bundle is gone", wanted="the file that was just written", where=path)
    write_atomic(final.with_name(final.name + ".sha256"), dump_checksums([(final.name, digest)]))
