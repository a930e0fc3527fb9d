"""The version that a packaging file states: `pyproject.toml`, `package.json`, `__version__` of a module."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from release_tasks.errors import ConfigError, FormatError
from release_tasks.formats.strict_json import parse_strict

STATIC_FILES = ("pyproject.toml", "package.json")


def _toml(text: str, name: str) -> str | None:
    """`project.version` (PEP 621); a project that lists it in `dynamic` states none."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError("TOML is malformed", found=str(error), where=name) from None
    project = document.get("project")
    return _stated(project, "project.version", name) if isinstance(project, Mapping) else None


def _json(text: str, name: str) -> str | None:
    """`version` of an npm package; a private one may have none."""
    document = parse_strict(text.encode("utf-8"), where=name)
    if not isinstance(document, Mapping):
        raise FormatError("not a package.json", wanted="an object", where=name)
    return _stated(document, "version", name)


def _stated(table: Mapping[str, object], key: str, name: str) -> str | None:
    version = table.get("version")
    if version is None or isinstance(version, str):
        return version
    raise FormatError("the version is no text", wanted=f'{key} = "1.0.0"', found=repr(version), where=name)


def _module(text: str, name: str) -> str | None:
    """The text that the last `__version__ = "…"` at the top of a module assigns."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise FormatError("Python is malformed", found=str(error), where=name) from None
    found = None
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__version__" for target in targets):
                found = node.value.value if isinstance(node.value, ast.Constant) else None
    return found if isinstance(found, str) else None


_READERS: Mapping[str, Callable[[str, str], str | None]] = {
    "pyproject.toml": _toml,
    "package.json": _json,
    ".py": _module,
}


def read_static_version(name: str, text: str) -> str | None:
    """Read the version that a file states, None when it leaves it to the tag or to something else.

    Raises ConfigError for a file of another kind, FormatError for one that is malformed.
    """
    path = PurePosixPath(name)
    reader = _READERS.get(path.name) or _READERS.get(path.suffix)
    if reader is None:
        raise ConfigError(
            "no version is known to stand in such a file",
            wanted="pyproject.toml, package.json or a Python module with __version__",
            found=name,
        )
    return reader(text, name)
