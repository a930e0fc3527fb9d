"""The tables of `release.toml`, one frozen record each; defaults are stated here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from release_tasks.records.version import Scheme, Version

SCHEMA = 1
DEFAULT_SCHEME: Scheme = "semver"

Scalar = str | int | float | bool
Bundle = Literal["zip", "tar"]
ReleaseType = Literal["model"]
Numeric = Literal["auto", "v3", "portable", "none"]
SampleCheck = Literal["python", "rust"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """`[roots] NAME = "…"`: a folder outside the project, whose files are declared as `NAME:path`.

    `path` is as written (absolute, or relative to the project's root), or as the environment variable
    `RELEASE_ROOTS_<NAME>` says.
    """

    name: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifacts:
    """`[artifacts]`: the standard files of a release, relative POSIX paths or `NAME:path`.

    Exactly one of `tokenizer` and `preprocessor` is set. Only `extra` may hold globs.
    """

    model: tuple[str, ...]
    config: str
    index: str | None = None
    tokenizer: str | None = None
    preprocessor: str | None = None
    quality: str | None = None
    training: str | None = None
    gguf: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UserStep:
    """`[[step]]`: a command of the user; `reads` are files and globs, `writes` files, `params` sorted."""

    name: str
    command: tuple[str, ...]
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    params: tuple[tuple[str, Scalar], ...] = ()
    seed: int | None = None
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """`[dataset]`: the version of the data and the files (globs) that it names."""

    version: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoke:
    """`[smoke]`: a command that must work on the packaged release, and how its samples are checked."""

    command: tuple[str, ...]
    check: SampleCheck | tuple[str, ...] | None = None
    reads: tuple[str, ...] = ()
    timeout_s: int = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """`[environment]`: the numeric profile, and the variables that steps may see besides the allowed ones."""

    numeric: Numeric = "auto"
    pass_: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A whole `release.toml`, checked; `overrides` are the environment variables that changed it, sorted."""

    root: Path
    file: Path
    name: str
    version: Version
    artifacts: Artifacts
    bundles: tuple[Bundle, ...] = ("zip",)
    scheme: Scheme = DEFAULT_SCHEME
    type: ReleaseType = "model"
    license: str | None = None
    profile: str = "default"
    policy: str | None = None
    docs_version: str | None = None
    architecture: str | None = None
    steps: tuple[UserStep, ...] = ()
    dataset: Dataset | None = None
    smoke: Smoke | None = None
    environment: Environment = Environment()
    roots: tuple[Root, ...] = ()
    overrides: tuple[tuple[str, str], ...] = ()
