"""The baseline that a sealed release leaves behind, read from its directory after that was verified (R12)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.bench_shape import baseline_misfits
from release_tasks.records.baseline import Baseline, baseline_from_json
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.records.release_contents import METADATA
from release_tasks.system.contract_files import ContractFile, read_contract
from release_tasks.verbs.verify import verify

_METRICS = "evidence/metrics.json"
_STATISTICS = "evidence/dataset_statistics.json"


def released_baseline(folder: Path, *, tag: str, root: Path) -> Baseline:
    """Verify the release in `folder` against its tag, then read what the next one will be compared with.

    Raises IntegrityError when it does not verify or the tag has no root, FormatError for records that no
    release has.
    """
    report = verify(folder, root=None, tag=tag, full=True, cwd=root)
    if not report.ok:
        first = report.problems[0]
        raise IntegrityError(
            f"the release that {tag} seals does not verify, so nothing is read from it",
            wanted=first.wanted,
            found=f"{first.code} {first.path}: {first.found}",
            where=str(folder),
            hint=f"get the release again from where it was published, or run 'release-tasks verify {folder}'",
        )
    manifest = manifest_from_json(parse_canonical((folder / MANIFEST).read_bytes(), where=MANIFEST))
    metadata = _object(folder, METADATA)
    version, licence = metadata.get("tokenizer_version"), metadata.get("license")
    contract = read_contract(
        [
            ContractFile(file.role, file.path, folder / file.path, file.entry.sha256)
            for file in manifest.files
        ],
        version=manifest.version,
        tokenizer_version=version if isinstance(version, str) else None,
        license_=licence if isinstance(licence, str) else None,
        statistics=_optional(folder, _STATISTICS),
    )
    measured = _measured(_optional(folder, _METRICS), manifest.version)
    return replace(measured, contract=replace(contract, exact_root=str(manifest.exact_root)))


def _measured(value: JSON, version: str) -> Baseline:
    if value is None:
        return Baseline(version=version, benches=())
    for misfit in baseline_misfits(value):
        raise FormatError(
            "not what a release measured",
            wanted=misfit.wanted,
            found=misfit.found,
            where=f"{_METRICS}: {misfit.key}",
        )
    return baseline_from_json(value) if isinstance(value, dict) else Baseline(version=version, benches=())


def _optional(folder: Path, name: str) -> JSON:
    path = folder / name
    return parse_strict(path.read_bytes(), where=name) if path.is_file() else None


def _object(folder: Path, name: str) -> JSONObject:
    value = _optional(folder, name)
    return value if isinstance(value, dict) else {}


def read_baseline(file: Path, *, version: str, where: str) -> Baseline | None:
    """Read a baseline of the project, None when there is none; raises ConfigError for another thing."""
    if not file.is_file():
        return None
    value = parse_canonical(file.read_bytes(), where=where)
    flaw = next(baseline_misfits(value), None)
    if flaw is not None or not isinstance(value, dict) or value["version"] != version:
        raise ConfigError(
            f"not the baseline of {version}",
            wanted=f"version {version}" if flaw is None else flaw.wanted,
            found="another version" if flaw is None else f"{flaw.key}: {flaw.found}",
            where=where,
            hint="restore the file with git",
        )
    return baseline_from_json(value)
