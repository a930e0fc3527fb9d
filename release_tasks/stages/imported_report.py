"""A benchmark report that was measured elsewhere: the one file, its commit, and what that commit had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from release_tasks.config.schema import Benchmark
from release_tasks.errors import ConfigError
from release_tasks.formats.benchmark_report import REPORTS
from release_tasks.records.benchmark_report import Report
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import Tree, tree_matches
from release_tasks.stages.locked_artifact import locked_digest
from release_tasks.stages.plan import as_reads
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import blob_id, blobs_of, find_commit


@frozen
class Imported:
    """A report with its file; its commit as this repository knows it, and the reads that differ there."""

    report: Report
    path: str
    commit: str | None
    commit_found: bool
    other_reads: tuple[str, ...] = ()

    def to_json(self) -> JSONObject:
        """Write where the report comes from as plain JSON."""
        return {
            "report": self.path,
            "commit": self.commit,
            "commit_found": self.commit_found,
            "dirty": self.report.dirty,
            "other_reads": list[JSON](self.other_reads),
        }


def import_report(workspace: Workspace, bench: Benchmark) -> tuple[bytes, Imported]:
    """Read the report of a benchmark without a command, and look its commit up.

    A harness that does not say which model it measured (lm-eval, asv) speaks of that of its commit: the
    artifact as release.lock has it there. Raises ConfigError unless the pattern matches exactly one file,
    FormatError for a report that is none, EnvironmentRefused when git fails.
    """
    path = _one_file(workspace, bench)
    data = workspace.index.locate(path).read_bytes()
    report = REPORTS[bench.format](data, where=path)
    stated = report.commit or report.commit_prefix
    commit = find_commit(workspace.root, stated) if stated else None
    if commit is None:
        return data, Imported(report=report, path=path, commit=stated, commit_found=False)
    if report.model_hash is None and bench.artifact is not None:
        report = replace(report, model_hash=locked_digest(workspace, commit, bench.artifact))
    others = _other_reads(workspace, commit, bench.reads)
    return data, Imported(report=report, path=path, commit=commit, commit_found=True, other_reads=others)


def _one_file(workspace: Workspace, bench: Benchmark) -> str:
    found = workspace.index.expand((str(bench.report),))
    if len(found) != 1:
        raise ConfigError(
            f"the pattern of bench {bench.name} matches {len(found)} reports",
            wanted="exactly one",
            found=", ".join(found[:5]),
            where=f"release.toml: bench.{bench.name}.report",
            hint="remove the reports that are not meant, or name the one that is",
        )
    return found[0]


def _other_reads(workspace: Workspace, commit: str, reads: Sequence[str]) -> tuple[str, ...]:
    """The reads that a commit lacks, has otherwise, or has more of; none has those outside the project."""
    blobs = blobs_of(workspace.root, commit)
    trees = [read for read in as_reads(tuple(reads)) if isinstance(read, Tree)]
    paths = set(workspace.index.expand(reads))
    paths.update(path for path in blobs if any(tree_matches(tree, path) for tree in trees))
    return tuple(path for path in sorted(paths) if _blob_now(workspace, path) != blobs.get(path, ""))


def _blob_now(workspace: Workspace, path: str) -> str | None:
    try:
        return blob_id(workspace.index.locate(path).read_bytes())
    except FileNotFoundError:
        return None
