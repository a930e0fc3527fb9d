"""The one place that decides which relative paths may be named in a record, an archive or a config (K15)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from release_tasks.errors import PathError

# Device names of Windows, refused with any extension (Microsoft, "Naming Files, Paths, and Namespaces").
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
_MAX_NAME_BYTES = 255


def _flaw(text: str) -> str | None:
    if not text:
        return "is empty"
    if unicodedata.normalize("NFC", text) != text:
        return "is not in Unicode normal form C"
    if any(unicodedata.category(char) in {"Cc", "Cs", "Cf"} for char in text):
        return "holds a control character"
    if "\\" in text:
        return "holds a backslash"
    if ":" in text:
        return "holds a colon"
    if text.startswith("/"):
        return "is absolute"
    for part in text.split("/"):
        if part in {"", "."}:
            return "has an empty or '.' component"
        if part == "..":
            return "has a '..' component"
        if part != part.rstrip(". ") or part != part.lstrip(" "):
            return "has a component with a space at an end or a dot at its end"
        if part.split(".", 1)[0].casefold() in _RESERVED:
            return "has a component that Windows reserves"
        if len(part.encode("utf-8")) > _MAX_NAME_BYTES:
            return f"has a component longer than {_MAX_NAME_BYTES} bytes"
    return None


def safe_relpath(text: str, *, where: str | None = None) -> str:
    """Return `text` when it is a relative POSIX path that every file system can hold inside its tree.

    Raises PathError for absolute paths, `.` and `..`, empty components, NUL and other control characters,
    backslashes, colons, names that are not NFC, Windows device names and names over 255 bytes.
    """
    flaw = _flaw(text)
    if flaw is not None:
        raise PathError(
            f"path refused: it {flaw}",
            wanted="a relative POSIX path inside the tree",
            found=ascii(text)[:200],
            where=where,
        )
    return text


def fold(path: str) -> str:
    """The key under which two names collide on a case-insensitive or normalising file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def refuse_collisions(paths: Iterable[str], *, where: str | None = None) -> None:
    """Raise PathError when two paths differ only by case or normal form, or one is a folder of the other."""
    seen: dict[str, str] = {}
    for path in sorted(paths):
        key = fold(path)
        if key in seen:
            raise PathError(
                "two paths collide on a case-insensitive file system",
                wanted="names that differ by more than case or Unicode form",
                found=f"{seen[key]} and {path}",
                where=where,
            )
        seen[key] = path
    for key, path in seen.items():
        parent = key.rpartition("/")[0]
        while parent:
            if parent in seen:
                raise PathError(
                    "a path is both a file and a folder",
                    found=f"{seen[parent]} and {path}",
                    where=where,
                )
            parent = parent.rpartition("/")[0]
