"""Which steps write evidence, under which names: read by the gate, copied by the package."""

from __future__ import annotations

from collections.abc import Callable

from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Step, Write
from release_tasks.stages import (
    artifacts,
    baseline,
    benchmarks,
    changes,
    checkpoint,
    dataset,
    distribution,
    evaluations,
    frozen,
    parity,
    pinned,
    recipe,
    regression,
    secrets,
    smoke,
    suites,
)
from release_tasks.stages.plan import Plan

EVIDENCE = "evidence"  # role of a write that is an evidence record

# In the order in which they run: cheap and decisive first, benchmarks last and alone.
EVIDENCE_STAGES: tuple[Callable[[Plan], tuple[Step, ...]], ...] = (
    pinned.steps,
    baseline.steps,
    artifacts.steps,
    checkpoint.steps,
    recipe.steps,
    distribution.steps,
    suites.steps,
    parity.steps,
    dataset.steps,
    secrets.steps,
    evaluations.steps,
    changes.steps,
    smoke.steps,
    benchmarks.steps,
    regression.steps,
)
# Written by the gate itself: they speak of the tag and of release.toml, which no other step looks at.
OWN_RECORDS = ("commands", "version")


def evidence_steps(plan: Plan) -> tuple[Step, ...]:
    """Every step that writes evidence, those that compare with release.lock first."""
    stages = (frozen.input_steps, frozen.output_steps, *EVIDENCE_STAGES)
    return tuple(step for stage in stages for step in stage(plan))


def record_name(write: Write) -> str:
    """The name of the record that a write is: its path below the records, without the suffix."""
    return write.path.removeprefix(f"{RECORDS}/").removesuffix(".json")


def evidence_records(plan: Plan) -> dict[str, Step]:
    """The step behind every record that the plan asks for, by record name."""
    return {
        record_name(write): step
        for step in evidence_steps(plan)
        for write in step.writes
        if write.role == EVIDENCE
    }


def exact_records(plan: Plan) -> dict[str, str]:
    """The records that are a function of the locked inputs: name in the release to path in the project."""
    return {name: write.path for write, name in released_records(plan) if write.cls == "exact"}


def released_records(plan: Plan) -> tuple[tuple[Write, str], ...]:
    """What the release shows of the evidence: each write and its name in the release, sorted by name."""
    written = [write for step in evidence_steps(plan) for write in step.writes if write.role != "record"]
    own = [Write(evidence_path(name), role=EVIDENCE) for name in OWN_RECORDS]
    pairs = [(write, f"evidence/{write.path.removeprefix(f'{RECORDS}/')}") for write in (*written, *own)]
    return tuple(sorted(pairs, key=lambda pair: pair[1]))
