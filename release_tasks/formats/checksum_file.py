"""GNU coreutils check files: `<64 hex><two spaces><path>`, sorted, as `sha256sum -c --strict` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from release_tasks.errors import FormatError
from release_tasks.formats.member_name import parse_name, refuse_twins
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.paths import refuse_collisions, safe_relpath

# safe_relpath allows neither backslash nor newline, so coreutils' escaped form never occurs.
_LINE = re.compile(r"([0-9a-f]{64})  (.+)", re.ASCII)


def dump_checksums(entries: Iterable[tuple[str, Digest]]) -> bytes:
    """Render (path, SHA-256) pairs sorted by path.

    Raises PathError for unsafe or colliding paths, FormatError for another algorithm or no entry at all.
    """
    rows = sorted(entries)
    if not rows:
        raise FormatError("a checksum file without entries", wanted="at least one file")
    refuse_collisions(path for path, _ in rows)
    for path, digest in rows:
        safe_relpath(path)
        if digest.algorithm != "sha256":
            raise FormatError("checksum files hold SHA-256", wanted="sha256", found=str(digest), where=path)
    return "".join(f"{digest.hex}  {path}\n" for path, digest in rows).encode("utf-8")


def parse_checksums(data: bytes, *, where: str | None = None) -> tuple[tuple[str, Digest], ...]:
    """Read what `dump_checksums` wrote, as (path, SHA-256) sorted by path.

    Raises FormatError when a line has another shape, a name would leave the tree or collides with another,
    the order is not sorted, the last newline is missing or there is no line.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("checksum file is not UTF-8", found=f"offset {error.start}", where=where) from None
    if not text:
        raise FormatError("checksum file is empty", wanted="at least one line", where=where)
    if not text.endswith("\n"):
        raise FormatError("checksum file is cut off", wanted="a newline at the end", where=where)
    entries: list[tuple[str, Digest]] = []
    for number, line in enumerate(text[:-1].split("\n"), start=1):
        place = f"{where or 'checksum file'}, line {number}"
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(
                "not a checksum line",
                wanted="64 lower-case hex digits, two spaces, a path",
                found=ascii(line)[:200],
                where=place,
            )
        path = parse_name(match[2], where=place)
        if entries and path <= entries[-1][0]:
            raise FormatError(
                "checksum lines are not sorted, each path once",
                wanted=f"a path after {entries[-1][0]}",
                found=path,
                where=place,
            )
        entries.append((path, sha256(match[1])))
    refuse_twins((path for path, _ in entries), where=where)
    return tuple(entries)
