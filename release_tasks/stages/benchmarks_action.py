"""Run a benchmark, or take the report of one that ran elsewhere, and write down what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from release_tasks.config.command import fill_command
from release_tasks.config.schema import Benchmark
from release_tasks.errors import CommandKilled, CommandTimedOut
from release_tasks.formats.benchmark_report import REPORTS
from release_tasks.records.benchmark_report import Report
from release_tasks.records.json_value import JSONObject
from release_tasks.stages.bench_evidence import bench_evidence
from release_tasks.stages.benchmarks import provenance_of, record_of, released_reports
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.imported_report import import_report
from release_tasks.stages.measure import measured
from release_tasks.stages.provenance import measured_elsewhere, measured_here
from release_tasks.stages.records_io import write_record
from release_tasks.stages.user_steps_action import shown_name
from release_tasks.system.disk import write_atomic
from release_tasks.system.machine import machine_facts

_NO_REPORT = b"null\n"  # in the place of the report of a run that was stopped


def measure_benchmark(context: Context) -> None:
    """Write the evidence of one benchmark; that it ran out of time or memory is evidence as well.

    Raises CommandFailed when the command ends with an error, FormatError for a report that is none, and
    ConfigError unless an imported report is exactly one file.
    """
    bench = next(item for item in context.plan.release.benchmarks if item.name == context.step.subject)
    index = context.workspace.index
    digest = None if bench.artifact is None else index.sha256(bench.artifact)
    texts: list[bytes] = []
    changes: JSONObject = {}
    if bench.command is None:
        data, imported = import_report(context.workspace, bench)
        texts = [data]
        report = imported.report
        evidence = bench_evidence(bench, [report], artifact=digest, imported=imported.to_json())
        origin = measured_elsewhere(commit=imported.commit, dirty=report.dirty, model_hash=report.model_hash)
    else:
        command = _filled(bench, bench.command)
        try:
            runs = range(bench.warmup + bench.repeats)
            texts = [_run(context, bench, command, number) for number in runs]
        except (CommandTimedOut, CommandKilled) as error:
            changes = {"ended": error.code, "problem": error.what}
        texts = texts[bench.warmup :]
        reports = [] if changes else [_parsed(bench, text) for text in texts]
        evidence = bench_evidence(bench, reports, artifact=digest, imported=None)
        measured_model = None if digest is None else str(digest)
        origin = measured_here(context.workspace, model_hash=measured_model, cli_args=command)
    write_record(context.workspace, provenance_of(bench), origin)
    _publish(context, bench, texts)
    write_measurement(context, record_of(bench), {**evidence, **changes})


def _publish(context: Context, bench: Benchmark, texts: Sequence[bytes]) -> None:
    for number, path in enumerate(released_reports(bench)):
        target = context.workspace.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, texts[number] if number < len(texts) else _NO_REPORT)


def _report(bench: Benchmark) -> str:
    return f".report/{bench.name}.json"


def _filled(bench: Benchmark, command: tuple[str, ...]) -> tuple[str, ...]:
    values = {"report": _report(bench)}
    if bench.artifact is not None:
        values["artifact"] = shown_name(bench.artifact)
    if bench.seed is not None:
        values["seed"] = str(bench.seed)
    return fill_command(command, values)


def _run(context: Context, bench: Benchmark, command: tuple[str, ...], number: int) -> bytes:
    """Run the command once; the bytes of its report."""
    if number < bench.warmup:
        context.report(f"warming up, {number + 1} of {bench.warmup}")
    else:
        context.report(f"run {number + 1 - bench.warmup} of {bench.repeats}")
    path = _report(bench)
    with measured(
        context.workspace,
        name=f"bench-{bench.name}",
        argv=command,
        reads=(*((bench.artifact,) if bench.artifact else ()), *bench.reads),
        writes=(path,),
        seed=bench.seed,
        timeout_s=float(bench.timeout_s),
    ) as done:
        return done.files[path].read_bytes()


def _parsed(bench: Benchmark, text: bytes) -> Report:
    report = REPORTS[bench.format](text, where=f"the report of bench {bench.name}")
    # Many harnesses do not say what they ran on; we know, for it is this machine.
    return replace(report, machine=tuple(sorted({**dict(machine_facts()), **dict(report.machine)}.items())))
