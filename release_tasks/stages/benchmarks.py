"""`bench:<name>`: how fast and how good the model is; one at a time, and nothing beside them."""

from __future__ import annotations

from release_tasks.config.schema import Benchmark
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Argument, Step, Write
from release_tasks.stages.plan import Plan, as_reads


def record_of(bench: Benchmark) -> str:
    """The name of a benchmark's evidence."""
    return f"bench/{bench.name}"


def provenance_of(bench: Benchmark) -> str:
    """The record of where a benchmark's evidence comes from."""
    return f"{RECORDS}/{record_of(bench)}.provenance.json"


def released_reports(bench: Benchmark) -> tuple[str, ...]:
    """Records of the reports themselves, one for each run, in our own format only.

    What other harnesses write may name hosts, users and folders of the machine.
    """
    runs = bench.repeats if bench.format == "performance" else 0
    return tuple(f"{RECORDS}/{record_of(bench)}/run-{number + 1}.json" for number in range(runs))


def _step(bench: Benchmark) -> Step:
    # Not targets and limits: to change what is wanted needs no new measurement.
    metrics: tuple[Argument, ...] = tuple(
        (metric.name, metric.source, metric.direction, metric.unit, metric.exact) for metric in bench.metrics
    )
    measured = as_reads((*((bench.artifact,) if bench.artifact else ()), *bench.reads))
    report = as_reads((bench.report,)) if bench.report else ()
    evidence = Write(evidence_path(record_of(bench)), role="evidence")
    return Step(
        verb="bench",
        subject=bench.name,
        run="release_tasks.stages.benchmarks_action:measure_benchmark",
        doc=f"Measure {', '.join(metric.name for metric in bench.metrics)}.",
        args=(
            ("command", bench.command),
            ("format", bench.format),
            ("metrics", metrics),
            ("report", bench.report),
            ("artifact", bench.artifact),
            ("runs", (bench.warmup, bench.repeats, bench.seed, bench.timeout_s)),
        ),
        reads=(*measured, *(read for read in report if read not in measured)),
        writes=(
            evidence,
            Write(provenance_of(bench), role="provenance"),
            *(Write(path, role="bench-report") for path in released_reports(bench)),
        ),
        facts=() if bench.command else ("fetched",),
        alone=True,
        user=bench.command is not None,
    )


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan one step for each `[bench.<name>]`."""
    return tuple(map(_step, plan.release.benchmarks))
