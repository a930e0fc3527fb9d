"""Test suites as evidence: what `doit release` makes of them, and what it runs again (K10, R11, R27)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from project import Project, copy_project, ran, release_first, rows, write_project

UNIT = '''"""Unit tests of the tiny model, with both marks."""
import json, pathlib
import pytest

VOCABULARY = json.loads(pathlib.Path("build/tokenizer.json").read_text("utf-8"))["model"]["vocab"]


@pytest.mark.structural
def test_the_vocabulary_is_numbered(shared):
    assert sorted(VOCABULARY.values()) == list(range(len(VOCABULARY))), shared


def test_unmarked():
    assert "alpha" in VOCABULARY


@pytest.mark.heuristic
def test_words_are_long():
    assert min(map(len, VOCABULARY)) > 3
'''
CONFTEST = """import pytest


@pytest.fixture
def shared():
    return "from the conftest"
"""
# A runner of one's own: any command that writes the format will do.
RUNNER = '''"""Write a report of one test."""
import pathlib, sys

name, report = sys.argv[1:]
case = f'<testcase classname="{name}" name="works"/>'
pathlib.Path(report).write_text(f'<testsuite name="{name}" tests="1">{case}</testsuite>', "utf-8")
'''
TESTS = """
[tests.unit]
command = ["python", "-m", "pytest", "-q", "--strict-markers", "--junitxml", "{report}", "tests/unit"]
reads = ["tests/unit/*.py", "build/tokenizer.json"]
"""
OTHERS = """
[tests.{name}]
command = ["python", "tests/runner.py", "{name}", "{{report}}"]
reads = ["tests/runner.py"]
"""
NAMES = ("unit", "integration", "pipeline", "regression")


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A frozen, committed, released project with four suites; never change it, copy it."""
    project = write_project(tmp_path_factory.mktemp("tested") / "project")
    project.write("tests/unit/test_words.py", UNIT)
    project.write("tests/unit/conftest.py", CONFTEST)
    project.write("tests/runner.py", RUNNER)
    suites = TESTS + "".join(OTHERS.format(name=name) for name in NAMES[1:])
    project.write("release.toml", project.read("release.toml") + suites)
    project.write("release_policy.yml", project.read("release_policy.yml") + "required: [tests, suites]\n")
    return release_first(project)


@pytest.fixture
def suites(tested: Project, tmp_path: Path) -> Project:
    return copy_project(tested, tmp_path / "project")


def verdict(project: Project) -> dict[str, str]:
    """The status of every gate of the last decision."""
    gates = json.loads(project.read(".release/records/verdict.json"))["gates"]
    return {gate["gate"]: gate["status"] for gate in gates}


def suites_run(project: Project, *args: str) -> list[str]:
    """The test tasks that a run executed."""
    done = project.doit(*args)
    assert done.returncode == 0, done.stdout + done.stderr
    return [name for name in ran(done) if name.startswith("test:")]


def test_green_suites_are_evidence_of_the_release(suites: Project) -> None:
    """R11: all four kinds; the marks are in the report, the marks' plugin is there without a word in `reads`."""
    record = json.loads(suites.read("release/1.0.0/evidence/tests/unit.json"))
    assert sorted(record["subjects"]) == ["build/tokenizer.json", "tests/unit/*.py"]
    assert record["data"] == {
        "name": "unit",
        "exit_code": 0,
        "tests": {"structural": 2, "heuristic": 1},
        "missing": 0,
        "failed": [],
        "skipped": [],
    }
    assert json.loads(suites.read("release/1.0.0/evidence/suites.json"))["data"] == {"declared": list(NAMES)}
    assert {gate: verdict(suites)[gate] for gate in ("tests", "tests-heuristic", "suites")} == {
        "tests": "pass",
        "tests-heuristic": "pass",
        "suites": "pass",
    }
    assert "3 passed" in suites.read(".release/logs/test-unit.log")


def test_only_the_suite_that_a_change_touches_runs_again(suites: Project) -> None:
    suites.write("README.md", "Another sentence.\n")
    suites.commit()
    assert suites_run(suites, "release") == []
    suites.replace("tests/unit/conftest.py", "from the conftest", "from a conftest")
    assert suites_run(suites, "test") == ["test:unit"]
    suites.replace(
        "release.toml",
        '["python", "tests/runner.py", "pipeline"',
        '["python", "-B", "tests/runner.py", "pipeline"',
    )
    assert suites_run(suites, "test") == ["test:pipeline"]
    suites.write("release.toml", suites.read("release.toml").replace(OTHERS.format(name="regression"), ""))
    assert suites_run(suites, "test") == ["test:declared"]


def test_a_structural_failure_refuses_with_the_test_and_its_message(suites: Project) -> None:
    suites.replace("tests/unit/test_words.py", '"alpha" in', '"omega" in')
    done = suites.doit("release")
    assert done.returncode == 1
    assert re.search(
        r"TESTS_FAILED unit: tests\.unit\.test_words::test_unmarked: wanted a test that passes, "
        r"found failed: AssertionError: assert 'omega' in \{'alpha': 0, 'beta': 1",
        done.stdout + done.stderr,
    )
    assert verdict(suites)["tests"] == "fail"
    assert verdict(suites)["tests-heuristic"] == "pass"


def test_k10_a_heuristic_failure_only_warns(suites: Project) -> None:
    """K10."""
    suites.replace("tests/unit/test_words.py", "> 3", "> 5")
    suites.commit()
    done = suites.doit("release")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(suites)["tests"] == "pass"
    assert verdict(suites)["tests-heuristic"] == "warn"
    assert "TESTS_HEURISTIC_FAILED" in "".join(rows(done).values()) + done.stdout
    # What it stops from running cannot hide behind it.
    suites.replace(
        "release.toml", '"-q", "--strict', '"-qx", "-k", "long or unmarked", "-p", "order", "--strict'
    )
    suites.write("tests/unit/order.py", "def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    suites.replace("release.toml", '"-p", "order"', '"-p", "tests.unit.order"')
    done = suites.doit("release")
    assert done.returncode == 1
    assert (
        "TESTS_COMMAND_FAILED [tests.unit]: wanted a result of every test that was collected, "
        "found 1 without one, exit code 1" in done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"tests/unit"]', '"-k", "nothing", "tests/unit"]', "no test, exit code 5"),
        (
            '"tests/unit"]',
            '"-p", "tests.unit.skip_all", "tests/unit"]',
            "all 2 structural tests skipped, exit code 0",
        ),
    ],
    ids=["zero", "skipped"],
)
def test_r11_a_suite_of_which_nothing_ran_refuses(suites: Project, old: str, new: str, found: str) -> None:
    """R11, R27."""
    suites.replace("release.toml", old, new)
    suites.write(
        "tests/unit/skip_all.py",
        "import pytest\n\n\ndef pytest_runtest_setup(item):\n    pytest.skip('not today')\n",
    )
    done = suites.doit("release")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert f"TESTS_NONE_RAN [tests.unit]: wanted tests that run, found {found}" in said
    assert (
        "unit: tests.unit.test_words::test_unmarked: wanted a test that runs, found skipped: not today"
        in said
    ) == ("skipped" in found)


def test_a_command_that_leaves_no_report_breaks_with_a_clear_text(suites: Project) -> None:
    suites.write("tests/unit/conftest.py", "raise SystemExit('no machine')\n")
    done = suites.doit("test")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert "step test-unit failed with exit code 1" in said
    assert "no machine" in said
    assert "Traceback" not in said
    suites.write("tests/runner.py", "import pathlib, sys\npathlib.Path(sys.argv[2]).write_text('<html/>')\n")
    done = suites.doit("test:pipeline")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert "the report of the pipeline tests cannot be read: not a JUnit report" in said
    assert "the command of [tests.pipeline] ended with exit code 0: see what it writes" in said


def test_r27_suites_that_are_left_out_refuse_where_they_are_required(suites: Project) -> None:
    """R27: no tests at all; the same project was released with them."""
    text = suites.read("release.toml")
    suites.write("release.toml", text.replace(OTHERS.format(name="regression"), ""))
    done = suites.doit("release")
    assert done.returncode == 1
    assert (
        "TESTS_SUITE_UNDECLARED [tests]: wanted unit, integration, pipeline, regression, found no regression"
        in (done.stdout + done.stderr)
    )
    suites.write("release.toml", text.partition("\n[tests.unit]")[0] + "\n")
    done = suites.doit("release")
    assert done.returncode == 1
    assert "TESTS_UNDECLARED release.toml" in done.stdout + done.stderr
