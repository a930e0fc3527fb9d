from __future__ import annotations

import io
import re
from types import SimpleNamespace
from typing import Any

import pytest

from release_tasks.engine.bridge import StepBroke, StepFailed
from release_tasks.engine.reporter import ReleaseReporter
from release_tasks.errors import CommandFailed, GateRefused


class UnmetDependency:
    """As doit says it: known by its name."""

    message = "gate"


def task(name: str, *, actions: bool = True) -> Any:
    return SimpleNamespace(name=name, actions=[1] if actions else [])


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def reporter(out: io.StringIO) -> ReleaseReporter:
    return ReleaseReporter(out, {})


def test_a_step_that_ran_has_a_line_when_it_begins_and_one_when_it_is_done(
    reporter: ReleaseReporter, out: io.StringIO
) -> None:
    reporter.execute_task(task("gate"))
    assert out.getvalue() == "run     gate\n"
    reporter.add_success(task("gate"))
    assert re.fullmatch(r"run     gate\ndone    gate                      \d+\.\d s\n", out.getvalue())
    assert (reporter.executed, reporter.standing, reporter.exit_codes) == (1, 0, [])


def test_a_step_that_stands_has_no_line(reporter: ReleaseReporter, out: io.StringIO) -> None:
    reporter.skip_uptodate(task("gate"))
    reporter.skip_uptodate(task("bundle", actions=False))
    reporter.execute_task(task("bundle", actions=False))
    reporter.add_success(task("bundle", actions=False))
    reporter.execute_task(task("_hidden"))
    assert out.getvalue() == ""
    assert (reporter.executed, reporter.standing) == (0, 1)


def test_a_failure_is_printed_whole_with_its_exit_code(reporter: ReleaseReporter, out: io.StringIO) -> None:
    reporter.execute_task(task("gate"))
    reporter.add_failure(task("gate"), StepFailed(GateRefused("no", found="a\nb", hint="h")))
    reporter.add_failure(task("step:train"), StepBroke(CommandFailed("died")))
    reporter.add_success(task("gate"))  # a step that failed is never also done
    assert out.getvalue() == (
        "run     gate\n"
        "FAILED  gate\n"
        "\nno\n  found: a\n         b\n  hint:  h\n\n"
        "FAILED  step:train\n"
        "\ndied\n\n"
    )
    assert reporter.exit_codes == [1, 2]


def test_what_could_not_run_says_what_it_needs(reporter: ReleaseReporter, out: io.StringIO) -> None:
    reporter.add_failure(task("package"), UnmetDependency())
    assert out.getvalue() == "skipped package                needs gate\n"
    assert reporter.exit_codes == [2]


def test_a_failure_that_is_not_ours_breaks(reporter: ReleaseReporter) -> None:
    reporter.add_failure(task("x"), SimpleNamespace(message="m", get_msg=lambda: "trace"))
    assert reporter.exit_codes == [2]


def test_an_ignored_step_is_never_a_success(reporter: ReleaseReporter, out: io.StringIO) -> None:
    reporter.skip_ignore(task("bench"))
    assert out.getvalue() == "IGNORED bench                  an ignored step cannot be part of a release\n"
    assert reporter.exit_codes == [1]


def test_an_error_of_the_graph_is_bad_configuration(reporter: ReleaseReporter, out: io.StringIO) -> None:
    reporter.runtime_error("cycle")
    assert out.getvalue() == "ERROR: cycle\n"
    assert reporter.exit_codes == [3]


def test_github_gets_one_annotation_that_cannot_be_split(
    reporter: ReleaseReporter, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message with line breaks must not smuggle in a command of its own."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    reporter.add_failure(task("step:a"), StepFailed(GateRefused("50%\n::warning::x", hint="h")))
    lines = [line for line in out.getvalue().splitlines() if line.startswith("::error")]
    assert lines == ["::error title=step%3Aa::50%25%0A::warning::x%0A  hint: h"]


def test_a_terminal_gets_a_live_display_and_gets_its_lines_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    reporter = ReleaseReporter(out, {}, root=tmp_path)
    reporter.execute_task(task("gate"))
    reporter.add_success(task("gate"))
    reporter.complete_run()
    assert "done    gate" in out.getvalue()
    for name in ("CI", "TERM"):
        monkeypatch.setenv(name, "dumb")
        plain = Terminal()
        ReleaseReporter(plain, {}, root=tmp_path).execute_task(task("gate"))
        assert plain.getvalue() == "run     gate\n"
        monkeypatch.setenv(name, "xterm") if name == "TERM" else monkeypatch.delenv(name)
