"""The gates of the user's test suites: structural tests refuse, heuristic ones advise (K10, R11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from release_tasks.config.schema import SuiteName
from release_tasks.policy.evidence_shape import COUNT, TEXT, TEXTS, EvidenceKind, Misfit, nested, one
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, part, rows
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_NAMED = 1000  # tests of one kind that have a finding of their own: a verdict must stay readable
_TESTS_FAILED = 1  # the exit code by which pytest and unittest say that a test failed, and nothing else


def _marked(data: JSONObject, key: str, mark: str) -> list[JSONObject]:
    return [row for row in rows(data, key) if row["mark"] == mark]


def _failures(data: JSONObject, mark: str, code: GateCode) -> Iterator[Finding]:
    failed = _marked(data, "failed", mark)
    for row in failed[:_NAMED]:
        yield Finding(
            code=code,
            subject=f"{data['name']}: {row['id']}",
            wanted="a test that passes",
            found=f"{row['outcome']}: {row['message']}",
        )
    yield from _more(data, failed, code, "tests that pass", "failed")


def _skips(data: JSONObject, mark: str) -> Iterator[Finding]:
    skipped = _marked(data, "skipped", mark)
    for row in skipped[:_NAMED]:
        yield Finding(
            code=GateCode.TESTS_SKIPPED,
            subject=f"{data['name']}: {row['id']}",
            wanted="a test that runs",
            found=f"skipped: {row['reason']}",
        )
    yield from _more(data, skipped, GateCode.TESTS_SKIPPED, "tests that run", "skipped")


def _more(
    data: JSONObject, found: list[JSONObject], code: GateCode, wanted: str, outcome: str
) -> Iterator[Finding]:
    """Count those that are not named one by one: the evidence lists them all."""
    if len(found) > _NAMED:
        more = f"{len(found) - _NAMED} more {outcome}, {len(found)} in all"
        yield Finding(code=code, subject=f"[tests.{data['name']}]", wanted=wanted, found=more)


def _counts(data: JSONObject, mark: str) -> tuple[float, float]:
    """How many tests of a mark there are, and how many of them ran."""
    count = number(part(data, "tests"), mark)
    return count, count - len(_marked(data, "skipped", mark))


def _ran(data: JSONObject) -> Iterator[Finding]:
    """R11: a suite with zero tests, or all of them skipped, is a failure."""
    structural, structural_ran = _counts(data, "structural")
    heuristic, heuristic_ran = _counts(data, "heuristic")
    if (structural_ran if structural else heuristic_ran) > 0:
        return
    skipped = f"all {structural:.0f} structural tests skipped" if structural else "all tests skipped"
    yield Finding(
        code=GateCode.TESTS_NONE_RAN,
        subject=f"[tests.{data['name']}]",
        wanted="tests that run",
        found=f"{skipped if structural + heuristic else 'no test'}, exit code {data['exit_code']}",
    )


def _contradictions(data: JSONObject) -> Iterator[Misfit]:
    """Find marks of which more tests failed or were skipped than there are."""
    for mark in ("structural", "heuristic"):
        count, ran = _counts(data, mark)
        if len(_marked(data, "failed", mark)) > ran:
            told = f"{count - ran:.0f} skipped and {len(_marked(data, 'failed', mark))} failed"
            yield Misfit(f"tests.{mark}", f"at least the {told}", f"{count:.0f}")


def _ended(data: JSONObject) -> Iterator[Finding]:
    """Refuse a run whose report does not explain how it ended, or lacks tests that it was to hold."""
    if number(data, "missing") > 0:
        yield Finding(
            code=GateCode.TESTS_COMMAND_FAILED,
            subject=f"[tests.{data['name']}]",
            wanted="a result of every test that was collected",
            found=f"{data['missing']} without one, exit code {data['exit_code']}",
        )
    advised = _marked(data, "failed", "heuristic") and data["exit_code"] == _TESTS_FAILED
    if data["exit_code"] != 0 and not _marked(data, "failed", "structural") and not advised:
        yield Finding(
            code=GateCode.TESTS_COMMAND_FAILED,
            subject=f"[tests.{data['name']}]",
            wanted="exit code 0, or a test that failed",
            found=f"exit code {data['exit_code']}",
        )


def _structural(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    none_ran = tuple(_ran(data))
    yield from none_ran or _ended(data)
    yield from _failures(data, "structural", GateCode.TESTS_FAILED)
    yield from _skips(data, "structural")


def _heuristic(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _failures(data, "heuristic", GateCode.TESTS_HEURISTIC_FAILED)
    yield from _skips(data, "heuristic")


def _suites(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    declared = data["declared"]
    if not isinstance(declared, list):
        raise TypeError("BUG: evidence key declared is not a list")
    missing = [name for name in get_args(SuiteName) if name not in declared]
    if missing:
        yield Finding(
            code=GateCode.TESTS_SUITE_UNDECLARED,
            subject="[tests]",
            wanted=", ".join(get_args(SuiteName)),
            found=f"no {', '.join(missing)}",
        )


_MARK = one("structural or heuristic", lambda value: value in ("structural", "heuristic"))
_OUTCOME = one("failed or error", lambda value: value in ("failed", "error"))

SUITE_KINDS: dict[str, EvidenceKind] = {
    "tests": EvidenceKind(
        fields={
            "name": TEXT,
            "exit_code": COUNT,
            "tests": nested({"structural": COUNT, "heuristic": COUNT}),
            "missing": COUNT,
            "failed": rows_of({"id": TEXT, "mark": _MARK, "outcome": _OUTCOME, "message": TEXT}),
            "skipped": rows_of({"id": TEXT, "mark": _MARK, "reason": TEXT}),
        },
        many=True,
        contradictions=_contradictions,
    ),
    "suites": EvidenceKind(fields={"declared": TEXTS}),
}

SUITE_GATES: tuple[Gate, ...] = (
    Gate(
        name="tests",
        point="candidate",
        evidence="tests",
        check=_structural,
        doc="Every structural test of every suite ran and passed.",
        undeclared=GateCode.TESTS_UNDECLARED,
    ),
    Gate(
        name="tests-heuristic",
        point="candidate",
        evidence="tests",
        check=_heuristic,
        doc="The heuristic tests ran and passed; they advise only.",
        undeclared=GateCode.TESTS_UNDECLARED,
    ),
    Gate(
        name="suites",
        point="candidate",
        evidence="suites",
        check=_suites,
        doc="Unit, integration, pipeline and regression tests are declared.",
        undeclared=GateCode.TESTS_UNDECLARED,
    ),
)
