"""metadata.json: what a release is, every hash in it can be checked; what is absent says why (R14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from release_tasks.config.schema import Release
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.digest import Digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.manifest import ManifestFile
from release_tasks.stages.dataset_digest import dataset_digest
from release_tasks.stages.execution import Context
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.facts import source_of


def model_hash(files: Sequence[ManifestFile]) -> Digest | None:
    """SHA-256 of the weights: of the file when there is one, else over (name, sha256) of the shards.

    None for a release without weights.
    """
    weights = [file for file in files if file.role == "weights"]
    if not weights:
        return None
    if len(weights) == 1:
        return weights[0].entry.sha256
    return tree_digest((file.path, file.entry.sha256.hex) for file in weights)


def _dataset_hash(plan: Plan, workspace: Workspace) -> str | None:
    if plan.release.dataset is None:
        return None
    return str(dataset_digest(plan.release.dataset, workspace))


def training_seed(plan: Plan, workspace: Workspace) -> JSON:
    """The seed of the training record, else of the step that writes the weights; never a default."""
    record = plan.release.artifacts.training
    if record is not None:
        value = parse_strict(workspace.index.locate(record).read_bytes(), where=record)
        return value.get("seed") if isinstance(value, dict) else None
    for step in plan.release.steps:
        if set(step.writes) & set(plan.release.artifacts.model):
            return step.seed
    return None


def metrics_summary(quality: Path | None) -> JSON:
    """The numbers at the top level of quality.json, without its own version number."""
    if quality is None:
        return None
    value = parse_strict(quality.read_bytes(), where=quality.name)
    if not isinstance(value, dict):
        return None
    return {
        key: item
        for key, item in sorted(value.items())
        if isinstance(item, int | float) and not isinstance(item, bool) and key != "schema_version"
    }


_REASONS = {
    "dataset_version": "release.toml has no [dataset]",
    "dataset_hash": "release.toml has no [dataset]",
    "tokenizer_version": "no version of the tokenizer is declared",
    "tokenizer_hash": "the model has no tokenizer",
    "git_commit": "the project is not under git",
    "git_commit_short": "the project is not under git",
    "git_dirty": "the project is not under git",
    "training_seed": "neither a training record nor the step that writes the weights has a seed",
    "date": "the project is not under git and SOURCE_DATE_EPOCH is not set",
    "metrics_summary": "release.toml has no artifacts.quality",
    "docs_version": "release.toml has no release.docs_version",
    "architecture": "release.toml has no release.architecture",
    "license": "release.toml has no release.license",
}

# Of these a release without a model cannot have any.
_OF_A_MODEL = (
    "architecture",
    "config_hash",
    "metrics_summary",
    "model_hash",
    "tokenizer_hash",
    "tokenizer_version",
    "training_seed",
)


def _reasons(release: Release) -> dict[str, str]:
    """Why each field would be null."""
    if release.artifacts.model:
        return _REASONS
    return _REASONS | dict.fromkeys(_OF_A_MODEL, f"a release of type {release.type} has no model")


def _by_role(files: Sequence[ManifestFile], *roles: str) -> str | None:
    for role in roles:
        for file in files:
            if file.role == role:
                return str(file.entry.sha256)
    return None


def _config_hash(files: Sequence[ManifestFile]) -> str | None:
    names: Mapping[str, ManifestFile] = {file.path: file for file in files}
    file = names.get("config.json") or names.get("config.yaml")
    return None if file is None else str(file.entry.sha256)


def build_metadata(
    context: Context, *, files: Sequence[ManifestFile], exact_root: Digest, quality: Path | None
) -> JSONObject:
    """Collect the fields; a null has its reason under `reasons`."""
    plan, workspace = context.plan, context.workspace
    release = plan.release
    commit, dirty = source_of(context.facts["source"])
    date = context.facts["date"]
    weights = model_hash(files)
    fields: JSONObject = {
        "schema_version": 1,
        "name": release.name,
        "version": release.version.text,
        "release_type": release.type,
        "license": release.license,
        "dataset_version": release.dataset.version if release.dataset else None,
        "dataset_hash": _dataset_hash(plan, workspace),
        "tokenizer_version": release.artifacts.tokenizer_version,
        "tokenizer_hash": _by_role(files, "tokenizer", "preprocessor"),
        "model_hash": None if weights is None else str(weights),
        "config_hash": _config_hash(files),
        "git_commit": commit,
        "git_commit_short": None if commit is None else commit[:12],
        "git_dirty": None if commit is None else dirty,
        "training_seed": training_seed(plan, workspace),
        "date": None if date == "none" else date,
        "metrics_summary": metrics_summary(quality),
        "docs_version": release.docs_version,
        "architecture": release.architecture,
        "exact_root": str(exact_root),
    }
    reasons = _reasons(release)
    fields["reasons"] = {key: reasons[key] for key, value in sorted(fields.items()) if value is None}
    return fields
