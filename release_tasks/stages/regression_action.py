"""Write what was measured now beside the baseline of the last release."""

from __future__ import annotations

from release_tasks.records.baseline import baseline_of
from release_tasks.records.evidence import evidence_path
from release_tasks.records.json_value import JSON
from release_tasks.stages.baseline import BASELINE
from release_tasks.stages.benchmarks import record_of
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.records_io import read_evidence, read_record, write_record
from release_tasks.stages.regression import METRICS, RECORD

_PREVIOUS = ("tag", "path", "committed", "problem", "baseline")


def compare_measurements(context: Context) -> None:
    """Write the evidence of kind `regression`, and what this release measured.

    Raises FormatError when a record is damaged.
    """
    workspace, release = context.workspace, context.plan.release
    last = read_record(workspace, BASELINE)
    records = [read_evidence(workspace, evidence_path(record_of(bench))).data for bench in release.benchmarks]
    now = baseline_of(release.version.text, records).to_json()
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
    previous = None if last["tag"] is None else {name: last[name] for name in _PREVIOUS}
    data = {"tags_known": last["tags_known"], "previous": previous, "now": now, "wanted": wanted}
    write_measurement(context, RECORD, data)
