"""Paths as `release.toml` declares them: relative POSIX paths, `NAME:path` below a root, and globs."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from release_tasks.config.readers import Reader, did_you_mean, wrong_type
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigError
from release_tasks.records.paths import safe_relpath

_MAGIC = re.compile(r"[*?\[\]]")
_SET = re.compile(r"\[!?[^\[\]/]+\]")


def split_root(declared: str) -> tuple[str | None, str]:
    """Split `NAME:path` into name and path; the name is None for a path inside the project."""
    name, colon, path = declared.partition(":")
    return (name, path) if colon else (None, declared)


def is_glob(declared: str) -> bool:
    """Tell a pattern from the name of one file."""
    return _MAGIC.search(declared) is not None


def locate(release: Release, declared: str) -> Path:
    """Join a declared path, or a pattern, to its root's folder; raises KeyError for an undeclared root."""
    name, path = split_root(declared)
    if name is None:
        return release.root / path
    return release.root / {root.name: root.path for root in release.roots}[name] / path


def _check_glob(pattern: str) -> None:
    rest = _SET.sub("", pattern)
    if "[" in rest or "]" in rest:
        raise ConfigError("glob refused: a bracket has no partner", wanted="[abc] or [!abc]", found=pattern)
    for part in pattern.split("/"):
        if "**" in part and part != "**":
            raise ConfigError(
                "glob refused: ** stands beside other characters",
                wanted="** as a whole component, as in data/**/*.json",
                found=pattern,
            )


def declared_path(*, roots: Collection[str] | None, globs: bool) -> Reader[str]:
    """Make a reader of declared paths; `roots` are the names allowed before a colon, None for no roots."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise wrong_type(value, "a string: a relative POSIX path")
        name, path = split_root(value)
        if name is not None:
            _check_root(name, value, roots)
        safe_relpath(path)
        if is_glob(path):
            if not globs:
                raise ConfigError(
                    "path refused: it is a pattern", wanted="the name of one file, no * ? [ ]", found=value
                )
            _check_glob(path)
        return value

    return read


def _check_root(name: str, declared: str, roots: Collection[str] | None) -> None:
    if roots is None:
        raise ConfigError(
            "path refused: it names a root",
            wanted="a relative POSIX path inside the project",
            found=ascii(declared)[1:-1][:200],
        )
    if name not in roots:
        raise ConfigError(
            "path refused: its root is not declared",
            wanted=f"one of {', '.join(sorted(roots))}"
            if roots
            else "a relative POSIX path inside the project",
            found=ascii(declared)[1:-1][:200],
            hint=did_you_mean(name, roots) or 'declare it in [roots], as in data = "/srv/data"',
        )
