"""The run manifest (P10): what a verdict was reached with, under an id that is made of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath

from release_tasks.config.schema import Dataset, Release
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.evidence import Evidence
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import Class
from release_tasks.records.verdict import Mode, Verdict

SCHEMA_VERSION = 1
# Folders of this machine: they would make another configuration of the same files elsewhere.
_OF_THE_MACHINE = frozenset({"root", "file", "roots", "overrides"})
# Keys of [dataset] that name fields of its records.
_FIELD_ROLES = (
    "id",
    "weight",
    "text",
    "category",
    "pronouns",
    "mock",
    "split",
    "version_field",
    "provenance",
    "critical",
    "supercritical",
    "ethnocultural",
)


@frozen
class OutputFile:
    """A file of the release that was there when the gate decided: its name there, and as declared."""

    name: str
    declared: str
    role: str
    cls: Class


def release_hash(release: Release) -> Digest:
    """SHA-256 over the meaning of release.toml, whatever its spelling.

    Folders of the machine are left out, so that the same configuration has the same hash wherever it lies.
    """
    fields = {key: value for key, value in asdict(release).items() if key not in _OF_THE_MACHINE}
    meaning: JSONObject = {
        "release": _plain({**fields, "version": release.version.text}),
        "roots": [root.name for root in release.roots],
        "overrides": [name for name, _ in release.overrides],
    }
    return _digest(meaning)


def configuration_hash(release: Release, *, policy: JSONObject, mode: Mode) -> Digest:
    """SHA-256 over policy, profile, mode and release.toml; `policy` is policy.json, what is in force."""
    return _digest(
        {
            "policy": policy,
            "profile": release.profile,
            "mode": _plain(asdict(mode)),
            "release": str(release_hash(release)),
        }
    )


def run_manifest(
    release: Release,
    verdict: Verdict,
    evidence: Mapping[str, Evidence],
    *,
    config_hash: Digest,
    environment: JSONObject,
    outputs: Iterable[OutputFile],
) -> JSONObject:
    """Collect what a verdict was reached with; `environment` is environment.json.

    Digests of files are those that the evidence speaks of. The run id is the SHA-256 of all the rest, without
    a clock: the same evidence under the same configuration is the same run.
    """
    digests = {path: digest.hex for record in evidence.values() for path, digest in record.subjects}
    manifest: JSONObject = {
        "schema_version": SCHEMA_VERSION,
        "name": release.name,
        "versions": _versions(release, environment),
        "config_hash": str(config_hash),
        "decision": verdict.decision,
        "gates": [
            {
                "gate": gate.gate,
                "hardness": gate.hardness,
                "status": gate.status,
                "codes": [str(finding.code) for finding in gate.findings],
            }
            for gate in verdict.gates
        ],
        "randomness": [{"of": name, "seed": seed} for name, seed in _seeds(release)],
        "provenance": None if release.dataset is None else _provenance(release.dataset, digests),
        "evidence": {name: str(_digest(evidence[name].to_json())) for name in sorted(evidence)},
        "outputs": [
            {"path": file.name, "role": file.role, "class": file.cls, "sha256": digests.get(file.declared)}
            for file in sorted(outputs, key=lambda file: file.name)
        ],
    }
    return {"run_id": str(_digest(manifest)), **manifest}


def _versions(release: Release, environment: JSONObject) -> JSONObject:
    python = environment.get("python")
    return {
        "release": release.version.text,
        "dataset": release.dataset.version if release.dataset else None,
        "tokenizer": release.artifacts.tokenizer_version,
        "docs": release.docs_version,
        "generator": environment.get("generator"),
        "python": python.get("version") if isinstance(python, dict) else None,
        "numeric_id": environment.get("numeric_id"),
    }


def _seeds(release: Release) -> Iterator[tuple[str, int | None]]:
    """Whatever may draw random numbers, with its seed; None: none is declared."""
    yield from ((f"step:{step.name}", step.seed) for step in release.steps)
    yield from ((f"parity:{pair.name}", pair.seed) for pair in release.parity)
    yield from ((f"bench:{item.name}", item.seed) for item in release.benchmarks)


def _provenance(dataset: Dataset, digests: Mapping[str, str]) -> JSONObject:
    """Where data came from: every declared source, and every declared field with who tells its origin."""
    roles: dict[str, list[str]] = {}
    for role in _FIELD_ROLES:
        value: str | Sequence[str] | None = getattr(dataset, role)
        for field in (value,) if isinstance(value, str) else value or ():
            roles.setdefault(field, []).append(role)
    return {
        "sources": [
            {
                "name": source.name,
                "url": source.url,
                "license": source.license,
                "record": source.record,
                "sha256": digests.get(source.record) if source.record else None,
            }
            for source in dataset.sources
        ],
        "fields": [
            {"field": field, "declared_as": list[JSON](names), "told_by": dataset.provenance}
            for field, names in sorted(roles.items())
        ],
    }


def _digest(value: JSON) -> Digest:
    return sha256(hashlib.sha256(dump_canonical(value)).hexdigest())


def _plain(value: object) -> JSON:
    """Write a configuration as JSON; a TypeError is a bug: a table holds a type that JSON has not."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, PurePath):
        return value.as_posix()
    raise TypeError(f"BUG: a configuration holds a {type(value).__name__}")
