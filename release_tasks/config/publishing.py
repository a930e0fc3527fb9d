"""`[publish.<name>]`: where releases go, as a URI whose scheme names the kind of registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from release_tasks.config.declared import declared_path, locate, split_root
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import describe, did_you_mean, flag, matching, text
from release_tasks.config.schema import Destination, Release
from release_tasks.config.steps import read_named
from release_tasks.errors import ConfigError

_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]")
_FIELD = re.compile(r"\{([^{}]*)\}")
_FIELDS = ("name", "version")
OWN_FOLDERS = (
    "release",
    "experiments",
    ".release",
    ".git",
)  # folders of a project that hold no published copies
_REPOSITORY = matching(
    r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", "OWNER/REPO as GitHub names them"
)
_ALIAS = matching(r"[a-z][a-z0-9_-]{0,99}", "a-z, then also 0-9 _ -")


def _place(target: str, roots: Collection[str]) -> None:
    """Refuse a path that is neither absolute nor declared as every other one."""
    if not _ABSOLUTE.match(target):
        declared_path(roots=roots, globs=False)(target)
        if target.partition("/")[0] in OWN_FOLDERS:
            raise ConfigError(
                "path refused: release_tasks itself keeps things there",
                wanted=f"another folder than {', '.join(OWN_FOLDERS)}",
                found=target,
            )
    elif {"..", "."} & set(re.split(r"[\\/]", target)):
        raise ConfigError("path refused: it has a '.' or '..' component", wanted="a plain path", found=target)


def _file(target: str, roots: Collection[str]) -> None:
    _place(target, roots)
    if not target.endswith(".tar"):
        raise ConfigError("an offline bundle is a tar", wanted="a path that ends in .tar", found=target)
    unknown = [name for name in _FIELD.findall(target) if name not in _FIELDS]
    if unknown:
        raise ConfigError(
            f"the path has an unknown placeholder {{{unknown[0]}}}",
            wanted="{name} or {version}",
            found=target,
            hint=did_you_mean(unknown[0], _FIELDS),
        )


def _repository(target: str, roots: Collection[str]) -> None:
    del roots
    _REPOSITORY(target)


_SCHEMES: Mapping[str, Callable[[str, Collection[str]], None]] = {
    "directory": _place,
    "file": _file,
    "github": _repository,
}


def _read_uri(value: object, roots: Collection[str]) -> str:
    uri = text(value)
    scheme, colon, target = uri.partition(":")
    if not colon or not target or scheme not in _SCHEMES:
        raise ConfigError(
            "not a destination",
            wanted="directory:FOLDER, file:FILE.tar or github:OWNER/REPO",
            found=describe(value),
            hint=did_you_mean(scheme, _SCHEMES),
        )
    _SCHEMES[scheme](target, roots)
    return uri


def _read_destination(table: Table, name: str, roots: Collection[str]) -> Destination | None:
    uri = table.one(
        "uri", lambda value: _read_uri(value, roots), required="where releases go, as directory:FOLDER"
    )
    aliases = table.many("aliases", _ALIAS)
    found = given(
        production=table.one("production", flag),
        ci_only=table.one("ci_only", flag),
        aliases=None if aliases is None else tuple(sorted(aliases)),
    )
    table.close()
    if uri is None:
        return None
    if uri.startswith("file:"):
        if aliases:
            table.problem(
                ConfigError("a file has no aliases", wanted="none", found=", ".join(aliases)), "aliases"
            )
        found["aliases"] = ()
    if uri.startswith("github:") and (others := sorted(set(aliases or ()) - {"current", "latest"})):
        error = ConfigError(
            "GitHub marks one release as the latest and knows no other alias",
            wanted="latest",
            found=", ".join(others),
        )
        table.problem(error, "aliases")
    return Destination(name=name, uri=uri, **found)


def read_destinations(table: Table | None, roots: Collection[str]) -> tuple[Destination, ...] | None:
    """Read every `[publish.<name>]`, sorted by name."""
    return read_named(table, lambda inner, name: _read_destination(inner, name, roots))


def find_destination(release: Release, name: str) -> Destination:
    """The destination of a name; raises ConfigError that lists those that are declared."""
    for destination in release.publish:
        if destination.name == name:
            return destination
    names = [destination.name for destination in release.publish]
    raise ConfigError(
        f"no destination {ascii(name)[1:-1][:100]}",
        wanted=f"one of {', '.join(names)}" if names else "a table [publish.<name>] with a uri",
        found=f"{len(names)} declared",
        where=release.file.name,
        hint=did_you_mean(name, names)
        or ("" if names else 'add [publish.store] with uri = "directory:/srv/models"'),
    )


def place_of(release: Release, destination: Destination) -> Path:
    """The folder or file that a `directory:` or `file:` URI names, `{name}` and `{version}` filled in.

    Raises KeyError for an undeclared root, which parsing refuses.
    """
    target = destination.target
    if destination.scheme == "file":
        target = target.replace("{name}", release.name).replace("{version}", release.version.text)
    return Path(target) if _ABSOLUTE.match(target) else locate(release, target)


def is_own(destination: Destination) -> bool:
    """Whether the destination lies in the project, so that its folder is made when it is missing."""
    target = destination.target
    return destination.scheme != "github" and not _ABSOLUTE.match(target) and split_root(target)[0] is None
