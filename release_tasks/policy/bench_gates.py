"""The gates of benchmarks: are the reports sound, are the targets met, did anything become worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from release_tasks.policy.bench_shape import BENCH, ENDED_WELL, REGRESSION
from release_tasks.policy.evidence_shape import EvidenceKind
from release_tasks.policy.gate import Gate, Rules, rows, text
from release_tasks.policy.metric_judgement import amount, flaw, judge_target
from release_tasks.policy.regression import compare
from release_tasks.records.baseline import Baseline, BenchFigures, Figure, baseline_from_json
from release_tasks.records.digest import short_digest
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

# Metrics that a threshold of the policy speaks of, by their standard names: which way is better is in the
# name of the threshold.
STANDARD_METRICS: dict[str, str] = {
    "min_compile_rate": "compile_rate",
    "min_pass_at_1": "pass_at_1",
    "min_pass_at_5": "pass_at_5",
    "min_pass_at_10": "pass_at_10",
    "max_latency_ms_per_token": "latency_ms_per_token",
    "max_rss_mb": "rss_mb",
}


def _bench(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    name = text(data["name"])
    if data["ended"] != ENDED_WELL:
        yield Finding(
            code=GateCode(text(data["ended"])),
            subject=f"bench {name}",
            wanted="a command that ends by itself",
            found=text(data["problem"]),
        )
        return
    yield from _source(data, name)
    yield from _model(data, name)
    for row in rows(data, "metrics"):
        if not row["samples"]:
            yield _not_measured(f"{name}.{row['name']}", "no such metric in the report")
        elif problem := flaw(row):
            yield Finding(
                code=GateCode.BENCH_METRIC_INVALID,
                subject=f"{name}.{row['name']}",
                wanted=problem.wanted,
                found=problem.found,
            )


def _not_measured(subject: str, found: str) -> Finding:
    return Finding(
        code=GateCode.BENCH_METRIC_MISSING, subject=subject, wanted="a measured value", found=found
    )


def _source(data: JSONObject, name: str) -> Iterator[Finding]:
    """Judge where an imported report comes from; what our own command measured is bound by digests."""
    source = data["imported"]
    if not isinstance(source, dict):
        return
    report = f"bench {name}: {source['report']}"
    if source["commit_found"] is not True:
        yield Finding(
            code=GateCode.BENCH_OTHER_SOURCE,
            subject=report,
            wanted="a commit of this repository",
            found=f"commit {source['commit']}, which is not in it" if source["commit"] else "no commit",
        )
    elif isinstance(source["other_reads"], list) and source["other_reads"]:
        yield Finding(
            code=GateCode.BENCH_OTHER_SOURCE,
            subject=report,
            wanted=f"a commit with these very reads, not {text(source['commit'])[:12]}",
            found=f"others there: {', '.join(map(text, source['other_reads']))}",
        )
    if source["dirty"] is True:
        yield Finding(
            code=GateCode.BENCH_DIRTY,
            subject=report,
            wanted="a report from a clean tree",
            found="a dirty tree",
        )


def _model(data: JSONObject, name: str) -> Iterator[Finding]:
    """The file that the report speaks of must be the declared artifact as it is now."""
    artifact, measured = data["artifact"], data["model_hash"]
    if not isinstance(artifact, dict):
        if measured is not None:
            yield Finding(
                code=GateCode.BENCH_OTHER_MODEL,
                subject=f"bench {name}",
                wanted="artifact in [bench], the file that is measured",
                found=f"none, and a report about the model {short_digest(measured)}",
            )
    elif measured != artifact["sha256"] and (measured is not None or data["imported"] is not None):
        yield Finding(
            code=GateCode.BENCH_OTHER_MODEL,
            subject=f"bench {name}: {artifact['path']}",
            wanted=f"a report about {short_digest(artifact['sha256'])}",
            found="a report that does not say which model"
            if measured is None
            else f"about {short_digest(measured)}",
        )


def _targets(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    now = _baseline(data["now"])
    for row in rows(data, "wanted"):
        if isinstance(row["target"], int | float):
            bench = now.bench(text(row["bench"]))
            figure = bench.metric(text(row["metric"])) if bench else None
            subject = f"{row['bench']}.{row['metric']}"
            yield from _target(subject, figure, row["target"], "target")
    for threshold, metric in STANDARD_METRICS.items():
        limit = rules.limits[threshold]
        if limit is not None:
            yield from _threshold(now, threshold, metric, limit)


def _threshold(now: Baseline, threshold: str, metric: str, limit: float) -> Iterator[Finding]:
    measured = [(bench, figure) for bench in now.benches for figure in bench.metrics if figure.name == metric]
    direction = "higher" if threshold.startswith("min_") else "lower"
    if not measured:
        yield _not_measured(metric, f"no benchmark measures it, and {threshold} is in force")
    for bench, figure in measured:
        if figure.direction == direction:
            yield from _target(f"{bench.name}.{metric}", figure, limit, threshold)
        else:
            yield Finding(
                code=GateCode.BENCH_METRIC_INVALID,
                subject=f"{bench.name}.{metric}",
                wanted=f'direction "{direction}", as {threshold} says',
                found=figure.direction,
            )


def _target(subject: str, figure: Figure | None, target: float, name: str) -> Iterator[Finding]:
    if figure is None:
        yield _not_measured(subject, f"nothing to hold against the {name}")
        return
    side, found = judge_target(figure, target)
    least = "at most" if figure.direction == "lower" else "at least"
    if side != "within":
        code = GateCode.BENCH_TARGET_MISSED if side == "beyond" else GateCode.BENCH_TOO_FEW
        limit = f"{least} {amount(target, figure.unit)} ({name})"
        yield Finding(code=code, subject=subject, wanted=limit, found=found)


def _regression(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    if data["tags_known"] is not True:
        yield Finding(
            code=GateCode.BASELINE_MISSING,
            subject="release tags",
            wanted="a clone with its tags, which tell the last release",
            found="a shallow clone, or one without tags",
        )
    previous = data["previous"]
    if not isinstance(previous, dict):
        return
    then = previous["baseline"]
    if previous["committed"] is not True:
        yield Finding(
            code=GateCode.BASELINE_MISSING,
            subject=text(previous["path"]),
            wanted=f"the committed baseline of {text(previous['tag'])}, as HEAD has it",
            found=text(previous["problem"]),
        )
    elif then is None:
        yield Finding(
            code=GateCode.BASELINE_INVALID,
            subject=text(previous["path"]),
            wanted=f"the baseline of {text(previous['tag'])}",
            found=text(previous["problem"]),
        )
    else:
        limits = {(row["bench"], row["metric"]): row["max_regression"] for row in rows(data, "wanted")}
        yield from _worse(_baseline(then), _baseline(data["now"]), limits, rules.limit("max_regression"))


def _worse(
    then: Baseline, now: Baseline, limits: Mapping[tuple[Any, Any], Any], default: float
) -> Iterator[Finding]:
    def limit_of(bench: BenchFigures, figure: Figure) -> float:
        own = limits.get((bench.name, figure.name))
        return default if own is None else float(own)

    yield from compare(then, now, limit_of)


def _baseline(value: Any) -> Baseline:
    return baseline_from_json(value)


BENCH_KINDS: dict[str, EvidenceKind] = {"bench": BENCH, "regression": REGRESSION}

BENCH_GATES: tuple[Gate, ...] = (
    Gate(
        name="bench",
        point="candidate",
        evidence="bench",
        check=_bench,
        doc="Every benchmark measured every declared metric, of the released model and this source.",
        undeclared=GateCode.BENCH_UNDECLARED,
    ),
    Gate(
        name="targets",
        point="candidate",
        evidence="regression",
        check=_targets,
        doc="Every metric meets its target and the policy's thresholds, beyond the noise.",
        undeclared=GateCode.BENCH_UNDECLARED,
    ),
    Gate(
        name="regression",
        point="candidate",
        evidence="regression",
        check=_regression,
        doc="No metric is worse than in the last release by more than its limit, beyond the noise.",
        undeclared=GateCode.BENCH_UNDECLARED,
    ),
)
