"""Find and open `release.toml` and the policy; the only module of this room that touches the disk."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from release_tasks.config.parse import parse_release
from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.config.policy import Policy
from release_tasks.config.policy_reader import parse_policy
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigError

FILE_NAME = "release.toml"
POLICY_NAME = "release_policy.yml"
_MAX_BYTES = 1_000_000
_TOML_PLACE = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)", re.DOTALL)


def _read(path: Path, *, what: str, hint: str) -> str:
    try:
        if path.is_dir():
            raise ConfigError(f"{what} is a folder", wanted="a file", where=str(path), hint=hint)
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{what} is not there", wanted="a file", where=str(path), hint=hint) from None
    except OSError as error:
        raise ConfigError(f"{what} cannot be read", found=error.strerror, where=str(path)) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(
            f"{what} is too large", wanted=f"at most {_MAX_BYTES} bytes", found="more", where=str(path)
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{what} is not UTF-8",
            wanted="text in UTF-8",
            found=f"byte 0x{data[error.start]:02x} at offset {error.start}",
            where=str(path),
        ) from None


def _parse_toml(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _TOML_PLACE.fullmatch(str(error))
        if match is None:
            found, place = str(error), ""
        else:
            found, place = match[1], f":{match[2]}:{match[3]}" if match[2] else ": end of file"
        raise ConfigError("TOML is malformed", found=found, where=name + place) from None
    except RecursionError:
        raise ConfigError("TOML is nested too deep", wanted="a table of tables at most", where=name) from None
    except ValueError as error:  # tomllib lets int() complain about more than 4300 digits
        raise ConfigError("TOML is malformed", found=str(error), where=name) from None


def _root_override(environ: Mapping[str, str]) -> Path | None:
    value = environ.get("RELEASE_ROOT")
    if not value:
        return None
    root = Path(value)
    if not root.is_dir():
        raise ConfigError(
            "RELEASE_ROOT is not a folder",
            wanted="a folder that exists",
            found=value if root.exists() else f"{value}, which is not there",
            where="environment variable RELEASE_ROOT",
        )
    return root.absolute()


def _is_there(path: Path) -> bool:
    """A folder or a link that leads nowhere counts: reading it says what is wrong with it."""
    return path.is_symlink() or path.exists()


def find_config(start: Path, explicit: Path | None, environ: Mapping[str, str]) -> Path:
    """Find `release.toml`: `explicit`, else in `RELEASE_ROOT`, else in `start` or above it.

    The search upwards ends at the first folder with `.git`, or at the top of the file system. Raises
    ConfigError when there is none. The answer is absolute.
    """
    root = _root_override(environ)
    if explicit is not None:
        return start.absolute() / explicit
    if root is not None:
        if not _is_there(root / FILE_NAME):
            raise ConfigError(
                f"no {FILE_NAME} in RELEASE_ROOT",
                wanted=str(root / FILE_NAME),
                where="environment variable RELEASE_ROOT",
            )
        return root / FILE_NAME
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        if _is_there(candidate / FILE_NAME):
            return candidate / FILE_NAME
        if (candidate / ".git").exists():
            break
    else:
        candidate = Path(folder.anchor)
    raise ConfigError(
        f"no {FILE_NAME} found",
        wanted=f"{FILE_NAME} in this folder or above it",
        found=f"none from {folder} up to {candidate}",
        hint="name it with --config FILE, or set RELEASE_ROOT",
    )


def load_release(file: Path, *, environ: Mapping[str, str]) -> Release:
    """Read one `release.toml`; the root is `RELEASE_ROOT`, else the file's folder.

    Raises ConfigError when the file cannot be read or is no TOML, ConfigErrors with every problem in it.
    """
    root = _root_override(environ) or file.absolute().parent
    text = _read(file, what=FILE_NAME, hint="name another with --config FILE")
    return parse_release_text(text, root=root, file=file.absolute(), environ=environ)


def parse_release_text(text: str, *, root: Path, file: Path, environ: Mapping[str, str]) -> Release:
    """Read the text of a `release.toml` that stands elsewhere, as in a commit; errors as `load_release`."""
    return parse_release(_parse_toml(text, file.name), root=root, file=file, environ=environ)


def find_policy(release: Release, explicit: Path | None = None) -> Path | None:
    """Name the policy's file: `explicit`, else `release.policy`, else `release_policy.yml` if it is there.

    Relative paths start from the root; a file that was named need not exist, and `load_policy` says so.
    """
    if explicit is not None:
        return release.root / explicit
    if release.policy is not None:
        return release.root / release.policy
    usual = release.root / POLICY_NAME
    return usual if usual.exists() else None


def load_policy(
    path: Path | None, *, known_gates: frozenset[str], known_thresholds: frozenset[str]
) -> Policy:
    """Read the policy's file, or give the default policy (every gate hard) when there is none to read.

    Raises ConfigError when the file cannot be read or is no plain YAML, ConfigErrors with all its problems.
    """
    if path is None:
        return Policy()
    text = _read(path, what="the policy", hint="name another with policy in [release] or --policy FILE")
    return parse_policy(
        parse_plain_yaml(text, where=path.name), known_gates, known_thresholds, where=path.name
    )
