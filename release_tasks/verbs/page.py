"""`page`: the page of a release directory, verified first."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ConfigError, EnvironmentRefused, IntegrityError
from release_tasks.records.digest import Digest
from release_tasks.stages.page_action import read_page, render_page
from release_tasks.system.disk import write_atomic
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.verify import verify


def make_page(path: Path, *, output: Path | None, cwd: Path) -> Path:
    """Write the page of the release directory `path` to `output`, by default beside it; return where it is.

    Raises ConfigError for a path that is no directory, IntegrityError for a release that does not verify,
    EnvironmentRefused without matplotlib, FormatError for records that no release of ours has.
    """
    folder = cwd / path
    if folder.is_file():
        raise ConfigError(
            "a page is drawn of a release directory",
            wanted="a directory",
            found="a file",
            where=str(folder),
            hint="unpack the archive, then give its directory",
        )
    report = verify(path, root=None, tag=None, full=True, cwd=cwd)
    if not report.ok or report.root is None:
        first = report.problems[0]
        raise IntegrityError(
            f"the release does not verify: {first.code}",
            wanted=first.wanted,
            found=first.found,
            where=f"{folder}: {first.path}",
            hint=f"release-tasks verify {path} names every problem",
        )
    final = folder.with_name(f"{report.version}.html") if output is None else cwd / output
    if _is_below(final, folder):
        raise ConfigError(
            "the page does not belong into the release",
            wanted="a place outside of its directory",
            found=str(final),
            hint="a file that no manifest names would make the release fail its verification",
        )
    data = render_page(read_page(folder, root=report.root))
    with storage_errors(final):
        write_atomic(final, data)
    return final


def redraw_page(folder: Path, *, root: Digest) -> Path | None:
    """Draw the page beside a release anew, where it has one: it tells of the rebuild that is on record now.

    `root` is that of the release, which was just verified. Returns where the page is, None where there is
    none, or where nothing can draw here. Raises FormatError and StorageError as `make_page`.
    """
    final = folder.with_name(f"{folder.name}.html")
    if not (folder.is_dir() and final.is_file()):
        return None
    try:
        data = render_page(read_page(folder, root=root))
    except EnvironmentRefused:
        return None
    with storage_errors(final):
        write_atomic(final, data)
    return final


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
