"""List the commits since the last release, and read what users of this one will rely on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from release_tasks.config.schema import Release, Reword
from release_tasks.errors import ConfigError
from release_tasks.policy.changelog_entries import commit_row, entries_of
from release_tasks.records.baseline import Baseline, baseline_from_json
from release_tasks.records.change_entry import ChangeEntry
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.model_contract import MetricContract, ModelContract
from release_tasks.records.version import release_tags
from release_tasks.stages.baseline import BASELINE
from release_tasks.stages.changes import COMMITS, CONTRACT, run_mode
from release_tasks.stages.dataset import STATISTICS
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.layout import place_artifacts
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_record
from release_tasks.stages.workspace import MissingInputError, Workspace
from release_tasks.system.contract_files import ContractFile, read_contract
from release_tasks.system.git import LoggedCommit, commits_since, tag_commit


def look_at_changes(context: Context) -> None:
    """Write the evidence of the kinds `commits` and `contract`.

    Raises FormatError for artifacts or records that are malformed, ConfigError for a reworded commit that
    names several.
    """
    plan, workspace = context.plan, context.workspace
    found = read_record(workspace, BASELINE)
    last = found["tag"] if isinstance(found["tag"], str) else None
    commits = commit_evidence(plan.release, last=last, tags_known=found["tags_known"] is True)
    write_measurement(context, COMMITS, commits)
    write_measurement(context, CONTRACT, _contract_evidence(plan, workspace, found, _entries(commits)))


def commit_evidence(release: Release, *, last: str | None, tags_known: bool) -> JSONObject:
    """The commits since the tag `last`, none for a first release; raises as `look_at_changes`."""
    root = release.root
    commits: tuple[LoggedCommit, ...] | None = () if last is None and tags_known else None
    if last is not None:
        commits = commits_since(root, last)
    return {
        "version": release.version.text,
        "known": commits is not None,
        "last": None
        if last is None
        else {"tag": last, "version": version_of(last, release), "commit": tag_commit(root, last)},
        "commits": list[JSON](_rows(commits or (), release.rewords)),
    }


def commit_entries(release: Release, *, last: str) -> tuple[ChangeEntry, ...]:
    """What users should know of since the tag `last`; raises as `look_at_changes`."""
    return _entries(commit_evidence(release, last=last, tags_known=True))


def _entries(commits: JSONObject) -> tuple[ChangeEntry, ...]:
    rows = commits["commits"]
    return entries_of(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def version_of(tag: str, release: Release) -> str:
    """The version that a tag of this release names."""
    return next(version.text for _, version in release_tags([tag], release.version, release.name))


def _rows(commits: Sequence[LoggedCommit], rewords: Iterable[Reword]) -> list[JSONObject]:
    said: dict[str, str] = {}
    for reword in rewords:
        named = [commit.id for commit in commits if commit.id.startswith(reword.commit)]
        if len(named) > 1 or any(commit in said for commit in named):
            raise ConfigError(
                "a reworded commit is named twice, or names several",
                wanted="more digits of its id",
                found=reword.commit,
                where="release.toml: changelog.reword",
            )
        said.update(dict.fromkeys(named, reword.message))
    return [
        commit_row(commit.id, parents=commit.parents, message=commit.message, reworded=said.get(commit.id))
        for commit in commits
    ]


def _contract_evidence(
    plan: Plan, workspace: Workspace, found: JSONObject, entries: tuple[ChangeEntry, ...]
) -> JSONObject:
    release = plan.release
    statistics = read_record(workspace, STATISTICS) if release.dataset else None
    return {
        "version": release.version.text,
        "scheme": release.scheme,
        "mode": run_mode(plan),
        "tags_known": found["tags_known"],
        "rules": {
            "breaking_before_1": "minor" if release.versioning.bump_minor_pre_major else "major",
            "feature_before_1": "patch" if release.versioning.bump_patch_for_minor_pre_major else "minor",
            "ignore_config": list[JSON](release.versioning.ignore_config),
        },
        "last": _last(release, found),
        "now": {
            "contract": current_contract(plan, workspace, statistics).to_json(),
            "metrics": [metric.to_json() for metric in declared_metrics(release)],
        },
        "entries": [entry.to_json() for entry in entries],
    }


def _last(release: Release, found: JSONObject) -> JSON:
    tag, value = found["tag"], found["baseline"]
    if not isinstance(tag, str):
        return None
    baseline = baseline_from_json(value) if isinstance(value, dict) else None
    contract = None if baseline is None else baseline.contract
    return {
        "tag": tag,
        "version": version_of(tag, release),
        "path": found["path"],
        "exact_root": found["exact_root"],
        "committed": found["committed"],
        "problem": found["problem"],
        "contract": None if contract is None else contract.to_json(),
        "metrics": [] if baseline is None else [metric.to_json() for metric in metrics_of(baseline)],
    }


def declared_metrics(release: Release) -> tuple[MetricContract, ...]:
    """What the metrics of `[bench]` mean."""
    return tuple(
        MetricContract(f"{bench.name}.{metric.name}", metric.unit, metric.direction)
        for bench in release.benchmarks
        for metric in bench.metrics
    )


def metrics_of(baseline: Baseline) -> tuple[MetricContract, ...]:
    """What the metrics of a baseline mean."""
    return tuple(
        MetricContract(f"{bench.name}.{figure.name}", figure.unit, figure.direction)
        for bench in baseline.benches
        for figure in bench.metrics
    )


def current_contract(plan: Plan, workspace: Workspace, statistics: JSON) -> ModelContract:
    """The contract of the artifacts as they are now; raises MissingInputError when one is not there."""
    release = plan.release
    files = []
    for item in place_artifacts(plan, workspace):
        if not item.rendered:
            digest = workspace.index.sha256(item.declared)
            if digest is None:
                raise MissingInputError(item.declared)
            files.append(ContractFile(item.role, item.name, workspace.index.locate(item.declared), digest))
    return read_contract(
        files,
        version=release.version.text,
        tokenizer_version=release.artifacts.tokenizer_version,
        license_=release.license,
        statistics=statistics,
    )
