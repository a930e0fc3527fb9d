"""`test:<suite>`: the steps, and what a report becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

import release_tasks
from release_tasks import pytest_plugin
from release_tasks.errors import CommandFailed, FormatError
from release_tasks.formats.junit_xml import JUnitCase
from release_tasks.records.step import Tree
from release_tasks.stages import suites_action
from release_tasks.stages.execution import run_step
from release_tasks.stages.records_io import read_evidence
from release_tasks.stages.suites import steps
from release_tasks.stages.suites_action import suite_evidence
from release_tasks.system import toolchain
from tests.fakes.small_project import silent, small_project

TOML = """
[tests.unit]
command = ["python", "runner.py", "{report}"]
reads = ["runner.py", "cases/*.xml"]
timeout_s = 60
[tests.pipeline]
command = ["python", "runner.py", "{report}"]
"""


def case(name: str, outcome: str, message: str = "", *, details: str = "", **properties: str) -> JUnitCase:
    return JUnitCase(
        id=name,
        outcome=outcome,  # type: ignore[arg-type]
        message=message,
        details=details,
        properties=tuple(properties.items()),
    )


def test_one_step_for_every_suite_and_one_that_names_them(tmp_path: Path) -> None:
    declared, unit, pipeline = steps(small_project(tmp_path, more=TOML).plan)
    assert (declared.name, unit.name, pipeline.name) == ("test:declared", "test:unit", "test:pipeline")
    assert dict(declared.args) == {"suites": ("unit", "pipeline")}
    assert unit.reads == ("runner.py", Tree(("cases/*.xml",)))
    assert [write.path for write in unit.writes] == [".release/records/tests/unit.json"]
    assert unit.user
    assert not declared.user
    assert steps(small_project(tmp_path / "other").plan) == ()


def test_tests_are_counted_by_mark_and_listed_when_they_did_not_pass() -> None:
    advice = {"release_mark": "heuristic", "release_collected": "5"}
    found = suite_evidence(
        "unit",
        [
            case("a::passes", "passed", release_mark="structural", release_collected="5"),
            case("a::advises", "failed", "assert 1 ==\n   2", **advice),
            case("a::advises", "error", "failed on teardown", **advice),
            case("a::unmarked", "error", details="\n  first line\nsecond", release_mark="no such mark"),
            case("a::waits", "skipped", "", **advice),
            case("test_b", "error", "collection failure", details="Traceback:\nE   ImportError: no b\n"),
        ],
        exit_code=1,
    )
    assert found == {
        "name": "unit",
        "exit_code": 1,
        "tests": {"structural": 3, "heuristic": 3},
        "missing": 2,
        "failed": [
            {"id": "a::advises", "mark": "heuristic", "outcome": "failed", "message": "assert 1 == 2"},
            {"id": "a::advises", "mark": "heuristic", "outcome": "error", "message": "failed on teardown"},
            {"id": "a::unmarked", "mark": "structural", "outcome": "error", "message": "first line"},
            {
                "id": "test_b",
                "mark": "structural",
                "outcome": "error",
                "message": "collection failure: ImportError: no b",
            },
        ],
        "skipped": [{"id": "a::waits", "mark": "heuristic", "reason": "no message"}],
    }


def test_no_report_can_speak_to_the_terminal() -> None:
    found = suite_evidence("unit", [case("a\x9b31m\u202e", "failed", "x" * 400 + "\n")], exit_code=1)
    (row,) = found["failed"]  # type: ignore[misc]
    assert row["id"] == "a\\x9b31m\\u202e"  # type: ignore[index,call-overload]
    assert row["message"] == "x" * 299 + "…"  # type: ignore[index,call-overload]


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "9" * 13])
def test_a_count_of_collected_tests_must_be_a_number(text: str) -> None:
    with pytest.raises(FormatError, match="release_collected is no number"):
        suite_evidence("unit", [case("a", "passed", release_collected=text)], exit_code=0)


def test_the_plugin_and_the_reader_of_its_report_use_the_same_names() -> None:
    assert (suites_action._MARK, suites_action._COLLECTED) == (
        pytest_plugin.MARK_PROPERTY,
        pytest_plugin.COLLECTED_PROPERTY,
    )


RUNNER = b"""import pathlib, sys
print("said on stdout")
pathlib.Path(sys.argv[1]).write_text(pathlib.Path("cases/one.xml").read_text())
sys.exit(3)
"""
FILES = {"runner.py": RUNNER, "cases/one.xml": b"<testsuite><testcase name='a'/></testsuite>"}


def test_evidence_speaks_of_all_that_the_suite_reads(tmp_path: Path) -> None:
    project = small_project(tmp_path, more=TOML, files=FILES)
    project.run("test:unit", suites_action.run_suite)
    record = read_evidence(project.workspace, ".release/records/tests/unit.json")
    assert (record.kind, [name for name, _ in record.subjects]) == ("tests", ["cases/*.xml", "runner.py"])
    assert (record.data["exit_code"], record.data["tests"]) == (3, {"structural": 1, "heuristic": 0})
    assert "said on stdout" in (tmp_path / ".release/logs/test-unit.log").read_text()
    assert not (tmp_path / "unit-report.xml").exists()
    project.run("test:declared", suites_action.note_suites)
    record = read_evidence(project.workspace, ".release/records/suites.json")
    assert (record.subjects, record.data) == ((), {"declared": ["unit", "pipeline"]})


def test_a_report_that_cannot_be_read_breaks_the_step(tmp_path: Path) -> None:
    cut = b"<testsuite name='s' tests='5'><testcase name='a'/></testsuite>"
    project = small_project(tmp_path, more=TOML, files={**FILES, "cases/one.xml": cut})
    with pytest.raises(CommandFailed) as failed:
        project.run("test:unit", suites_action.run_suite)
    log = tmp_path / ".release/logs/test-unit.log"
    assert str(failed.value) == (
        "the report of the unit tests cannot be read: JUnit report is cut: a suite shows less than it counts\n"
        "  wanted: 5 tests in s\n"
        "  found:  1\n"
        f"  where:  {log}\n"
        "  hint:   the command of [tests.unit] ended with exit code 3: see what it writes"
    )
    assert not (tmp_path / ".release/records/tests/unit.json").exists()


def test_another_plugin_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin tells structural tests from heuristic ones: its code belongs to what a suite rests on."""
    project = small_project(tmp_path / "project", more=TOML, files=FILES)
    step = project.step("test:unit")
    outcome = run_step(step, project.plan, project.workspace, silent)
    assert outcome.facts == {"pytest-plugin": toolchain.pytest_plugin_digest()}
    package = tmp_path / "release_tasks"
    package.mkdir()
    (package / "pytest_plugin.py").write_text("# another\n")
    monkeypatch.setattr(release_tasks, "__file__", str(package / "__init__.py"))
    again = project.again().workspace
    assert again.key(step, again.facts(step, {})) != outcome.key
