"""Find the committed baseline of the last release, and write it beside what was measured now."""

from __future__ import annotations

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.policy.bench_shape import BASELINE as SHAPE
from release_tasks.policy.evidence_shape import misfits
from release_tasks.records.baseline import SCHEMA_VERSION, baseline_of
from release_tasks.records.evidence import evidence_path
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.baseline_fact import LastRelease, baseline_fact, read_fact
from release_tasks.stages.benchmarks import record_of
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.records_io import read_evidence, write_record
from release_tasks.stages.regression import BASELINE, METRICS, RECORD
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import blob_id

_FIRST = "no earlier version of this release is tagged: there is nothing to compare with"
_UNKNOWN = "this clone has no release tag, and may lack those that exist elsewhere"


def find_baseline(context: Context) -> None:
    """Write the evidence of kind `regression`, the baseline compared with, and what this release measured.

    Raises FormatError when a record of a benchmark is damaged.
    """
    workspace, release = context.workspace, context.plan.release
    # Git is asked anew: what the state database remembers may spare work, not vouch for a baseline.
    last, known = read_fact(baseline_fact(workspace.root, release, None))
    found = None if last is None else _baseline(workspace, last)
    records = [read_evidence(workspace, evidence_path(record_of(bench))).data for bench in release.benchmarks]
    now = baseline_of(release.version.text, records).to_json()
    reason = None if found is None else found["problem"]
    if last is None:
        reason = _FIRST if known else _UNKNOWN
        context.report(reason)
    write_record(
        workspace,
        BASELINE,
        {
            "schema_version": SCHEMA_VERSION,
            "tag": None if last is None else last.tag,
            "baseline": None if found is None else found["baseline"],
            "reason": reason,
        },
    )
    write_record(workspace, METRICS, now)
    wanted: list[JSON] = [
        {
            "bench": bench.name,
            "metric": metric.name,
            "target": metric.target,
            "max_regression": metric.max_regression,
        }
        for bench in release.benchmarks
        for metric in bench.metrics
    ]
    write_measurement(context, RECORD, {"tags_known": known, "previous": found, "now": now, "wanted": wanted})


def _baseline(workspace: Workspace, last: LastRelease) -> JSONObject:
    """The baseline of the last release, or the problem with it."""
    found: JSONObject = {
        "tag": last.tag,
        "path": last.path,
        "committed": False,
        "problem": None,
        "baseline": None,
    }
    try:
        data = (workspace.root / last.path).read_bytes()
    except OSError as error:
        return {
            **found,
            "problem": "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror),
        }
    if last.blob is None:
        return {**found, "problem": "a file that is not committed"}
    if blob_id(data) != last.blob:
        return {**found, "problem": "another content than HEAD has"}
    found["committed"] = True
    try:
        value = parse_canonical(data, where=last.path)
    except FormatError as error:
        return {**found, "problem": error.what}
    problem = _problem(value, last)
    return {**found, "problem": problem, "baseline": None if problem else value}


def _problem(value: JSON, last: LastRelease) -> str | None:
    if not isinstance(value, dict):
        return "JSON that is no object"
    flaw = next(misfits(value, SHAPE), None)
    if flaw is not None:
        return f"{flaw.key}: {flaw.found}, not {flaw.wanted}"
    if last.path != f"baselines/{value['version']}.json":
        return f"the baseline of {value['version']}"
    return None
