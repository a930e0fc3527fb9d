"""Every evidence file of a real release, every key: whatever is bent changes the verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from release_tasks.catalog import plan_steps
from release_tasks.config.load import load_release
from release_tasks.policy.decide import Case, decide
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.gates import DEFAULT_POLICY
from release_tasks.records.code_table import OTHER_TYPES
from release_tasks.records.digest import sha256
from release_tasks.records.evidence import Evidence, kind_of
from release_tasks.records.verdict import Mode, Verdict
from release_tasks.stages.execution import Context
from release_tasks.stages.judgement import collect_case
from release_tasks.stages.plan import make_plan
from release_tasks.stages.workspace import Workspace
from tests.blackbox.foreign import run
from tests.blackbox.whole import make_whole
from tests.fakes.json_bends import Path, at, replaced, without

NOW = datetime.now(UTC).replace(microsecond=0)
# Flags that say what a row is, not whether something passed; each decides together with a measurement of its
# row, which the positive controls of tests/fakes/gate_controls.py show.
ATTRIBUTES = {"ethnocultural", "from_cache", "exact", "experimental"}
# Numbers that no other number of the record contradicts, so that doubling, halving or zeroing one of them may
# leave the verdict as it is, and why. Each decides something: see the positive controls.
ALONE = {
    "contract: now.contract.config.value": "a first release has nothing to be compared with",
    "contract: now.contract.dataset.bytes": "the same",
    "contract: now.contract.dataset.records": "the same",
    "contract: now.contract.tensors.shape": "the same",
    "contract: now.contract.tokenizer.tokens": "the same",
    "checkpoint: checkpoints.step": "only tells equals apart",
    "checkpoint: checkpoints.value": "is compared with the other ones; the best must stay the best",
    "dataset: largest.bytes": "is held against a limit",
    "dataset: weights.concentration": "is held against a limit",
    "dataset: weights.ess_ratio": "is held against a limit",
    "dataset: texts.texts": "what the counts of texts are shares of, here 0; a multiple of the records",
    "evaluation: available": "that there are as many as were asked for",
    "evaluation: threshold": "a limit, bound by the digest of the rubric",
    "frozen-versions: training.seed": "is held against the seed of the step, of which this project has none",
    "parity: rows.informative": "is held against a limit",
    "parity: rows.tau": "the median of the rows is held against a limit",
    "parity: rows.tokens": "the weight of a row; here all rows agree",
    "regression: now.benches.metrics.samples": "one of many; the record is bound to that of the benchmark",
    "regression: wanted.target": "a limit, from release.toml",
    "secrets: scanners.controls": "that there is one",
    "tests: tests.structural": "that there is one, and all that failed or were skipped",
}
ROWS = 2  # of each list, the first ones: all rows have one shape


def verdict_of(case: Case, at: datetime = NOW) -> Verdict:
    return decide("candidate", case, policy=DEFAULT_POLICY, profile="default", mode=Mode(), decided_at=at)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """What the gate reads of a project that was released through the command, all kinds of evidence."""
    folder = make_whole(tmp_path_factory.mktemp("whole"), fetched_at=NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for command in ("freeze", "release"):
        done = run(folder, command)
        assert done.code == 0, done.text
    release = load_release(folder / "release.toml", environ=dict(os.environ))
    plan, workspace = make_plan(release, Mode(), None), Workspace(release)
    step = next(step for step in plan_steps(plan) if step.verb == "gate")
    facts = dict(workspace.facts(step, {}))
    found = collect_case(
        Context(plan=plan, step=step, workspace=workspace, facts=facts, report=lambda _text: None)
    )
    recorded = {
        path.relative_to(folder / ".release/records").as_posix().removesuffix(".json")
        for path in (folder / ".release/records").rglob("*.json")
        if set(json.loads(path.read_bytes())) == {"schema_version", "kind", "subjects", "data"}
    }
    assert set(found.evidence) == recorded
    return found


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value, of the first rows of a list only."""
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = list(enumerate(value))[:ROWS]
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def bent(case: Case, name: str, data: Any) -> Case:
    return replace(case, evidence={**case.evidence, name: replace(case.evidence[name], data=data)})


def test_the_release_rests_on_every_kind_of_evidence(case: Case) -> None:
    verdict = verdict_of(case)
    assert verdict.accepted
    rest = {gate.gate: gate for gate in verdict.gates if gate.status not in {"pass", "warn"}}
    assert {gate.status for gate in rest.values()} == {"skipped"}
    assert {finding.code for gate in rest.values() for finding in gate.findings} <= OTHER_TYPES
    assert {kind_of(name) for name in case.evidence} == set(EVIDENCE_KINDS) - {"seal", "distribution"}


def test_a_key_that_is_dropped_refuses(case: Case) -> None:
    """No evidence is never good evidence."""
    kept = []
    for name, record in sorted(case.evidence.items()):
        for path in places(record.data):
            if not isinstance(path[-1], str):
                continue
            if verdict_of(bent(case, name, without(record.data, path))).accepted:
                kept.append(f"{name}: {'.'.join(map(str, path))}")
    assert kept == []


def test_a_flag_that_is_flipped_changes_the_verdict(case: Case) -> None:
    before = verdict_of(case)
    same = []
    count = 0
    for name, record in sorted(case.evidence.items()):
        for path in places(record.data):
            flag = at(record.data, path)
            if not isinstance(flag, bool) or path[-1] in ATTRIBUTES:
                continue
            count += 1
            if verdict_of(bent(case, name, replaced(record.data, path, not flag))) == before:
                same.append(f"{name}: {'.'.join(map(str, path))}")
    assert (same, count > 10) == ([], True)


def test_a_number_that_is_bent_changes_the_verdict_or_says_why_not(case: Case) -> None:
    before = verdict_of(case)
    same = set()
    for name, record in sorted(case.evidence.items()):
        for path in places(record.data):
            number = at(record.data, path)
            if isinstance(number, bool) or not isinstance(number, int | float):
                continue
            for other in (number * 2, number // 2 if isinstance(number, int) else number / 2, number * 0):
                data = replaced(record.data, path, other)
                if other != number and verdict_of(bent(case, name, data)) == before:
                    same.add(f"{kind_of(name)}: {'.'.join(key for key in path if isinstance(key, str))}")
    assert same == set(ALONE)


@pytest.mark.parametrize("value", [None, float("nan"), [], {}, "mutated", -1, 1e300])
def test_a_value_that_is_replaced_never_makes_the_verdict_better(case: Case, value: Any) -> None:
    """Nothing crashes, and nothing that stands for something else is better than what was measured."""
    before = len(verdict_of(case).codes)
    for name, record in sorted(case.evidence.items()):
        for path in places(record.data):
            after = verdict_of(bent(case, name, replaced(record.data, path, value)))
            assert len(after.codes) >= before, (name, path)


def test_evidence_about_other_bytes_is_stale(case: Case) -> None:
    same = []
    for name, record in sorted(case.evidence.items()):
        for index, (path, _) in enumerate(record.subjects):
            pairs = list(record.subjects)
            pairs[index] = (path, sha256("f" * 64))
            moved = replace(record, subjects=tuple(pairs))
            left_out = replace(record, subjects=tuple(pair for pair in record.subjects if pair[0] != path))
            same += [
                f"{name}: {path}"
                for other in (moved, left_out)
                if verdict_of(replace(case, evidence={**case.evidence, name: other})).accepted
            ]
        more = replace(record, subjects=(*record.subjects, ("zz", sha256("f" * 64))))
        if verdict_of(replace(case, evidence={**case.evidence, name: more})).accepted:
            same.append(f"{name}: a file that it does not speak of")
    assert same == []


def test_evidence_that_is_missing_or_in_the_place_of_another_refuses(case: Case) -> None:
    for name in case.evidence:
        rest = {other: record for other, record in case.evidence.items() if other != name}
        assert not verdict_of(replace(case, evidence=rest)).accepted, name
        stranger = next(record for other, record in rest.items() if kind_of(other) != kind_of(name))
        assert not verdict_of(replace(case, evidence={**rest, name: stranger})).accepted, name


def test_a_suite_cannot_speak_for_another(case: Case) -> None:
    moved = replace(case, evidence={**case.evidence, "tests/unit": case.evidence["tests/pipeline"]})
    assert not verdict_of(moved).accepted


def test_evidence_that_ages_refuses(case: Case) -> None:
    """P11: the fetch of the data is judged at the moment of the decision, and when its record is aged."""
    assert not verdict_of(case, NOW + timedelta(days=61)).accepted
    text = json.dumps(case.evidence["dataset"].data)
    fetched = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert fetched in text
    aged = json.loads(text.replace(fetched, "2020-01-01T00:00:00Z"))
    assert not verdict_of(bent(case, "dataset", aged)).accepted


def test_a_record_with_more_than_it_measured_refuses(case: Case) -> None:
    for name, record in case.evidence.items():
        extra: Evidence = replace(record, data={**record.data, "passed": True})
        assert not verdict_of(replace(case, evidence={**case.evidence, name: extra})).accepted, name
