"""What this release measured against what the last one did, metric by metric; unlike things are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from release_tasks.policy.metric_judgement import measured_of, spread
from release_tasks.policy.noise import interval, side_of, worsening
from release_tasks.records.baseline import Baseline, BenchFigures, Figure
from release_tasks.records.gate_code import GateCode
from release_tasks.records.verdict import Finding

LimitOf = Callable[[BenchFigures, Figure], float]


def compare(then: Baseline, now: Baseline, limit_of: LimitOf) -> Iterator[Finding]:
    """Compare every metric of the baseline with the same one now, and name those that are new.

    `limit_of` says how much worse a metric may be, 0.05 for 5 %, inclusive.
    """
    for old in then.benches:
        new = now.bench(old.name)
        if new is None or not new.metrics:
            yield from (_missing(old, figure, then) for figure in old.metrics)
        else:
            yield from _bench(old, new, then, limit_of)
    for bench in now.benches:
        before = then.bench(bench.name)
        for figure in bench.metrics:
            if before is None or before.metric(figure.name) is None:
                yield Finding(
                    code=GateCode.METRIC_NEW,
                    subject=f"{bench.name}.{figure.name}",
                    wanted=f"a value in the baseline of {then.version}",
                    found="none",
                )


def _missing(bench: BenchFigures, figure: Figure, then: Baseline) -> Finding:
    return Finding(
        code=GateCode.BENCH_METRIC_MISSING,
        subject=f"{bench.name}.{figure.name}",
        wanted=f"a measured value, as {then.version} has it",
        found="not measured any more",
    )


def _bench(old: BenchFigures, new: BenchFigures, then: Baseline, limit_of: LimitOf) -> Iterator[Finding]:
    if old.settings != new.settings:
        yield _unlike(f"bench {old.name}: settings", old.settings, new.settings)
        return
    same_machine = old.machine == new.machine
    if not same_machine and any(not figure.exact for figure in old.metrics):
        yield _unlike(f"bench {old.name}: machine", old.machine, new.machine)
    for figure in old.metrics:
        found = new.metric(figure.name)
        if found is None:
            yield _missing(old, figure, then)
        elif _kind(figure) != _kind(found):
            yield _unlike(f"{old.name}.{figure.name}", _kind(figure), _kind(found))
        elif same_machine or figure.exact:
            yield from _metric(f"{old.name}.{figure.name}", figure, found, limit_of(new, found))


def _kind(figure: Figure) -> tuple[tuple[str, str], ...]:
    exact = "true" if figure.exact else "false"
    return (("direction", figure.direction), ("exact", exact), ("unit", figure.unit))


def _unlike(subject: str, old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]) -> Finding:
    return Finding(
        code=GateCode.BASELINE_UNLIKE,
        subject=subject,
        wanted=_facts(old, new),
        found=_facts(new, old),
    )


def _facts(these: tuple[tuple[str, str], ...], others: tuple[tuple[str, str], ...]) -> str:
    """The facts that the others lack or say otherwise."""
    return ", ".join(f"{name} = {value}" for name, value in these if (name, value) not in others) or "nothing"


def _metric(subject: str, old: Figure, new: Figure, limit: float) -> Iterator[Finding]:
    change = worsening(measured_of(old), measured_of(new), new.direction)
    side = side_of(change, limit, "lower")
    if side == "within":
        return
    before = spread(interval(measured_of(old)), old)
    after = spread(interval(measured_of(new)), new)
    scale, unit = (1, old.unit) if median(old.samples) == 0 else (100, "%")
    worse = "too few samples to compare"
    if change is not None:
        ends = f"{change.low * scale:.4g} and {change.high * scale:.4g}"
        worse = f"{change.median * scale:.4g} {unit} worse, between {ends}"
    yield Finding(
        code=GateCode.REGRESSION if side == "beyond" else GateCode.REGRESSION_UNDECIDED,
        subject=subject,
        wanted=f"at most {limit * scale:.4g} {unit} worse than {before}",
        found=f"{after}: {worse}",
    )
