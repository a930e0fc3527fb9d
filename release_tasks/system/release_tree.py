"""Read a release directory once, for verification: list it, hash it on all cores, keep what is parsed.

No link is followed, no special file opened, no name trusted; what is wrong is a Problem, never an error. Only
the path that the caller names may itself be a link, such as `release/current`.
"""

# ruff: noqa: PTH118 - paths of 100000 files stay strings
from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from blake3 import blake3 as new_blake3

from release_tasks.errors import ConfigError, FormatError, IntegrityError, ReleaseError
from release_tasks.policy.release_check import read_manifest
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.paths import fold, safe_relpath
from release_tasks.records.release_contents import (
    MAX_RECORD_BYTES,
    OWN_RECORDS,
    TREE,
    Contents,
    FoundFile,
    Problem,
    ProblemCode,
)
from release_tasks.system.hashing import FileDigests, Range, digest_file, digest_many
from release_tasks.system.safetensors_file import Layout, read_layout
from release_tasks.system.storage import open_regular, storage_errors

TENSOR_SUFFIX = ".safetensors"
MAX_KEPT_BYTES = 512 * 2**20  # of a file kept by role: tokenizers have tens of megabytes
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


@frozen
class Listed:
    """A regular file as the directory has it: size in bytes, permission bits (None on Windows)."""

    path: str
    size: int
    mode: int | None


def list_release(folder: Path) -> tuple[tuple[Listed, ...], tuple[Problem, ...]]:
    """List every regular file with a safe name, sorted by path, and what should not be there.

    Raises ConfigError when there is no such directory, StorageError when the system refuses.
    """
    if not folder.is_dir():
        raise ConfigError(
            "no such release",
            wanted="a release directory, a tar or a zip",
            found="a file" if folder.exists() else "nothing",
            where=str(folder),
        )
    files: list[Listed] = []
    problems: list[Problem] = []
    pending = [(os.fspath(folder), "")]
    while pending:
        place, prefix = pending.pop()
        with storage_errors(place), os.scandir(place) as entries:
            empty = True
            for entry in entries:
                empty = False
                path = prefix + entry.name
                status = entry.stat(follow_symlinks=False)
                flaw = _name_flaw(path)
                if flaw is not None:
                    problems.append(flaw)
                elif stat.S_ISDIR(status.st_mode):
                    pending.append((entry.path, f"{path}/"))
                elif stat.S_ISREG(status.st_mode):
                    mode = None if os.name == "nt" else stat.S_IMODE(status.st_mode)
                    files.append(Listed(path=path, size=status.st_size, mode=mode))
                else:
                    problems.append(_special(path, status.st_mode))
        if empty:
            problems.append(
                _problem(ProblemCode.EMPTY_DIRECTORY, prefix.rstrip("/") or TREE, "files", "none")
            )
    files.sort(key=lambda file: file.path)
    problems += _collisions(files)
    return tuple(files), tuple(sorted(problems, key=lambda problem: problem.path))


def read_release_tree(
    folder: Path,
    *,
    full: bool = False,
    tensors: bool = True,
    keep: frozenset[str] = frozenset(),
    skip: frozenset[str] = frozenset(),
) -> Contents:
    """Read a release directory; BLAKE3 of every file, with `full` also SHA-256 and a BLAKE3 per tensor.

    Without `tensors` the tensors are left out of `full`: they cost a second BLAKE3 over the weights.
    `keep` are roles whose files are held as bytes, hashed from that very buffer; `skip` are roles whose
    files are listed only. Raises as `list_release`; a file that cannot be read is a StorageError.
    """
    listed, problems = list_release(folder)
    sizes = {file.path: file.size for file in listed}
    kept: dict[str, bytes] = {}
    found = list(problems)
    for path in sorted(OWN_RECORDS & sizes.keys()):
        found += _keep(folder, path, kept)
    manifest, _ = read_manifest(kept)
    roles = {} if manifest is None else {file.path: file.role for file in manifest.files}
    for path in sizes:
        if roles.get(path) in keep and path not in kept:
            found += _keep(folder, path, kept)
    rest = [path for path in sizes if path not in kept and roles.get(path) not in skip]
    layouts = _layouts(folder, rest) if full and tensors else {}
    digests, refused = _digest(folder, rest, layouts, full=full)
    files = tuple(_found(file, kept, digests, layouts) for file in listed if file.path not in refused)
    return Contents(
        files=files, kept=kept, problems=(*found, *refused.values()), tensors_read=full and tensors
    )


def found_in_memory(path: str, data: bytes, *, mode: int | None) -> FoundFile:
    """Describe a file by the very bytes that will be parsed."""
    return FoundFile(
        path=path,
        size=len(data),
        mode=mode,
        sha256=Digest("sha256", hashlib.sha256(data).hexdigest()),
        blake3=Digest("blake3", new_blake3(data).hexdigest()),
    )


def _problem(code: ProblemCode, path: str, wanted: str, found: str) -> Problem:
    return Problem(code=code, path=path, wanted=wanted, found=found)


def _special(path: str, mode: int) -> Problem:
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "a special file")
    return _problem(ProblemCode.SPECIAL_FILE, path, "a regular file", kind)


def _name_flaw(path: str) -> Problem | None:
    """A name that is not UTF-8 on disk comes as lone surrogates, which no record may hold."""
    try:
        safe_relpath(path)
    except ReleaseError as error:
        shown = ascii(path)[1:-1][:300]
        return _problem(ProblemCode.PATH, shown, error.wanted or "a safe name", error.what)
    return None


def _collisions(files: Sequence[Listed]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for file in files:
        twin = seen.setdefault(fold(file.path), file.path)
        if twin != file.path:
            yield _problem(
                ProblemCode.PATH, file.path, "names that differ by more than case or Unicode form", twin
            )


def _keep(folder: Path, path: str, kept: dict[str, bytes]) -> Iterator[Problem]:
    """Read one file whole; a larger one stays unkept, which the rules of the release report."""
    limit = MAX_RECORD_BYTES if path in OWN_RECORDS else MAX_KEPT_BYTES
    try:
        fd, status = open_regular(folder / path)
    except IntegrityError as error:
        yield _refusal(path, error)
        return
    with os.fdopen(fd, "rb") as stream, storage_errors(folder / path):
        if status.st_size <= limit:
            data = stream.read(limit + 1)
            if len(data) <= limit:
                kept[path] = data


def _refusal(path: str, error: IntegrityError) -> Problem:
    special = error.what == "not a regular file"
    code = ProblemCode.SPECIAL_FILE if special else ProblemCode.DIGEST_MISMATCH
    return _problem(code, path, error.wanted or "a file that stays as it is", error.found or error.what)


def _layouts(folder: Path, paths: Sequence[str]) -> dict[str, Layout]:
    layouts = {}
    for path in paths:
        if path.endswith(TENSOR_SUFFIX):
            try:
                layouts[path] = read_layout(folder / path, where=path)
            except (FormatError, IntegrityError):
                continue  # the rules want tensors and find none
    return layouts


def _digest(
    folder: Path, paths: Sequence[str], layouts: Mapping[str, Layout], *, full: bool
) -> tuple[dict[str, FileDigests], dict[str, Problem]]:
    places = [os.path.join(folder, path) for path in paths]
    ranges: dict[str | os.PathLike[str], Sequence[Range]] = {
        os.path.join(folder, path): layout.ranges for path, layout in layouts.items()
    }
    try:
        return dict(zip(paths, digest_many(places, sha256=full, ranges=ranges), strict=True)), {}
    except IntegrityError:
        pass  # some file changed under our hands: one by one, so that every such file is named
    done: dict[str, FileDigests] = {}
    refused: dict[str, Problem] = {}
    for path, place in zip(paths, places, strict=True):
        try:
            done[path] = digest_file(place, sha256=full, ranges=ranges.get(place, ()))
        except IntegrityError as error:
            refused[path] = _refusal(path, error)
    return done, refused


def _found(
    file: Listed,
    kept: Mapping[str, bytes],
    digests: Mapping[str, FileDigests],
    layouts: Mapping[str, Layout],
) -> FoundFile:
    if file.path in kept:
        return found_in_memory(file.path, kept[file.path], mode=file.mode)
    computed = digests.get(file.path)
    if computed is None:
        return FoundFile(path=file.path, size=file.size, mode=file.mode, sha256=None, blake3=None)
    layout = layouts.get(file.path)
    return FoundFile(
        path=file.path,
        size=computed.size,
        mode=file.mode,
        sha256=computed.sha256,
        blake3=computed.blake3,
        tensors=None if layout is None else layout.digests(computed.ranges),
    )
