"""What `release.toml` must say for each type of release, and what it must not (design §5, R4, R22)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from release_tasks.config.artifacts import read_artifacts, read_further_files, read_tooling
from release_tasks.config.fields import Table
from release_tasks.config.schema import DEFAULT_SCHEME, Artifacts, Dataset, ReleaseType
from release_tasks.errors import ConfigError
from release_tasks.records.version import Scheme

# Tables that speak of something which a type does not have.
_FOREIGN: dict[ReleaseType, dict[str, str]] = {
    "dataset": {"checkpoint": "weights", "parity": "formats of a model"},
    "tooling": {"checkpoint": "weights", "parity": "formats of a model", "dataset": "data"},
}


def default_scheme(release_type: ReleaseType) -> Scheme:
    """The grammar of versions where release.toml names none: data have a date, all else SemVer."""
    return "calendar" if release_type == "dataset" else DEFAULT_SCHEME


def read_artifacts_of(release_type: ReleaseType, top: Table, roots: Collection[str]) -> Artifacts | None:
    """Read `[artifacts]` as this type has it; None when it is wrong, which is remembered."""
    if release_type == "dataset":
        table = top.table("artifacts")
        return Artifacts() if table is None else read_further_files(table, roots)
    if release_type == "tooling":
        table = top.table("artifacts", required="[artifacts] with wheel and sdist")
        return None if table is None else read_tooling(table, roots)
    table = top.table("artifacts", required="[artifacts] with model, tokenizer and config")
    return None if table is None else read_artifacts(table, roots)


def refuse_foreign(release_type: ReleaseType, top: Table) -> None:
    """Remember every table that a release of this type cannot have, and the one that a dataset needs."""
    for name, what in _FOREIGN.get(release_type, {}).items():
        if name in top:
            top.problem(
                ConfigError(
                    f"[{name}] speaks of {what}, which a release of type {release_type} does not have",
                    wanted='type = "model", or no such table',
                ),
                name,
            )
    if release_type == "dataset" and "dataset" not in top:
        wanted = "[dataset] with version and files"
        top.problem(ConfigError("dataset is missing", wanted=wanted), "dataset")


def check_patch(table: Table, found: Mapping[str, Any]) -> None:
    """A patch says what it mends and why; nothing else has a base (R22)."""
    is_patch = found.get("type") == "patch"
    for key, wanted in (
        ("base", "the version that is patched, as 1.0.0"),
        ("reason", "the critical bug or packaging mistake that it mends"),
    ):
        if is_patch and key not in table:
            table.problem(ConfigError(f"{key} is missing: a patch has one", wanted=wanted), key)
        if not is_patch and key in table:
            table.problem(ConfigError(f"{key} belongs to a patch", wanted='type = "patch"'), key)
    if is_patch and "version" in found and found.get("base") == found["version"].text:
        table.problem(ConfigError("a patch is another version than its base", found=found["base"]), "base")


def agreed_version(dataset: Dataset, release: Table, head: Mapping[str, Any], top: Table) -> Dataset:
    """Give the data the version of their release; what release.toml writes of both must be one version.

    `RELEASE_VERSION` in the environment then overrides both (K17).
    """
    written = release.value("version")
    if isinstance(written, str) and written != dataset.version:
        top.problem(
            ConfigError(
                "the version of the data is not that of their release",
                wanted=f"{written}, as release.version",
                found=dataset.version,
                hint="a dataset that is released by itself has one version: write it in both places",
            ),
            "dataset",
            "version",
        )
    return replace(dataset, version=head["version"].text) if "version" in head else dataset
