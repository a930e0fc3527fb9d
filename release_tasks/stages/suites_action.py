"""Run one test suite in its sandbox and turn its JUnit report into evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from release_tasks.config.command import fill_command
from release_tasks.config.schema import Suite
from release_tasks.errors import CommandFailed, FormatError
from release_tasks.formats.junit_xml import JUnitCase, parse_junit
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.measure import measured

_MARK = "release_mark"  # these two are written by release_tasks.pytest_plugin
_COLLECTED = "release_collected"
_LONGEST = 300  # characters of an id or a message
_MAX_BYTES = 64 * 2**20
_NO_REASON = "collection failure"  # where pytest says this, the reason is the last line of the details


def note_suites(context: Context) -> None:
    """Write the evidence of kind `suites`."""
    names: list[JSON] = [suite.name for suite in context.plan.release.tests]
    write_measurement(context, "suites", {"declared": names})


def run_suite(context: Context) -> None:
    """Run the suite that is the step's subject and write its evidence, whatever its tests say.

    Raises CommandFailed when no report can be read, and what `Worker.run` raises.
    """
    name = context.step.subject
    suite = next(suite for suite in context.plan.release.tests if suite.name == name)
    context.report(f"running the {name} tests")
    report = f"{name}-report.xml"
    with measured(
        context.workspace,
        name=f"test-{name}",
        argv=fill_command(suite.command, {"report": report}),
        reads=suite.reads,
        writes=(report,),
        timeout_s=float(suite.timeout_s),
        may_fail=True,
        answers=False,
    ) as done:
        data = _evidence_of(suite, done.files[report], exit_code=done.result.exit_code, log=done.result.log)
    write_measurement(context, f"tests/{name}", data)


def _evidence_of(suite: Suite, report: Path, *, exit_code: int, log: Path) -> JSONObject:
    with report.open("rb") as stream:
        content = stream.read(_MAX_BYTES + 1)
    try:
        return suite_evidence(suite.name, parse_junit(content, max_bytes=_MAX_BYTES), exit_code=exit_code)
    except FormatError as error:
        raise CommandFailed(
            f"the report of the {suite.name} tests cannot be read: {error.what}",
            wanted=error.wanted or "a JUnit XML report at {report}",
            found=error.found,
            where=str(log),
            hint=f"the command of [tests.{suite.name}] ended with exit code {exit_code}: see what it writes",
        ) from None


def suite_evidence(name: str, cases: Sequence[JUnitCase], *, exit_code: int) -> JSONObject:
    """What a report says of a suite: tests by mark, those that failed, and those that were skipped.

    `missing` counts the tests that pytest collected and the report does not show. A case is structural unless
    it says that it is heuristic. Raises FormatError for a count of collected tests that is no number.
    """
    tests = Counter(_mark(case) for case in cases)
    failed: list[JSON] = [
        {"id": _line(case.id), "mark": _mark(case), "outcome": case.outcome, "message": _reason(case)}
        for case in cases
        if case.outcome in {"failed", "error"}
    ]
    skipped: list[JSON] = [
        {"id": _line(case.id), "mark": _mark(case), "reason": _reason(case)}
        for case in cases
        if case.outcome == "skipped"
    ]
    return {
        "name": name,
        "exit_code": exit_code,
        "tests": {"structural": tests["structural"], "heuristic": tests["heuristic"]},
        "missing": _missing(cases),
        "failed": failed,
        "skipped": skipped,
    }


def _mark(case: JUnitCase) -> str:
    return "heuristic" if dict(case.properties).get(_MARK) == "heuristic" else "structural"


def _missing(cases: Sequence[JUnitCase]) -> int:
    shown = set()
    collected = 0
    for case in cases:
        text = dict(case.properties).get(_COLLECTED)
        if text is None:
            continue
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise FormatError(f"{_COLLECTED} is no number", wanted="a whole number", found=_line(text))
        shown.add(case.id)
        collected = max(collected, int(text))
    return max(0, collected - len(shown))


def _reason(case: JUnitCase) -> str:
    if case.message in {"", _NO_REASON}:
        lines = [line for line in case.details.splitlines() if line.strip()]
        told = lines[-1].removeprefix("E ") if case.message and lines else (lines[0] if lines else "")
        return _line(": ".join(filter(None, (case.message, told.strip())))) or "no message"
    return _line(case.message)


def _line(text: str) -> str:
    """Make one line of printable characters that a terminal shows as they are."""
    words = " ".join(text.split())
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in words)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
