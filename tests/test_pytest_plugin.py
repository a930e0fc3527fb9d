"""The marks of tests and what they leave in the report (K10), by real runs of pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from release_tasks.formats.junit_xml import JUnitCase, parse_junit

TESTS = """import pytest

def test_unmarked(): pass

@pytest.mark.structural
def test_structural(): assert False

@pytest.mark.heuristic
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.skip(reason="not today"))])
def test_heuristic(n): pass

@pytest.mark.heuristic
class TestGroup:
    def test_in_a_class(self): assert False

@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.heuristic), 2])
def test_of(n): pass
"""
MARKS = {
    "test_marks::test_unmarked": "structural",
    "test_marks::test_structural": "structural",
    "test_marks::test_heuristic[1]": "heuristic",
    "test_marks::test_heuristic[2]": "heuristic",
    "test_marks.TestGroup::test_in_a_class": "heuristic",
    "test_marks::test_of[1]": "heuristic",
    "test_marks::test_of[2]": "structural",
}


def pytest_of(folder: Path, *args: str) -> tuple[subprocess.CompletedProcess[str], tuple[JUnitCase, ...]]:
    """Run pytest as a user does, warnings being errors; the plugin comes by its entry point."""
    without = [
        word for name in ("cacheprovider", "hypothesispytest", "anyio") for word in ("-p", f"no:{name}")
    ]
    options = ["-q", "--strict-markers", "-W", "error", *without, "--junitxml", "report.xml"]
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", ".", *options, *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done, parse_junit((folder / "report.xml").read_bytes())


@pytest.mark.parametrize(
    "args", [(), ("-n", "2"), ("-o", "junit_family=xunit1")], ids=["plain", "xdist", "xunit1"]
)
def test_every_test_says_what_it_is_and_how_many_there_are(tmp_path: Path, args: tuple[str, ...]) -> None:
    """K10: the marks are known under --strict-markers without a word in the user's configuration."""
    (tmp_path / "test_marks.py").write_text(TESTS)
    done, cases = pytest_of(tmp_path, *args)
    assert done.returncode == 1, done.stdout
    found = {case.id: dict(case.properties) for case in cases}
    assert found == {name: {"release_mark": mark, "release_collected": "7"} for name, mark in MARKS.items()}


def test_deselected_tests_are_not_awaited_and_those_not_reached_are(tmp_path: Path) -> None:
    (tmp_path / "test_marks.py").write_text(TESTS)
    _, chosen = pytest_of(tmp_path, "-k", "test_of")
    assert [dict(case.properties)["release_collected"] for case in chosen] == ["2", "2"]
    _, stopped = pytest_of(tmp_path, "-x")
    assert [dict(case.properties)["release_collected"] for case in stopped] == ["7", "7"]


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_both_marks_on_one_test_are_an_error_of_its_file(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "test_both.py").write_text(
        "import pytest\npytestmark = pytest.mark.heuristic\n\n"
        "@pytest.mark.structural\ndef test_torn(): pass\n\ndef test_whole(): pass\n"
    )
    done, (case,) = pytest_of(tmp_path, *args)
    assert done.returncode != 0
    said = "marked both structural and heuristic, a test is one of them: test_torn"
    assert said in done.stdout
    assert (case.id, case.outcome, case.details) == ("test_both", "error", said)


def test_a_mark_that_comes_late_leaves_a_test_structural(tmp_path: Path) -> None:
    (tmp_path / "test_late.py").write_text("import pytest\n@pytest.mark.structural\ndef test_a(): pass\n")
    (tmp_path / "conftest.py").write_text(
        "import pytest\ndef pytest_collection_modifyitems(items):\n"
        "    [item.add_marker(pytest.mark.heuristic) for item in items]\n"
    )
    _, (case,) = pytest_of(tmp_path)
    assert dict(case.properties)["release_mark"] == "structural"


def test_a_mark_that_nobody_knows_is_still_refused(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("import pytest\n@pytest.mark.heuristics\ndef test_a(): pass\n")
    done, _ = pytest_of(tmp_path)
    assert "'heuristics' not found in `markers` configuration option" in done.stdout
    assert "@pytest.mark.heuristic: this test advises only" in pytest_of(tmp_path, "--markers")[0].stdout


def test_our_own_suite_has_tests_of_both_kinds() -> None:
    """K10: both kinds exist in our suite; everything without a mark is structural."""
    tests = Path(__file__).parent
    for path in ("examples/test_tinycoder_model.py", "formats/test_junit_xml.py"):
        assert "\n@pytest.mark.structural\ndef test_" in (tests / path).read_text("utf-8")
    advice = (tests / "examples/test_tinycoder_model.py").read_text("utf-8")
    assert "\n@pytest.mark.heuristic\ndef test_" in advice
