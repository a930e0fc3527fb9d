"""What a failed command wanted to read and had not declared, from the traces of a second, watched run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import release_tasks
from release_tasks.records.frozen_record import frozen
from release_tasks.system.mounts import NEVER_READ

_SIBLINGS = 20  # more undeclared or declared files than this of one kind in one folder become a glob
_OURSELVES = os.path.dirname(release_tasks.__file__)  # noqa: PTH120 - compared with text
_CALL = re.compile(rb"^(?:\d+ +)?(?P<call>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+)", re.DOTALL)
_DIRFD = re.compile(rb"^(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, ")
_PATH = re.compile(rb'"(?P<path>(?:[^"\\]|\\.)*)"')
_OPENS = {b"open", b"openat", b"openat2", b"execve", b"execveat"}
_WRITING = (b"O_WRONLY", b"O_RDWR")
_OCTAL = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v"}


@frozen
class Access:
    """One path that a process asked for: absolute or relative to its first working directory."""

    path: str
    folder: bool
    succeeded: bool


@frozen
class Undeclared:
    """Files of the project (relative POSIX) that a command wanted.

    `absolute` were asked for by their absolute path, which no sandbox shows; `listed` are folders whose
    undeclared files it saw by name.
    """

    files: tuple[str, ...]
    absolute: tuple[str, ...]
    listed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.files or self.absolute)


def parse_strace(output: bytes) -> tuple[Access, ...]:
    """The opened files and folders in the output of `strace -f -y -e trace=%file`, but for those written."""
    found: list[Access] = []
    for line in output.splitlines():
        match = _CALL.match(line)
        if match is None or match["call"] not in _OPENS:
            continue
        rest, folder = match["rest"], b""
        if dirfd := _DIRFD.match(rest):
            folder, rest = dirfd["folder"], rest[dirfd.end() :]
        quoted = _PATH.search(rest)
        if quoted is None or any(flag in rest[quoted.end() :] for flag in _WRITING):
            continue
        path = os.fsdecode(os.path.join(_unescape(folder), _unescape(quoted["path"])))  # noqa: PTH118
        found.append(
            Access(
                path=path,
                folder=b"O_DIRECTORY" in rest[quoted.end() :],
                succeeded=match["result"][:1] != b"-",
            )
        )
    return tuple(found)


def parse_hook(output: bytes) -> tuple[Access, ...]:
    """The reads that the audit hook of the numeric probe wrote: absolute paths ended by NUL, folders by /."""
    paths = [os.fsdecode(path) for path in output.split(b"\0") if path]
    return tuple(Access(path=path.rstrip("/"), folder=path.endswith("/"), succeeded=True) for path in paths)


def undeclared_reads(
    accesses: Iterable[Access], *, root: Path, seen_at: str, declared: Iterable[str], writes: Iterable[str]
) -> Undeclared:
    """Which files of `root` were wanted and not declared by a command that saw the project at `seen_at`."""
    allowed = {*declared, *writes}
    files: set[str] = set()
    absolute: set[str] = set()
    listed: set[str] = set()
    for access in accesses:
        whole = os.path.normpath(os.path.join(seen_at, access.path))  # noqa: PTH118 - text of another root
        relative = _inside(whole, seen_at)
        by_root = None if relative is not None else _inside(whole, str(root))
        path = relative if relative is not None else by_root
        if by_root is not None and _inside(whole, _OURSELVES) is not None:
            continue  # the sandbox shows them as part of the interpreter
        if path is None or path == "." or path in allowed:
            continue
        parts = PurePosixPath(path).parts
        if parts[0] in NEVER_READ or "__pycache__" in parts:
            continue
        if access.folder:
            listed.add(path)
        elif (root / path).is_file() and (access.succeeded or by_root is not None):
            (files if relative is not None else absolute).add(path)
    known = allowed | files | absolute
    return Undeclared(
        files=tuple(sorted(files)),
        absolute=tuple(sorted(absolute - files)),
        listed=tuple(sorted(folder for folder in listed if _holds_more(root, folder, known))),
    )


def reads_block(paths: Iterable[str]) -> str:
    """The `reads` of a [[step]] as TOML, sorted; many siblings of one suffix become one glob."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for path in set(paths):
        pure = PurePosixPath(path)
        kinds.setdefault((str(pure.parent), pure.suffix), []).append(path)
    entries: list[str] = []
    for (folder, suffix), names in kinds.items():
        if len(names) > _SIBLINGS:
            entries.append(f"*{suffix}" if folder == "." else f"{folder}/*{suffix}")
        else:
            entries.extend(names)
    return "\n".join(("reads = [", *(f"  {_toml(entry)}," for entry in sorted(entries)), "]"))


def findings(missing: Undeclared, cut_s: float | None) -> list[str]:
    """One line per file and folder; `cut_s` are the seconds after which the watched run was stopped."""
    lines = [
        *missing.files,
        *(f"{path}, by its absolute path: use a relative one" for path in missing.absolute),
    ]
    lines += [
        f"it also lists {folder}/: a glob such as {folder}/* declares its files" for folder in missing.listed
    ]
    if cut_s is not None:
        lines.append(cut_short(cut_s))
    return lines


def cut_short(limit_s: float) -> str:
    """The remark of a diagnosis that met its time limit."""
    return f"the search for undeclared reads was stopped after {limit_s:.3g} s: there may be more"


def _toml(text: str) -> str:
    # A TOML basic string; of what it must escape, paths may hold only these (records.paths refuses the rest).
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unescape(quoted: bytes) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 0xFF]) if code.isdigit() else _ESCAPES.get(code, code)

    return _OCTAL.sub(one, quoted) if b"\\" in quoted else quoted


def _inside(path: str, folder: str) -> str | None:
    if path == folder:
        return "."
    return (
        path[len(folder) + 1 :].replace(os.sep, "/") if path.startswith(folder.rstrip("/") + os.sep) else None
    )


def _holds_more(root: Path, folder: str, known: set[str]) -> bool:
    try:
        with os.scandir(root / folder) as entries:
            return any(entry.is_file() and f"{folder}/{entry.name}" not in known for entry in entries)
    except OSError:
        return False
