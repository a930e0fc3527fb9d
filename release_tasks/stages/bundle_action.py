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
from release_tasks.stages.bundle import bundle_path
from release_tasks.stages.execution import Context
from release_tasks.system.disk import fsync_dir, write_atomic
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


def write_archive(folder: Path, stem: str, kind: str, final: Path) -> None:
    """Write `folder` as the archive `final` with the top folder `stem`; nothing half-written stays.

    The checksum of an older archive goes first: a kill never leaves one beside bytes that it does not fit.
    """
    temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        with storage_errors(final):
            with temporary.open("xb") as out:
                _WRITERS[kind](out, stem, _members(folder))
                out.flush()
                os.fsync(out.fileno())
            final.with_name(final.name + ".sha256").unlink(missing_ok=True)
            os.replace(temporary, final)  # noqa: PTH105 - atomic on every system
            fsync_dir(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bundle(context: Context) -> None:
    """Write the bundle and `<bundle>.sha256`, whose line names the bare file (K9)."""
    plan, workspace = context.plan, context.workspace
    kind = str(context.argument("kind"))
    path = bundle_path(plan, kind)
    final = workspace.root / path
    context.report(f"writing {final.name}")
    write_archive(workspace.root / plan.folder, plan.bundle_stem, kind, final)
    workspace.index.forget()
    digest = workspace.index.sha256(path)
    if digest is None:
        raise IntegrityError("the bundle is gone", wanted="the file that was just written", where=path)
    write_atomic(final.with_name(final.name + ".sha256"), dump_checksums([(final.name, digest)]))
